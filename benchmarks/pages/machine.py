"""What every report says of its machine."""

from __future__ import annotations

from benchmarks.fingerprint import Fingerprint
from benchmarks.pages.document import Line


def machine_lines(machine: Fingerprint) -> tuple[Line, ...]:
    """The fingerprint on one line, and a warning where the machine did other things too."""
    named = Line(f"Machine: {machine.line}", "quiet")
    if not machine.busy:
        return (named,)
    return (named, Line("The machine was busy with other things: times are too long, ratios are fairer.", "warning"))

"""One line of the doctor's page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """``what`` was looked at, how it is (``text``), and what to do where it is not well."""

    what: str
    verdict: Verdict
    text: str
    remedy: str = ""


def judged(what: str, text: str, *, bad: bool, remedy: str, verdict: Verdict = "warn") -> Finding:
    """A finding that is ok unless it is ``bad``; only then the remedy is shown."""
    return Finding(what, verdict if bad else "ok", text, remedy if bad else "")

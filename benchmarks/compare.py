"""Two kept results of one suite, A before and B after: what changed, with intervals, and whether it got worse.

Times and sizes are compared by the ratio of their medians, B over A, shares by their difference, B less A, each with a
95 % interval. A *regression* is a change for the worse that the whole interval shows: times and sizes by more than the
``--tolerance``, shares by more than nothing. With ``--gate`` a regression of ours makes the exit code 9. Wall times
depend on what else the machine did, so they are shown, and gate with ``--wall`` only. Peers are controls: when they
changed too, the machine did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks import report
from benchmarks.comparison import unpaired_difference, unpaired_ratio
from benchmarks.fingerprint import Fingerprint
from benchmarks.kept import read
from benchmarks.metrics import Metric, metrics
from benchmarks.pages.document import Block, Heading, Line, Table, print_blocks, print_markdown
from edge.cli import Parser
from edge.errors import CheckFailedError, InputError, UsageError
from edge.statistics import Interval

TOLERANCE = 0.05
_LEAST_SAMPLES = 3
"""With fewer there is no interval, and nothing is called a regression."""


@dataclass(frozen=True, slots=True)
class Change:
    """One figure in both runs, as medians or shares. ``change`` is B over A, for shares B less A; ``certain`` is
    whether it has an interval. ``verdict`` is "worse", "better", "same" or, of a single measurement, "no interval"."""

    name: str
    kind: str
    before: float
    after: float
    change: Interval
    certain: bool
    verdict: str
    control: bool


def main(argv: Sequence[str]) -> int:
    """Run the comparison; raises FingerpostError, CheckFailedError for a regression with ``--gate``."""
    options = _parser().parse_args(argv)
    if not 0 <= options.tolerance < 1:
        raise UsageError("no such tolerance", expected="--tolerance from 0 to below 1", found=options.tolerance)
    before, after = read(options.before), read(options.after)
    if before.suite != after.suite:
        raise InputError("two suites cannot be compared", where=options.after, expected=before.suite, found=after.suite)
    changes = compare(metrics(before), metrics(after), tolerance=options.tolerance)
    if not changes:
        raise InputError("the results have no figure in common", where=options.after)
    if options.json:
        report.print_json({"suite": "compare", "of": before.suite, "changes": [asdict(each) for each in changes]})
    else:
        blocks = _blocks(changes, before.machine, after.machine, options)
        (print_markdown if options.markdown else print_blocks)(blocks)
    if options.gate:
        check(changes, wall=options.wall)
    return 0


def compare(before: Sequence[Metric], after: Sequence[Metric], *, tolerance: float, seed: int = 0) -> list[Change]:
    """Every figure that both have; ``seed`` fixes the bootstrap's resamples."""
    rng = np.random.default_rng(seed)
    known = {metric.name: metric for metric in before}
    found = []
    for metric in after:
        old = known.get(metric.name)
        if old is not None and old.kind == metric.kind:
            found.append(_change(old, metric, tolerance, rng))
    return found


def check(changes: Sequence[Change], *, wall: bool) -> None:
    """Raise CheckFailedError where one of ours got worse."""
    worse = [c for c in changes if c.verdict == "worse" and not c.control and (wall or c.kind != "wall s")]
    if worse:
        first = worse[0]
        interval = f"{first.change.value:.3f} [{first.change.low:.3f}, {first.change.high:.3f}]"
        raise CheckFailedError(
            f"{len(worse)} figures got worse", where=first.name, found=f"{interval} of what it was"
            if first.kind != "share" else f"a difference of {interval}",
        )  # fmt: skip


def _change(old: Metric, new: Metric, tolerance: float, rng: np.random.Generator) -> Change:
    if old.share is not None and new.share is not None:
        change = unpaired_difference(new.share, old.share)
        verdict = "worse" if change.high < 0 else "better" if change.low > 0 else "same"
        return Change(new.name, new.kind, old.share.value, new.share.value, change, True, verdict, new.control)
    change = unpaired_ratio(new.samples, old.samples, rng=rng)
    certain = min(len(old.samples), len(new.samples)) >= _LEAST_SAMPLES
    verdict = "worse" if change.low > 1 + tolerance else "better" if change.high < 1 - tolerance else "same"
    before, after = (float(np.median(samples)) for samples in (old.samples, new.samples))
    verdict = verdict if certain else "no interval"
    return Change(new.name, new.kind, before, after, change, certain, verdict, new.control)


def _blocks(changes: Sequence[Change], before: Fingerprint, after: Fingerprint, options: object) -> list[Block]:
    blocks: list[Block] = [
        Heading("Compared", f"{getattr(options, 'before', '')} (A) and {getattr(options, 'after', '')} (B)", top=True),
        Line(f"A: {before.line}; {before.taken}; source {before.commit or 'unknown'}", "quiet"),
        Line(f"B: {after.line}; {after.taken}; source {after.commit or 'unknown'}", "quiet"),
    ]
    differs = [
        name
        for name in ("name", "cores_allowed", "governor", "packages", "python")
        if getattr(before, name) != getattr(after, name)
    ]
    if differs:
        said = ", ".join(name.replace("_", " ") for name in differs)
        blocks.append(Line(f"The machines differ in: {said}. Changes may be theirs.", "warning"))
    if before.busy or after.busy:
        blocks.append(Line("A machine was busy with other things: believe CPU times before wall times.", "warning"))
    rows = tuple(
        (
            f"{each.name}{' (control)' if each.control else ''}",
            _amount(each, each.before),
            _amount(each, each.after),
            report.interval(each.change) if each.certain else f"{each.change.value:.3f}",
            each.verdict,
        )
        for each in changes
    )
    caption = "times and sizes: B over A, medians; shares: B less A; intervals are 95 %"
    return [*blocks, Table(("figure", "A", "B", "change", "verdict"), rows, caption)]


def _amount(change: Change, value: float) -> str:
    if change.kind == "share":
        return f"{value:.4f}"
    if change.kind == "bytes":
        return report.mebibytes(round(value))
    if change.kind == "joules":
        return f"{value * 1e3:.1f} mJ"
    return f"{report.milliseconds(value)} ms"


def _parser() -> Parser:
    parser = Parser(prog="python -m benchmarks compare", description=__doc__)
    parser.add_argument("before", type=Path, metavar="A.json", help="a kept result")
    parser.add_argument("after", type=Path, metavar="B.json", help="a later one of the same suite")
    parser.add_argument("--gate", action="store_true", help="fail (9) when one of our figures got worse")
    parser.add_argument("--wall", action="store_true", help="let wall times gate too")
    parser.add_argument("--tolerance", type=float, default=TOLERANCE, metavar="R", help="of times and sizes (0.05)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object on standard output")
    form.add_argument("--markdown", action="store_true", help="Markdown on standard output")
    return parser

"""The sustained suite: the loop at camera rate for minutes, with temperature, clock and throttling beside it.

A board that is fast for ten seconds may be slow after ten minutes. The clip is played over and over; between two passes
the networks are opened again, a few tenths of a second in which nothing is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from benchmarks import fingerprint, report
from benchmarks.loops.results import SustainedResult, TimedPass
from benchmarks.loops.sides import Contest, add_loop_options, contest
from benchmarks.loops.sustained_blocks import sustained_blocks
from benchmarks.monitor import Monitor
from benchmarks.output import add_output_options, present
from edge.cli import Parser
from edge.errors import UsageError


def main(argv: Sequence[str]) -> int:
    """Run the suite; raises FingerpostError."""
    options = _parser().parse_args(argv)
    if not 0 < options.minutes <= 24 * 60:
        raise UsageError("no such time", expected="--minutes above 0, at most a day", found=options.minutes)
    with contest(options) as sides, report.progress() as progress:
        result = measure(sides, seconds=60 * options.minutes, monitor=Monitor(), progress=progress)
    present(result, sustained_blocks, options)
    return 0


def measure(sides: Contest, *, seconds: float, monitor: Monitor, progress: report.Progress) -> SustainedResult:
    """Our side for ``seconds`` at least, ended after a whole pass."""
    machine = fingerprint.take()
    (ours,) = sides.sides
    passes: list[TimedPass] = []
    with closing(ours.start()) as process, monitor, progress.task("at camera rate, seconds", round(seconds)) as advance:
        shown = 0
        while not passes or monitor.now < seconds:
            played = process.play(camera=True)
            passes.append(TimedPass(monitor.now, played))
            advance(round(monitor.now) - shown)
            shown = round(monitor.now)
        lasted = monitor.now
    return SustainedResult(
        suite="sustained",
        bundle=str(sides.bundle),
        title=sides.title,
        clip=sides.clip.name,
        seconds=lasted,
        passes=tuple(passes),
        readings=tuple(monitor.readings),
        machine=machine,
    )


def _parser() -> Parser:
    parser = Parser(prog="python -m benchmarks sustained", description=__doc__)
    add_loop_options(parser, naive=False)
    parser.add_argument("--minutes", type=float, default=10.0, metavar="N", help="how long (10)")
    add_output_options(parser)
    return parser

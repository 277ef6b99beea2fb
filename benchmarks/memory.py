"""The memory suite: what each stage of a start adds, what a process holds in the end, and the most it ever held.

*Resident* counts every page that a process sees, *proportional* splits those that it shares with others (libraries,
files in the page cache), so proportional sizes of several processes may be added. Both are read from the kernel, in the
process itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from benchmarks import fingerprint, report
from benchmarks.loops.results import MemoryResult, SideMemory
from benchmarks.loops.sides import Contest, add_loop_options, contest, take_turns
from benchmarks.loops.start_blocks import memory_blocks
from benchmarks.output import add_output_options, present
from edge.cli import Parser
from edge.errors import UsageError


def main(argv: Sequence[str]) -> int:
    """Run the suite; raises FingerpostError."""
    options = _parser().parse_args(argv)
    if options.processes < 1 or options.passes < 1:
        raise UsageError("too few", expected="--processes and --passes 1 or more")
    with contest(options) as sides, report.progress() as progress:
        result = measure(sides, processes=options.processes, passes=options.passes, progress=progress)
    present(result, memory_blocks, options)
    return 0


def measure(sides: Contest, *, processes: int, passes: int, progress: report.Progress) -> MemoryResult:
    """Every side in ``processes`` processes, one after the other, each of which plays the clip ``passes`` times."""
    machine = fingerprint.take()
    found: dict[str, list[SideMemory]] = {side.name: [] for side in sides.sides}
    for turn in progress.track(range(processes), "processes"):
        for side in take_turns(turn, sides.sides):
            with closing(side.start(memory=True)) as process:
                held = tuple(process.play(camera=False).memory for _ in range(passes))
                found[side.name].append(SideMemory(process.start, held))
    return MemoryResult(
        suite="memory",
        bundle=str(sides.bundle),
        title=sides.title,
        clip=sides.clip.name,
        sides=sides.infos,
        processes={name: tuple(each) for name, each in found.items()},
        machine=machine,
    )


def _parser() -> Parser:
    parser = Parser(prog="python -m benchmarks memory", description=__doc__)
    add_loop_options(parser)
    parser.add_argument("--processes", type=int, default=3, metavar="N", help="processes of each side (3)")
    parser.add_argument("--passes", type=int, default=3, metavar="N", help="passes of the clip in each (3)")
    add_output_options(parser)
    return parser

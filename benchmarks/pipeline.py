"""The pipeline suite: capture to caption on a recorded clip, flat out and at camera rate, stage by stage.

Our loop and, with ``--peer naive``, the one that one writes first (MediaPipe and PyTorch on every frame) run in
processes of their own and take turns, pass by pass. Flat out says what a frame costs, in CPU time of the whole process,
decoding included; at camera rate frames come when they are due, what comes too fast is dropped, and a caption's
latency counts from its frame's capture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing

import numpy as np

from benchmarks import fingerprint, report
from benchmarks.comparison import ratio_of_percentiles
from benchmarks.loops.pipeline_blocks import pipeline_blocks
from benchmarks.loops.results import NAIVE, OURS, Pace, PaceResult, PipelineResult, Played
from benchmarks.loops.sides import Contest, add_loop_options, contest, take_turns
from benchmarks.output import add_output_options, present
from edge.cli import Parser
from edge.errors import UsageError
from edge.statistics import ratio_of_medians

PACES: tuple[Pace, ...] = ("flat out", "camera")


def main(argv: Sequence[str]) -> int:
    """Run the suite; raises FingerpostError."""
    options = _parser().parse_args(argv)
    if options.rounds < 1:
        raise UsageError("too few rounds", expected="--rounds 1 or more", found=options.rounds)
    with contest(options) as sides, report.progress() as progress:
        result = measure(sides, paces=options.pace or PACES, rounds=options.rounds, progress=progress)
    present(result, pipeline_blocks, options)
    return 0


def measure(
    sides: Contest, *, paces: Sequence[Pace], rounds: int, progress: report.Progress, seed: int = 0
) -> PipelineResult:
    """All sides at each pace; ``seed`` fixes the bootstrap's resamples. One pass of each to warm up is not counted."""
    machine = fingerprint.take()
    rng = np.random.default_rng(seed)
    found = []
    with ExitStack() as stack:
        running = {side.name: stack.enter_context(closing(side.start())) for side in sides.sides}
        for process in running.values():
            process.play(camera=False)
        for pace in paces:
            passes: dict[str, list[Played]] = {name: [] for name in running}
            for turn in progress.track(range(rounds), f"{pace}, {len(running)} sides in turn"):
                for side in take_turns(turn, sides.sides):
                    passes[side.name].append(running[side.name].play(camera=pace == "camera"))
            found.append(_paced(pace, passes, rng))
    return PipelineResult(
        suite="pipeline",
        bundle=str(sides.bundle),
        title=sides.title,
        clip=sides.clip.name,
        rounds=rounds,
        sides=sides.infos,
        paces=tuple(found),
        machine=machine,
    )


def cpu_per_frame(passes: Sequence[Played]) -> list[float]:
    """Seconds of CPU time that each pass took for a frame."""
    return [each.cpu / each.frames for each in passes]


def _paced(pace: Pace, passes: Mapping[str, Sequence[Played]], rng: np.random.Generator) -> PaceResult:
    cpu_ratio = latency_ratio = None
    if NAIVE in passes:
        ours, naive = passes[OURS], passes[NAIVE]
        cpu_ratio = ratio_of_medians(np.array(cpu_per_frame(ours)), np.array(cpu_per_frame(naive)), rng=rng)
        shown, others = ([each.latencies for each in side] for side in (ours, naive))
        latency_ratio = ratio_of_percentiles(shown, others, 90, rng=rng)
    return PaceResult(pace, {name: tuple(each) for name, each in passes.items()}, cpu_ratio, latency_ratio)


def _parser() -> Parser:
    parser = Parser(prog="python -m benchmarks pipeline", description=__doc__)
    add_loop_options(parser)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="passes of each side at each pace (5)")
    parser.add_argument("--pace", action="append", choices=PACES, help="only this one (default: both)")
    add_output_options(parser)
    return parser

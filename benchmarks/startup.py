"""The start-up suite: from a process's first moment to its first frame, stage by stage, ours and the naive loop's.

Starts take turns. The page cache is warm: every file was read by an unmeasured start before. ``python -m edge run`` is
timed as a whole besides, from its start to the summary after one frame.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence

import numpy as np

from benchmarks import fingerprint, report
from benchmarks.loops.results import NAIVE, OURS, Start, StartupResult
from benchmarks.loops.sides import Contest, add_loop_options, contest, take_turns
from benchmarks.loops.start_blocks import startup_blocks
from benchmarks.output import add_output_options, present
from benchmarks.workers import ONE_THREAD
from edge.cli import Parser
from edge.errors import CheckFailedError, UsageError
from edge.statistics import ratio_of_medians


def main(argv: Sequence[str]) -> int:
    """Run the suite; raises FingerpostError."""
    options = _parser().parse_args(argv)
    if options.starts < 1:
        raise UsageError("too few starts", expected="--starts 1 or more", found=options.starts)
    with contest(options) as sides, report.progress() as progress:
        result = measure(sides, starts=options.starts, progress=progress)
    present(result, startup_blocks, options)
    return 0


def measure(sides: Contest, *, starts: int, progress: report.Progress, seed: int = 0) -> StartupResult:
    """Start every side ``starts`` times; ``seed`` fixes the bootstrap's resamples."""
    machine = fingerprint.take()
    found: dict[str, list[Start]] = {side.name: [] for side in sides.sides}
    command = []
    for turn in progress.track(range(starts), "starting"):
        for side in take_turns(turn, sides.sides):
            process = side.start()
            process.close()
            found[side.name].append(process.start)
        command.append(_command(sides))
    wall = cpu = None
    if NAIVE in found:
        rng = np.random.default_rng(seed)
        wall, cpu = (
            ratio_of_medians(*(np.array([getattr(s, kind) for s in found[name]]) for name in (OURS, NAIVE)), rng=rng)
            for kind in ("wall", "cpu")
        )
    return StartupResult(
        suite="startup",
        bundle=str(sides.bundle),
        title=sides.title,
        clip=sides.clip.name,
        sides=sides.infos,
        starts={name: tuple(each) for name, each in found.items()},
        command=tuple(command),
        wall_ratio=wall,
        cpu_ratio=cpu,
        machine=machine,
    )


def _command(sides: Contest) -> float:
    """Seconds from the start of ``edge run`` to its summary after one frame."""
    words = ["--store", str(sides.store), "--source", str(sides.clip), "--threads", str(sides.threads)]
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "edge", "run", *words, "--policy", "off", "--max-frames", "1", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **ONE_THREAD},
    ) as process:
        for line in process.stdout or ():
            if json.loads(line)["type"] == "summary":
                return time.monotonic() - began
        said = process.stderr.read().strip() if process.stderr else ""
    raise CheckFailedError("`edge run` ended without a summary", where=sides.bundle, found=said[:200] or "nothing")


def _parser() -> Parser:
    parser = Parser(prog="python -m benchmarks startup", description=__doc__)
    add_loop_options(parser)
    parser.add_argument("--starts", type=int, default=7, metavar="N", help="starts of each side (7)")
    add_output_options(parser)
    return parser

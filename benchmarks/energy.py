"""The energy suite: what reading signs takes in watts, and in joules a frame, where the board reports its power.

The idle board is read first; then each side plays the clip at camera rate, in turn. What a frame costs is the mean
power above idle, over the frames that the clip shows. Whatever else runs on the board is in it. A board without a
sensor (a PC without RAPL for users, a Raspberry Pi) is said to have none, and nothing is made up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing

from benchmarks import fingerprint, report
from benchmarks.loops.results import EnergyResult, Reading, SidePower
from benchmarks.loops.sides import Contest, add_loop_options, contest, take_turns
from benchmarks.loops.sustained_blocks import energy_blocks
from benchmarks.monitor import Monitor, mean_watts
from benchmarks.output import add_output_options, present
from edge.cli import Parser
from edge.errors import UsageError

_LOOK = 0.2
"""Seconds between two readings while power is measured."""


def main(argv: Sequence[str]) -> int:
    """Run the suite; raises FingerpostError."""
    options = _parser().parse_args(argv)
    if options.rounds < 1 or options.idle <= 0:
        raise UsageError("too few", expected="--rounds 1 or more, --idle above 0")
    with contest(options) as sides, report.progress() as progress:
        result = measure(sides, rounds=options.rounds, idle=options.idle, progress=progress)
    present(result, energy_blocks, options)
    return 0


def measure(
    sides: Contest,
    *,
    rounds: int,
    idle: float,
    progress: report.Progress,
    make_monitor: Callable[[], Monitor] = lambda: Monitor(every=_LOOK),
) -> EnergyResult:
    """Mean power of each side over ``rounds`` passes, against ``idle`` seconds without any."""
    machine = fingerprint.take()
    with make_monitor() as monitor:
        time.sleep(min(idle, 3 * _LOOK))  # counters answer from their second reading on
    power: dict[str, SidePower] = {}
    resting = mean_watts(monitor.readings[1:])
    if resting:
        with make_monitor() as monitor:
            time.sleep(idle)
        resting = mean_watts(monitor.readings[1:])
        power = _sides(sides, rounds, resting, make_monitor, progress)
    return EnergyResult(
        suite="energy",
        bundle=str(sides.bundle),
        title=sides.title,
        clip=sides.clip.name,
        sensors=tuple(resting),
        idle=resting,
        sides=sides.infos,
        power=power,
        machine=machine,
    )


def _sides(
    sides: Contest,
    rounds: int,
    idle: dict[str, float],
    make_monitor: Callable[[], Monitor],
    progress: report.Progress,
) -> dict[str, SidePower]:
    readings: dict[str, list[Reading]] = {side.name: [] for side in sides.sides}
    frames = dict.fromkeys(readings, 0)
    seconds = dict.fromkeys(readings, 0.0)
    with ExitStack() as stack:
        running = {side.name: stack.enter_context(closing(side.start())) for side in sides.sides}
        for turn in progress.track(range(rounds), "at camera rate"):
            for side in take_turns(turn, sides.sides):
                with make_monitor() as monitor:
                    played = running[side.name].play(camera=True)
                readings[side.name] += monitor.readings[1:]
                frames[side.name] += played.frames + played.dropped
                seconds[side.name] += played.seconds
    found = {}
    for name, taken in readings.items():
        watts = mean_watts(taken)
        above = {sensor: value - idle[sensor] for sensor, value in watts.items() if sensor in idle}
        joules = {sensor: value * seconds[name] / frames[name] for sensor, value in above.items()}
        found[name] = SidePower(watts, above, joules, frames[name])
    return found


def _parser() -> Parser:
    parser = Parser(prog="python -m benchmarks energy", description=__doc__)
    add_loop_options(parser)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="passes of each side (5)")
    parser.add_argument("--idle", type=float, default=20.0, metavar="S", help="seconds without any work, first (20)")
    add_output_options(parser)
    return parser

"""What the suites of the whole loop found, as plain data. Times are seconds, sizes bytes, sides by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchmarks.fingerprint import Fingerprint
from edge.statistics import Interval, Percentiles

OURS = "fingerpost"
NAIVE = "naive"
Pace = Literal["flat out", "camera"]
"""As fast as the frames are taken, or at the clip's own rate with the newest frame each time."""


@dataclass(frozen=True, slots=True)
class SideInfo:
    """One side, and what it runs."""

    name: str
    how: str


@dataclass(frozen=True, slots=True)
class Held:
    """What a process holds, bytes: ``resident`` now, ``proportional`` with shared pages split among those who share
    them, ``peak`` the largest resident size so far."""

    resident: int
    proportional: int
    peak: int


@dataclass(frozen=True, slots=True)
class Played:
    """One pass of the clip by one side.

    ``cpu`` seconds of all threads; ``stages`` wall times of the frames, as `edge.summary.Summary` names them;
    ``latencies`` capture to caption, of each caption; ``text`` what was read at the end, where the side writes one.
    """

    frames: int
    dropped: int
    seconds: float
    cpu: float
    stages: dict[str, Percentiles]
    latencies: tuple[float, ...]
    text: str
    memory: Held


@dataclass(frozen=True, slots=True)
class PaceResult:
    """All passes at one pace, by side, in the order in which they took turns.

    ``cpu_ratio`` is our CPU time a frame over the naive loop's, ``latency_ratio`` our p90 capture-to-caption latency
    over its; None without a naive loop, or without captions.
    """

    pace: Pace
    passes: dict[str, tuple[Played, ...]]
    cpu_ratio: Interval | None
    latency_ratio: Interval | None


@dataclass(frozen=True, slots=True)
class PipelineResult:
    """The pipeline suite."""

    suite: Literal["pipeline"]
    bundle: str
    title: str
    clip: str
    rounds: int
    sides: tuple[SideInfo, ...]
    paces: tuple[PaceResult, ...]
    machine: Fingerprint


@dataclass(frozen=True, slots=True)
class StageCost:
    """What one stage of one start took: wall and CPU time, seconds; ``memory`` what was held after it, where it was
    looked at."""

    stage: str
    wall: float
    cpu: float
    memory: Held | None


@dataclass(frozen=True, slots=True)
class Start:
    """One start, from the process to its first frame; stages that are the measurement's own are left out."""

    stages: tuple[StageCost, ...]

    @property
    def wall(self) -> float:
        """Seconds until it was ready."""
        return sum(stage.wall for stage in self.stages)

    @property
    def cpu(self) -> float:
        """CPU seconds until it was ready."""
        return sum(stage.cpu for stage in self.stages)


@dataclass(frozen=True, slots=True)
class StartupResult:
    """The start-up suite: ``starts`` by side; ``command`` are seconds of ``python -m edge run`` from its start to the
    summary after one frame. Ratios are ours over the naive loop's, None without one."""

    suite: Literal["startup"]
    bundle: str
    title: str
    clip: str
    sides: tuple[SideInfo, ...]
    starts: dict[str, tuple[Start, ...]]
    command: tuple[float, ...]
    wall_ratio: Interval | None
    cpu_ratio: Interval | None
    machine: Fingerprint


@dataclass(frozen=True, slots=True)
class SideMemory:
    """One process: its start, stage by stage, then after each pass of the clip."""

    start: Start
    passes: tuple[Held, ...]

    @property
    def steady(self) -> Held:
        """After the last pass."""
        return self.passes[-1]


@dataclass(frozen=True, slots=True)
class MemoryResult:
    """The memory suite: by side, process by process."""

    suite: Literal["memory"]
    bundle: str
    title: str
    clip: str
    sides: tuple[SideInfo, ...]
    processes: dict[str, tuple[SideMemory, ...]]
    machine: Fingerprint


@dataclass(frozen=True, slots=True)
class Reading:
    """The board at a moment: ``time`` seconds since the beginning; ``temperature`` in degrees Celsius, ``frequency`` in
    MHz, ``limits`` what holds the processor back, ``watts`` by sensor; None or nothing where it does not tell."""

    time: float
    temperature: float | None
    frequency: float | None
    limits: tuple[str, ...]
    watts: dict[str, float]


@dataclass(frozen=True, slots=True)
class TimedPass:
    """One pass at camera rate that ended ``time`` seconds after the beginning."""

    time: float
    played: Played


@dataclass(frozen=True, slots=True)
class SustainedResult:
    """The sustained suite: passes at camera rate one after the other, and the board's readings beside them."""

    suite: Literal["sustained"]
    bundle: str
    title: str
    clip: str
    seconds: float
    passes: tuple[TimedPass, ...]
    readings: tuple[Reading, ...]
    machine: Fingerprint


@dataclass(frozen=True, slots=True)
class SidePower:
    """Mean power in watts by sensor while a side plays at camera rate, less what the idle board takes (``above_idle``);
    ``per_frame`` joules above idle for each frame that was shown to it, by sensor."""

    watts: dict[str, float]
    above_idle: dict[str, float]
    per_frame: dict[str, float]
    frames: int


@dataclass(frozen=True, slots=True)
class EnergyResult:
    """The energy suite; ``sensors`` is empty on a board that reports no power, and then nothing was measured."""

    suite: Literal["energy"]
    bundle: str
    title: str
    clip: str
    sensors: tuple[str, ...]
    idle: dict[str, float]
    sides: tuple[SideInfo, ...]
    power: dict[str, SidePower]
    machine: Fingerprint

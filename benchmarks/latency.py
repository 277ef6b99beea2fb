"""How long one example takes: all contestants in the same interleaved rounds, one example at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.affinity import pinned
from benchmarks.contestants import Contestant
from benchmarks.report import Progress
from benchmarks.timing import Case, interleave
from edge.bundle.reader import Bundle
from edge.errors import BundleError
from edge.statistics import Interval, Percentiles, percentiles, ratio_of_medians
from edge.types import AnyArray

Feeds = Mapping[str, AnyArray]


@dataclass(frozen=True, slots=True)
class Latency:
    """One variant with a number of threads, one example at a time, in seconds.

    ``ratio`` is its median wall time over the reference's with as many threads, ``cpu_ratio`` the same of CPU time,
    which other programs on the machine disturb less; both are None for the reference itself. ``cpu_over_peers`` is its
    median CPU time over that of each peer, for our variants. ``cores`` are those that it was kept on, ``wall_rounds``
    and ``cpu_rounds`` the single rounds.
    """

    variant: str
    threads: int
    wall: Percentiles
    cpu: Percentiles
    ratio: Interval | None
    cpu_ratio: Interval | None
    cpu_over_peers: dict[str, Interval]
    cores: tuple[int, ...]
    wall_rounds: tuple[float, ...]
    cpu_rounds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Method:
    """So many interleaved rounds are measured after so many to warm up."""

    iterations: int

    @property
    def warmup(self) -> int:
        """Unmeasured rounds."""
        return max(20, self.iterations // 10)


def latencies(
    contestants: Sequence[Contestant],
    feeds: Feeds,
    *,
    reference: str,
    threads: int,
    method: Method,
    progress: Progress,
    rng: np.random.Generator,
) -> tuple[Latency, ...]:
    """Time every contestant on ``feeds`` with so many ``threads`` on as many cores; ``rng`` draws the bootstrap's
    resamples."""
    with ExitStack() as stack:
        cores = stack.enter_context(pinned(threads))
        cases = []
        for each in contestants:
            engine = each.open(threads)
            stack.callback(engine.close)
            cases.append(Case(each.name, partial(engine.run, feeds)))
        title = f"latency, {threads} thread{'s' if threads > 1 else ''}"
        advance = stack.enter_context(progress.task(title, method.iterations + method.warmup))
        timings = interleave(cases, rounds=method.iterations, warmup=method.warmup, advance=advance)
    base = next(t for t in timings if t.name == reference)
    peers = [t for t, each in zip(timings, contestants, strict=True) if each.peer]
    return tuple(
        Latency(
            variant=timing.name,
            threads=threads,
            wall=percentiles(timing.wall),
            cpu=percentiles(timing.cpu),
            ratio=None if timing is base else ratio_of_medians(timing.wall, base.wall, rng=rng),
            cpu_ratio=None if timing is base else ratio_of_medians(timing.cpu, base.cpu, rng=rng),
            cpu_over_peers={}
            if each.peer
            else {peer.name: ratio_of_medians(timing.cpu, peer.cpu, rng=rng) for peer in peers},
            cores=cores,
            wall_rounds=rounded(timing.wall),
            cpu_rounds=rounded(timing.cpu),
        )
        for timing, each in zip(timings, contestants, strict=True)
    )


def rounded(seconds: NDArray[np.float64]) -> tuple[float, ...]:
    """To a tenth of a microsecond: more is noise, and is kept in files."""
    return tuple(np.round(seconds, 7).tolist())


def golden_feeds(bundle: Bundle) -> dict[str, AnyArray]:
    """The bundle's golden inputs, (N, ...) by tensor name; raises BundleError where one is missing."""
    arrays = bundle.golden()
    names = [tensor.name for tensor in bundle.manifest.input.tensors]
    missing = [name for name in names if name not in arrays or not len(arrays[name])]
    if missing:
        raise BundleError(
            "the golden inputs are incomplete",
            where=f"{bundle.path}/{bundle.manifest.golden.file}",
            expected=", ".join(names),
            found=", ".join(arrays) or "nothing",
            remedy="export the bundle again",
        )
    return {name: arrays[name] for name in names}

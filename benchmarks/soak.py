"""The soak suite: the whole service at full speed for minutes, and whether it holds more and more.

The camera is a fake one that plays the shipped clip faster than the networks can follow, in a process of its own as any
camera; captions, metrics, watchdog and health line are on. Memory and descriptors of all processes are read every few
seconds; growth is the last quarter's median over the second one's, so that warming up does not count.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from benchmarks import report
from benchmarks.endurance.service import Service
from benchmarks.endurance.tree import Held, held
from edge.cli import Parser
from edge.errors import CheckFailedError, UsageError

GROWTH = 3 << 20
"""Bytes of private memory that noise may look like; one frame kept a minute would be 18 MB after 20 minutes."""
_FPS = "240"
_SAMPLES = 200
_WARM_S = 3.0
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Sample:
    """What the service held after ``seconds`` and ``frames``."""

    seconds: float
    frames: int
    held: Held


@dataclass(frozen=True, slots=True)
class SoakResult:
    """A soak: ``samples`` in order; ``starts`` of the service, 1 unless it ended."""

    samples: tuple[Sample, ...]
    starts: int

    @property
    def growth(self) -> int:
        """Bytes of private memory that the last quarter has over the second."""
        return round(self._median("private", 3) - self._median("private", 1))

    @property
    def more_descriptors(self) -> int:
        """Descriptors that the last quarter has over the second."""
        return round(self._median("descriptors", 3) - self._median("descriptors", 1))

    @property
    def flat(self) -> bool:
        """Whether nothing grew, and the service never ended."""
        return self.growth <= GROWTH and self.more_descriptors <= 0 and self.starts == 1

    @property
    def resident(self) -> int:
        """The most that all processes together held, in bytes."""
        return max(sample.held.resident for sample in self.samples)

    def _median(self, name: str, quarter: int) -> float:
        size = len(self.samples) // 4
        part = self.samples[quarter * size : (quarter + 1) * size]
        return float(statistics.median(getattr(sample.held, name) for sample in part))


def main(argv: Sequence[str]) -> int:
    """Run the suite; raises FingerpostError, CheckFailedError when something grew."""
    options = _parser().parse_args(argv)
    if not 0.1 <= options.minutes <= 24 * 60:
        raise UsageError("no such time", expected="--minutes 0.1 to 1440", found=options.minutes)
    result = soak(options.bundle, seconds=60 * options.minutes)
    _show(result, options)
    if not result.flat:
        raise CheckFailedError(
            "the service did not stay as it was",
            expected=f"at most {GROWTH / _MIB:.0f} MiB and no descriptor more, one start",
            found=f"{result.growth / _MIB:+.1f} MiB, {result.more_descriptors:+d} descriptors, {result.starts} starts",
        )
    return 0


def soak(bundle: Path, *, seconds: float) -> SoakResult:
    """Run the service for ``seconds`` of frames and look at it now and then."""
    folder = Path(tempfile.mkdtemp(prefix="fingerpost-soak-"))
    try:
        words = ["--bundle", str(bundle), "--source", "fake:demo", "--fps", _FPS, "--sentence", "rules"]
        with Service(folder, words) as service:
            service.wait_for_word("READY=1")
            service.wait_for_frames()
            service.wait("warm", partial(_past, time.monotonic() + _WARM_S))
            samples: list[Sample] = []
            begin, every = time.monotonic(), max(seconds / _SAMPLES, 0.25)
            while (now := time.monotonic() - begin) < seconds:
                samples.append(Sample(now, service.frames() or 0, held(service.process.pid)))
                due = begin + len(samples) * every
                service.wait("the next look", partial(_past, due), patience=every + 60)
            return SoakResult(tuple(samples), service.starts)
    finally:
        shutil.rmtree(folder)


def _past(when: float) -> bool:
    return time.monotonic() >= when


def _show(result: SoakResult, options: Namespace) -> None:
    if options.json:
        report.print_json({**asdict(result), "growth": result.growth, "flat": result.flat})
        return
    first, last = result.samples[0], result.samples[-1]
    seconds, frames = last.seconds - first.seconds, last.frames - first.frames
    lines = [
        f"soak: {seconds / 60:.1f} minutes, {frames} frames, {frames / seconds:.1f} per second",
        f"resident, all processes, every page once: {result.resident / _MIB:.0f} MiB at most",
        f"private memory: {first.held.private / _MIB:.1f} MiB at first, {last.held.private / _MIB:.1f} at the end, "
        f"growth {result.growth / _MIB:+.2f} (last quarter over the second)",
        f"descriptors: {first.held.descriptors} at first, {last.held.descriptors} at the end; "
        f"threads {last.held.threads}, processes {last.held.processes}; starts {result.starts}",
        "flat" if result.flat else "not flat",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def _parser() -> Parser:
    parser = Parser(prog="python -m benchmarks soak", description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True, metavar="FILE", help="the bundle that is run")
    parser.add_argument("--minutes", type=float, default=20.0, metavar="N", help="how long (20)")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    return parser

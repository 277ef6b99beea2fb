"""The sides that are compared as whole loops, made ready: ours from a bundle, the naive loop from its checkpoint.

The naive loop needs MediaPipe and PyTorch in one process. MediaPipe's environment (``.venv-ref``) has no PyTorch; the
packages of this environment are looked in after its own, so that MediaPipe keeps its numpy and OpenCV and PyTorch is
found here. Both environments must be of the same Python version.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from benchmarks.loops.results import NAIVE, OURS, Held, Played, SideInfo, StageCost, Start
from benchmarks.peers import origin_module
from benchmarks.workers import Worker
from edge.bundle.manifest import Manifest
from edge.bundle.reader import Bundle, open_bundle
from edge.bundle.signing import read_trust
from edge.bundle.store import Store
from edge.capture.video import check_readable
from edge.cli import Parser
from edge.errors import DependencyError, UsageError
from edge.samples import demo_clip
from edge.statistics import Percentiles

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parent.parent
_DEFAULT_REFERENCE = Path(".venv-ref/bin/python")


@dataclass(frozen=True, slots=True)
class Side:
    """One side: ``command`` starts its process, which is told last whether time or memory is measured."""

    info: SideInfo
    command: tuple[str, ...]
    folder: Path

    @property
    def name(self) -> str:
        """Its name."""
        return self.info.name

    def start(self, *, memory: bool = False) -> LoopProcess:
        """Start its process; ready when the first frame has gone through it."""
        words = (*self.command, "memory" if memory else "time")
        return LoopProcess(Worker(self.name, words, log=self.folder / f"{self.name}.log"))


class LoopProcess:
    """A side's process; close it, or use it as a context manager of its worker."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.start = _start(worker.began, worker.greeting["marks"])

    def play(self, *, camera: bool) -> Played:
        """One pass of the clip."""
        answer = self.worker.ask(camera=camera)
        return Played(
            frames=answer["frames"],
            dropped=answer["dropped"],
            seconds=answer["seconds"],
            cpu=answer["cpu"],
            stages={name: Percentiles(**spread) for name, spread in answer["stages"].items() if spread["n"]},
            latencies=tuple(answer["latencies"]),
            text=answer["text"],
            memory=Held(**answer["memory"]),
        )

    def close(self) -> None:
        """End the process."""
        self.worker.close()


@dataclass(frozen=True, slots=True)
class Contest:
    """The sides of one bundle, made ready, and the clip that they play."""

    bundle: Path
    title: str
    clip: Path
    store: Path
    threads: int
    sides: tuple[Side, ...]

    @property
    def infos(self) -> tuple[SideInfo, ...]:
        """What each side runs."""
        return tuple(side.info for side in self.sides)


def add_loop_options(parser: Parser, *, naive: bool = True) -> None:
    """``--bundle``, ``--clip``, ``--threads``, and what makes the naive loop."""
    parser.add_argument("--bundle", type=Path, required=True, metavar="FILE", help="the bundle to measure")
    parser.add_argument("--clip", type=Path, metavar="FILE", help="a recorded clip (default: the shipped one)")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="our inference threads (1)")
    if naive:
        parser.add_argument("--peer", action="append", default=[], choices=(NAIVE,), help="measured beside it")
        parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="what the naive loop's model is made from")
        parser.add_argument(
            "--reference",
            type=Path,
            default=_DEFAULT_REFERENCE,
            metavar="PYTHON",
            help=f"Python with mediapipe ({_DEFAULT_REFERENCE})",
        )


@contextmanager
def contest(options: Namespace) -> Iterator[Contest]:
    """The sides that the command line asks for; their files live in a temporary folder.

    Raises UsageError, BundleError, SourceError, InputError or DependencyError.
    """
    if options.threads < 1:
        raise UsageError("too few threads", expected="--threads 1 or more", found=options.threads)
    clip = options.clip or demo_clip()
    if not clip.is_dir():
        check_readable(clip)
    with TemporaryDirectory(prefix="fingerpost-loops-") as name, open_bundle(options.bundle) as bundle:
        folder = Path(name)
        store = _installed(bundle, folder / "store")
        sides = [_ours(store, clip, options.threads, folder)]
        if NAIVE in getattr(options, "peer", ()):
            sides.append(_naive(bundle.manifest, options.checkpoint, options.reference, clip, folder))
        for side in sides:  # unmeasured: variants are chosen once, files come into the page cache
            side.start().close()
        sides[0] = replace(sides[0], info=_with_variants(sides[0].info, store))
        yield Contest(options.bundle, bundle.title, clip, store, options.threads, tuple(sides))


def take_turns(turn: int, sides: Sequence[Side]) -> tuple[Side, ...]:
    """The order of a round: rotated, so that none always comes after the same other."""
    first = turn % len(sides)
    return (*sides[first:], *sides[:first])


def _installed(bundle: Bundle, root: Path) -> Path:
    store = Store(root, trust=read_trust("off"))
    installed = store.install(bundle)
    store.activate(installed.name, installed.version)
    return root


def _ours(store: Path, clip: Path, threads: int, folder: Path) -> Side:
    words = (sys.executable, "-m", "benchmarks.loops.fingerpost_worker", str(store), str(clip), str(threads))
    how = f"edge run, {threads} thread{'s' if threads > 1 else ''}"
    return Side(SideInfo(OURS, how), words, folder)


def _with_variants(info: SideInfo, root: Path) -> SideInfo:
    """The same with what this machine chose to run."""
    store = Store(root, trust=read_trust("off"))
    active = store.active()
    if active is None:
        return info
    with active:
        remembered = store.recall(active)
    chosen = ", ".join(f"{each.role} {each.chosen}" for each in remembered.roles) if remembered else ""
    return SideInfo(info.name, f"{info.how}: {chosen}" if chosen else info.how)


def _naive(manifest: Manifest, checkpoint: Path | None, python: Path, clip: Path, folder: Path) -> Side:
    if manifest.task != "hand-sequence" or manifest.input.window is None:
        raise UsageError("the naive loop reads windows of hands", found=f"a bundle for {manifest.task}")
    version = _version_of(python)
    if version != sys.version_info[:2]:
        found = ".".join(map(str, version))
        raise DependencyError(
            "the naive loop takes PyTorch from this environment, which needs the same Python",
            where=python,
            expected=".".join(map(str, sys.version_info[:2])),
            found=found,
            remedy="make both environments with one Python: `make venv venv-ref`",
        )
    import torch

    model = folder / "model.pt"
    torch.save(origin_module(manifest, checkpoint), model)
    paths = f"{_ROOT}:{sysconfig.get_path('purelib')}:{sysconfig.get_path('platlib')}"
    script = str(_HERE / "naive_worker.py")
    words = (str(python), "-I", script, str(model), str(manifest.input.window.frames), str(clip), paths)
    how = f"cv2 read, mediapipe hands.process, PyTorch {torch.__version__} on every frame, one thread"
    return Side(SideInfo(NAIVE, how), words, folder)


def _version_of(python: Path) -> tuple[int, int]:
    script = "import sys, mediapipe; print(*sys.version_info[:2])"
    remedy = "`make venv-ref`, or name its Python with --reference"
    try:
        done = subprocess.run([str(python), "-I", "-c", script], capture_output=True, text=True, check=False)
    except OSError as error:
        raise DependencyError(
            "no environment with MediaPipe", where=python, found=error.strerror, remedy=remedy
        ) from None
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise DependencyError("MediaPipe cannot be imported", where=python, found=said, remedy=remedy)
    major, minor = done.stdout.split()[-2:]
    return int(major), int(minor)


def _start(began: float, marks: Sequence[Mapping[str, Any]]) -> Start:
    stages, time, cpu = [], began, 0.0
    for mark in marks:
        held = cast("Mapping[str, int] | None", mark["memory"])
        if mark["counts"]:
            stages.append(
                StageCost(mark["stage"], mark["time"] - time, mark["cpu"] - cpu, Held(**held) if held else None)
            )
        time, cpu = mark["time"], mark["cpu"]
    return Start(tuple(stages))

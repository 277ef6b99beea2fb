"""The landmark suite: our hand pipeline, fp32 and int8, beside MediaPipe itself, on the same frames in one run.

MediaPipe runs in its own environment (``--reference PYTHON``, default ``.venv-ref``) as ``solutions.hands`` with the
full networks, video mode, two hands allowed. Each backend has a process and one thread; scenes go to one after the
other in turn, several rounds, and what is compared is CPU time of the whole process per frame. Agreement on real
pictures needs ``--data DIR``; without it, only the shipped clip is compared.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import landmarks_scenes as scenes
from benchmarks import report
from benchmarks.landmarks_agreement import Agreement, compare
from benchmarks.landmarks_backend import Backend, Found, worker_command
from benchmarks.landmarks_letters import LetterReader, Letters, letters
from edge.bundle.manifest import Precision
from edge.bundle.reader import Bundle, open_bundle
from edge.cli import Parser
from edge.errors import DependencyError
from export.graphs.faces import face_networks
from export.graphs.hands import hand_networks

REFERENCE = "mediapipe"
OURS: tuple[Precision, ...] = ("fp32", "int8")
_STARTS = 3
_WARMUP_FRAMES = 25

TARGETS: Mapping[str, float] = {
    "one hand": 0.35,
    "two hands": 0.65,
    "nobody, still": 0.15,
    "peak memory": 0.6,
    "start to first landmarks": 0.5,
}
"""Largest ratio to MediaPipe that the int8 hand network may have."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One row: a value per backend, in ``unit``."""

    case: str
    unit: str
    values: Mapping[str, float]

    def ratio(self, backend: str) -> float:
        """Against the reference."""
        return self.values[backend] / self.values[REFERENCE]


@dataclass(frozen=True, slots=True)
class LandmarkResult:
    """What the suite found."""

    costs: tuple[Cost, ...]
    agreements: Mapping[str, Mapping[str, Agreement]]
    """Scene -> precision -> agreement with the reference."""
    letters: Mapping[str, Mapping[str, Letters]]
    """Scene -> backend -> letters read, where a bundle and real pictures are given."""


def main(argv: Sequence[str]) -> int:
    """Run the suite; raises FingerpostError."""
    parser = Parser(prog="python -m benchmarks landmarks", description=__doc__)
    parser.add_argument(
        "--bundle", type=Path, help="read letters with its classifier; its hand networks, if it has int8"
    )
    parser.add_argument("--data", type=Path, help="folder with letters_images, for agreement on real pictures")
    parser.add_argument("--reference", type=Path, default=Path(".venv-ref/bin/python"), help="Python with mediapipe")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pictures", type=int, default=60, help="real pictures of each source")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    if not options.reference.exists():
        raise DependencyError(
            "no environment with MediaPipe", where=options.reference, remedy="`make venv-ref`, or name its Python"
        )
    with tempfile.TemporaryDirectory(prefix="fingerpost-landmarks-") as folder, ExitStack() as stack:
        bundle = stack.enter_context(open_bundle(options.bundle)) if options.bundle else None
        result = measure(
            _networks(bundle),
            reader=LetterReader(bundle) if bundle else None,
            folder=Path(folder),
            reference=options.reference,
            data=options.data,
            rounds=options.rounds,
            pictures=options.pictures,
        )
    if options.json:
        sys.stdout.write(json.dumps(asdict(result), allow_nan=False) + "\n")
    else:
        print_landmarks(result)
    return 0


def measure(
    networks: Mapping[tuple[str, str], bytes],
    *,
    reader: LetterReader | None,
    folder: Path,
    reference: Path,
    data: Path | None,
    rounds: int,
    pictures: int,
) -> LandmarkResult:
    """Run everything; ``networks`` (role, precision) -> ONNX file."""
    commands = {REFERENCE: worker_command(reference, "mediapipe")}
    palm = _write(folder / "palm.onnx", networks["palm", "fp32"])
    for precision in OURS:
        hand = _write(folder / f"hand-{precision}.onnx", networks["hand", precision])
        commands[precision] = worker_command(sys.executable, "fingerpost", str(palm), str(hand))
    timed = {
        "one hand": scenes.one_hand(),
        "one hand, moving background": scenes.one_hand_moving(),
        "two hands": scenes.two_hands(),
        "nobody, still": scenes.nobody(),
    }
    files = {name: scenes.write_scene(folder / f"{i}.npz", images) for i, (name, images) in enumerate(timed.items())}
    first = scenes.write_scene(folder / "first.npz", timed["one hand"][:1])
    starts, peaks = _starts(commands, first, folder)
    costs: list[Cost] = []
    agreements: dict[str, Mapping[str, Agreement]] = {}
    read: dict[str, Mapping[str, Letters]] = {}
    with ExitStack() as stack, report.progress() as progress:
        backends = {name: stack.enter_context(Backend(name, command, folder)) for name, command in commands.items()}
        for name, path in progress.track(list(files.items()), "timing"):
            found = {backend: [] for backend in backends}  # type: dict[str, list[Found]]
            for _ in range(rounds):
                for backend, running in backends.items():
                    found[backend].append(running.run(path))
            costs.append(Cost(name, "CPU ms a frame", {b: _milliseconds(f) for b, f in found.items()}))
            if name != "nobody, still":
                agreements[name] = _agreements(
                    {b: f[0] for b, f in found.items()}, timed[name], range(len(timed[name]))
                )
        peaks = {name: max(peaks[name], backend.peak) for name, backend in backends.items()}
        costs.append(Cost("peak memory", "MiB", {name: peak / 2**20 for name, peak in peaks.items()}))
        costs.append(Cost("start to first landmarks", "s", starts))
        if data is not None:
            real, read = _real(backends, data, pictures, folder, reader)
            agreements |= real
    cost, agreements["face, moving"] = _face(reference, folder)
    costs.append(cost)
    return LandmarkResult(tuple(costs), agreements, read)


def _real(
    backends: Mapping[str, Backend], data: Path, count: int, folder: Path, reader: LetterReader | None
) -> tuple[dict[str, Mapping[str, Agreement]], dict[str, Mapping[str, Letters]]]:
    paths = scenes.real_pictures(data, count)
    agreements: dict[str, Mapping[str, Agreement]] = {}
    read: dict[str, Mapping[str, Letters]] = {}
    for source in ("vita", "asl_alphabet_train"):
        chosen = [p for p in paths if source in p.parts]
        images = [scenes.read_picture(p) for p in chosen]
        shown = [image for image in images for _ in range(scenes.REPEATS)]
        path = scenes.write_scene(folder / "real.npz", shown, range(0, len(shown), scenes.REPEATS))
        found = {name: backend.run(path) for name, backend in backends.items()}
        last = range(scenes.REPEATS - 1, len(shown), scenes.REPEATS)
        agreements[f"real pictures, {source}"] = _agreements(found, shown, last)
        if reader is not None:
            shapes = [(image.shape[1], image.shape[0]) for image in images]
            truth = [p.parent.name for p in chosen]
            read[f"real pictures, {source}"] = letters(reader, found, truth, last, shapes)
    moving = [scenes.panned(scenes.read_picture(p)) for p in paths[:: max(len(paths) // 8, 1)]]
    frames = [image for sequence in moving for image in sequence]
    starts = np.cumsum([0, *(len(sequence) for sequence in moving[:-1])])
    path = scenes.write_scene(folder / "real.npz", frames, [int(s) for s in starts])
    found = {name: backend.run(path) for name, backend in backends.items()}
    agreements["real pictures, moving"] = _agreements(found, frames, range(len(frames)))
    return agreements, read


def _face(reference: Path, folder: Path) -> tuple[Cost, dict[str, Agreement]]:
    """Against ``solutions.holistic``, which runs pose and hand networks besides: its cost is shown, not compared."""
    detector, face = (_write(folder / f"{n.role}.onnx", n.model) for n in face_networks())
    commands = {
        REFERENCE: worker_command(reference, "mediapipe-face"),
        "fp32": worker_command(sys.executable, "fingerpost-face", str(detector), str(face)),
    }
    images = scenes.moving_face()
    path = scenes.write_scene(folder / "face.npz", images)
    found = {}
    for name, command in commands.items():
        with Backend(f"{name}-face", command, folder) as backend:
            found[name] = backend.run(path)
    cost = Cost("face (MediaPipe: holistic)", "CPU ms a frame", {n: _milliseconds([f]) for n, f in found.items()})
    sizes = [(image.shape[1], image.shape[0]) for image in images]
    return cost, {"fp32": compare(found[REFERENCE], found["fp32"], sizes, range(len(images)))}


def _agreements(found: Mapping[str, Found], images: Sequence[object], frames: Sequence[int]) -> dict[str, Agreement]:
    sizes = [(image.shape[1], image.shape[0]) for image in images]  # type: ignore[attr-defined]
    return {name: compare(found[REFERENCE], found[name], sizes, frames) for name in OURS}


def _starts(
    commands: Mapping[str, Sequence[str]], first: Path, folder: Path
) -> tuple[dict[str, float], dict[str, int]]:
    """Seconds from the start of a process to its first landmarks, the best of a few; and its memory then."""
    best = dict.fromkeys(commands, float("inf"))
    peaks = dict.fromkeys(commands, 0)
    for _ in range(_STARTS):
        for name, command in commands.items():
            with Backend(name, command, folder) as backend:
                backend.run(first)
                best[name] = min(best[name], backend.age)
                peaks[name] = max(peaks[name], backend.peak)
    return best, peaks


def _milliseconds(rounds: Sequence[Found]) -> float:
    """Mean over the frames after the warm-up, of each frame's best round: what disturbs a machine only ever adds."""
    best = np.stack([found.cpu for found in rounds]).min(axis=0)
    return 1e3 * float(best[_WARMUP_FRAMES:].mean())


def _networks(bundle: Bundle | None) -> dict[tuple[str, str], bytes]:
    if bundle is None or "int8" not in bundle.manifest.variants("hand"):
        return {(n.role, n.variant): n.model for n in hand_networks(precisions=OURS)}
    hands = [n for n in bundle.manifest.networks if n.role in ("palm", "hand")]
    return {(n.role, n.variant): bundle.network(n.role, n.variant) for n in hands}


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def print_landmarks(result: LandmarkResult, console: Console | None = None) -> None:
    """The result as two tables."""
    console = console or Console()
    if not console.is_terminal:
        console.width = max(console.width, 120)
    costs = Table(title="Cost against MediaPipe 0.10.21 (one thread each)")
    for name in ("case", "unit", REFERENCE, *(word for p in OURS for word in (p, "ratio")), "target"):
        costs.add_column(name, justify="left" if name in ("case", "unit") else "right")
    for cost in result.costs:
        cells = [
            word
            for p in OURS
            for word in ((f"{cost.values[p]:.2f}", f"{cost.ratio(p):.2f}") if p in cost.values else ("", ""))
        ]
        target = TARGETS.get(cost.case)
        costs.add_row(
            cost.case, cost.unit, f"{cost.values[REFERENCE]:.2f}", *cells, f"<= {target:.2f}" if target else ""
        )
    console.print(costs)
    table = Table(title="Agreement with it, in percent of the hand's (the face's) size")
    for name in ("scene", "precision", "mean", "median", "p95", "depth", "found", "missed", "extra", "other side"):
        table.add_column(name, justify="left" if name in ("scene", "precision") else "right")
    for scene, rows in result.agreements.items():
        for precision, row in rows.items():
            shares = (f"{100 * value:.3f}" for value in (row.mean, row.median, row.p95, row.depth))
            counts = (str(n) for n in (row.hands, row.missed, row.extra, row.sides))
            table.add_row(scene, precision, *shares, *counts)
    console.print(table)
    for scene, read in result.letters.items():
        counts = (f"{name} {one.right}/{one.n} ({100 * one.accuracy:.1f} %)" for name, one in read.items())
        console.print(f"Letters read, {scene}: {', '.join(counts)}")

"""The landmark suite: our hand pipeline, fp32 and int8, beside MediaPipe itself, on the same frames in one run.

MediaPipe runs in its own environment (``--reference PYTHON``, default ``.venv-ref``) as ``solutions.hands`` with the
full networks, video mode, two hands allowed. Each backend has a process and one thread; scenes go to one after the
other in turn, several rounds, and what is compared is CPU time of the whole process per frame. Real pictures need
``--data DIR``; without it, only the shipped clip and a portrait are compared.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence, Set
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import fingerprint, report
from benchmarks import landmarks_scenes as scenes
from benchmarks.landmarks_agreement import Agreement, compare, jitter
from benchmarks.landmarks_backend import Backend, Found, worker_command
from benchmarks.landmarks_letters import LetterReader, Letters, tally
from benchmarks.landmarks_report import CPU, print_landmarks
from benchmarks.landmarks_results import OURS, REFERENCE, Cost, LandmarkResult
from benchmarks.landmarks_scenes import Scene
from benchmarks.output import save
from edge.bundle.manifest import Precision, Role
from edge.bundle.reader import Bundle, open_bundle
from edge.cli import Parser
from edge.errors import DependencyError
from edge.types import UInt8Array
from export.graphs.faces import face_networks
from export.graphs.hands import hand_networks

_STARTS = 3
_WARMUP_FRAMES = 25
_PANNED = 12
"""Pictures of each source that are set in motion."""
_HELD = 3
"""Pictures of each source on which jitter is measured."""

_Networks = Mapping[tuple[Role, Precision], bytes]
_HANDS: Set[tuple[Role, Precision]] = {("palm", "fp32"), *(("hand", precision) for precision in OURS)}
_FACES: Set[tuple[Role, Precision]] = {("face-detector", "fp32"), ("face", "fp32")}


@dataclass(frozen=True, slots=True)
class Pictures:
    """Real pictures: ``agreement`` and ``letters`` say how many of each source are compared, and read as letters."""

    data: Path
    agreement: int
    letters: int


def main(argv: Sequence[str]) -> int:
    """Run the suite; raises FingerpostError."""
    options = _parser().parse_args(argv)
    if not options.reference.exists():
        raise DependencyError(
            "no environment with MediaPipe", where=options.reference, remedy="`make venv-ref`, or name its Python"
        )
    with tempfile.TemporaryDirectory(prefix="fingerpost-landmarks-") as folder, ExitStack() as stack:
        bundle = stack.enter_context(open_bundle(options.bundle)) if options.bundle else None
        result = measure(
            bundle,
            folder=Path(folder),
            reference=options.reference,
            rounds=options.rounds,
            pictures=Pictures(options.data, options.pictures, options.letters) if options.data else None,
        )
    if options.save is not None:
        save(result, options.save)
    if options.json:
        report.print_json(result)
    else:
        print_landmarks(result, markdown=options.markdown)
    return 0


def measure(
    bundle: Bundle | None, *, folder: Path, reference: Path, rounds: int, pictures: Pictures | None
) -> LandmarkResult:
    """Run everything; ``folder`` takes the scenes, ``reference`` is the Python that has MediaPipe.

    The networks are the bundle's, or the export's own where it does not have them all; letters are read with its
    classifier.
    """
    machine = fingerprint.take()
    networks, origin = _networks(bundle)
    commands = {REFERENCE: worker_command(reference, "mediapipe")}
    palm = _write(folder / "palm.onnx", networks["palm", "fp32"])
    for precision in OURS:
        hand = _write(folder / f"hand-{precision}.onnx", networks["hand", precision])
        commands[precision] = worker_command(sys.executable, "fingerpost", str(palm), str(hand))
    starts, peaks = _starts(commands, folder)
    letters, jitters = None, {}
    with ExitStack() as stack, report.progress() as progress:
        backends = {name: stack.enter_context(Backend(name, command, folder)) for name, command in commands.items()}
        costs, agreements = {}, {}
        for name, make in progress.track(list(scenes.TIMED.items()), "timing"):
            costs[name], agreements[f"rendered, {name}"] = _timed(backends, make(), folder, rounds)
        peaks = {name: max(peaks[name], backend.peak) for name, backend in backends.items()}
        if pictures is not None:
            for name, scene, frames in progress.track(_real(pictures), "real pictures"):
                agreements[name] = _agreements(_run(backends, scene, folder), scene, frames)
            panned = _panned(pictures)
            agreements["real pictures panned"] = _unsettled(backends, panned, folder)
            jitters = {name: _jitters(backends, scene, folder) for name, scene in _held(pictures).items()}
            if bundle is not None:
                letters = _letters(LetterReader(bundle), backends, pictures, folder)
    costs["face (MediaPipe: holistic)"], faces = _face(networks, reference, folder)
    costs["peak memory"] = Cost("MiB", {name: peak / 2**20 for name, peak in peaks.items()})
    costs["start to first landmarks"] = Cost("s", starts)
    seen = {name: rows for name, rows in agreements.items() if any(row.hands for row in rows.values())}
    return LandmarkResult(origin, machine, costs, seen, {"portrait, moving": faces}, jitters, letters)


def _timed(
    backends: Mapping[str, Backend], scene: Scene, folder: Path, rounds: int
) -> tuple[Cost, dict[str, Agreement]]:
    path = scene.write(folder / "scene.npz")
    found: dict[str, list[Found]] = {name: [] for name in backends}
    for _ in range(rounds):
        for name, backend in backends.items():
            found[name].append(backend.run(path))
    cost = Cost(CPU, {name: _milliseconds(all_rounds) for name, all_rounds in found.items()})
    first = {name: all_rounds[0] for name, all_rounds in found.items()}
    return cost, _agreements(first, scene, range(len(scene.order)))


def _real(pictures: Pictures) -> Sequence[tuple[str, Scene, Sequence[int]]]:
    found = []
    for source in scenes.SOURCES:
        paths = scenes.real_pictures(pictures.data, source, pictures.agreement)
        scene, frames = scenes.stills([scenes.read_picture(path) for path in paths])
        found.append((f"real pictures ({source})", scene, frames))
    return found


def _panned(pictures: Pictures) -> Scene:
    return scenes.moving(*(scenes.panned(image) for image in _few(pictures, _PANNED)))


def _held(pictures: Pictures) -> dict[str, Scene]:
    images = _few(pictures, _HELD)
    return {
        "hands held still": scenes.still_with_noise(images),
        "hands moving slowly": scenes.slow_with_noise(images),
    }


def _few(pictures: Pictures, count: int) -> list[UInt8Array]:
    paths = [path for source in scenes.SOURCES for path in scenes.real_pictures(pictures.data, source, count)]
    return [scenes.read_picture(path) for path in paths]


def _unsettled(backends: Mapping[str, Backend], scene: Scene, folder: Path) -> dict[str, Agreement]:
    """The agreement, and how far MediaPipe moves when the last bit of the pictures is changed."""
    found = _run(backends, scene, folder)
    changed = backends[REFERENCE].run(scenes.last_bit_changed(scene).write(folder / "scene.npz"))
    every = range(len(scene.order))
    itself = compare(found[REFERENCE], changed, scene.sizes, every)
    return {REFERENCE: itself, **_agreements(found, scene, every)}


def _jitters(backends: Mapping[str, Backend], scene: Scene, folder: Path) -> dict[str, float]:
    found = _run(backends, scene, folder)
    return {name: jitter(one, scene.sizes, scene.starts) for name, one in found.items()}


def _letters(reader: LetterReader, backends: Mapping[str, Backend], pictures: Pictures, folder: Path) -> Letters:
    right = {}
    for source in scenes.SOURCES:
        paths = scenes.real_pictures(pictures.data, source, pictures.letters)
        scene, frames = scenes.stills([scenes.read_picture(path) for path in paths])
        truth = [path.parent.name for path in paths]
        found = _run({name: backends[name] for name in OURS}, scene, folder)
        right[source] = {name: reader.right(one, truth, scene.sizes, frames) for name, one in found.items()}
    return tally(right)


def _face(networks: _Networks, reference: Path, folder: Path) -> tuple[Cost, dict[str, Agreement]]:
    """Against ``solutions.holistic``, which runs pose and hand networks besides: its cost is shown, not compared."""
    detector = _write(folder / "face-detector.onnx", networks["face-detector", "fp32"])
    face = _write(folder / "face.onnx", networks["face", "fp32"])
    commands = {
        REFERENCE: worker_command(reference, "mediapipe-face"),
        "fp32": worker_command(sys.executable, "fingerpost-face", str(detector), str(face)),
    }
    scene = scenes.moving_face()
    path = scene.write(folder / "scene.npz")
    found = {}
    for name, command in commands.items():
        with Backend(f"{name}-face", command, folder) as backend:
            found[name] = backend.run(path)
    cost = Cost(CPU, {name: _milliseconds([one]) for name, one in found.items()})
    return cost, {"fp32": compare(found[REFERENCE], found["fp32"], scene.sizes, range(len(scene.order)))}


def _run(backends: Mapping[str, Backend], scene: Scene, folder: Path) -> dict[str, Found]:
    path = scene.write(folder / "scene.npz")
    return {name: backend.run(path) for name, backend in backends.items()}


def _agreements(found: Mapping[str, Found], scene: Scene, frames: Sequence[int]) -> dict[str, Agreement]:
    return {name: compare(found[REFERENCE], found[name], scene.sizes, frames) for name in OURS}


def _starts(commands: Mapping[str, Sequence[str]], folder: Path) -> tuple[dict[str, float], dict[str, int]]:
    """Seconds from the start of a process to its first landmarks, the best of a few; and its memory then."""
    first = scenes.moving(scenes.one_hand().images[:1]).write(folder / "scene.npz")
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


def _networks(bundle: Bundle | None) -> tuple[_Networks, str]:
    """All networks that are compared, and where they are from."""
    carried: dict[tuple[Role, Precision], bytes] = {}
    if bundle is not None:
        there = ((n.role, n.variant) for n in bundle.manifest.networks)
        carried = {key: bundle.network(*key) for key in there if key in _HANDS | _FACES}
    built = () if carried.keys() >= _HANDS else hand_networks(precisions=OURS)
    built += () if carried.keys() >= _FACES else face_networks()
    made = {(n.role, n.variant): n.model for n in built}
    missing = ", ".join(" ".join(key) for key in made if key not in carried)
    origin = " and ".join(([bundle.title] if bundle else []) + ([f"this export ({missing})"] if missing else []))
    return {**made, **carried}, origin


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _parser() -> Parser:
    parser = Parser(prog="python -m benchmarks landmarks", description=__doc__)
    parser.add_argument("--bundle", type=Path, help="measure its networks, read letters with its classifier")
    parser.add_argument("--data", type=Path, help="folder with letters_images, for agreement on real pictures")
    parser.add_argument("--reference", type=Path, default=Path(".venv-ref/bin/python"), help="Python with mediapipe")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pictures", type=int, default=100, help="real pictures of each source, compared")
    parser.add_argument("--letters", type=int, default=1000, help="real pictures of each source, read as letters")
    parser.add_argument("--save", type=Path, metavar="DIR", help="keep the result as JSON, named after the machine")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="one JSON object")
    output.add_argument("--markdown", action="store_true", help="the table of the README")
    return parser

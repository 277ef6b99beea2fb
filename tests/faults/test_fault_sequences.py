"""Faults in any order, made up by Hypothesis: the loop lives on or ends as documented, and no text is lost.

First the loop in this process, with fakes for all that touches the world; then cameras in real processes of their own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from benchmarks.endurance.tree import tree
from edge.bundle.files import RealFiles
from edge.bundle.reader import open_bundle
from edge.bundle.samples import write_sample
from edge.bundle.store import Store
from edge.bundle.trial import TrialGate
from edge.capture.base import Delivers
from edge.capture.camera import Camera
from edge.capture.spec import CameraSpec
from edge.capture.watch import WatchSettings
from edge.errors import EngineError, FingerpostError, SourceError, StoreError
from edge.landmarks.fake import no_hands
from edge.language import Composer
from edge.outputs import FakeOutput
from edge.runtime import Runtime
from edge.service.board import fake_board
from edge.service.health import Health
from edge.service.notify import FakeNotifier
from edge.types import Caption, Frame, Guess, Hands, SignEvent, State

LETTERS = "ABCDEFGHIKLMNOPQRSTUVWXY"
FAULTS = ("away", "away-long", "jump", "back", "tiny", "huge", "hot", "cool", "engine", "lost", "output", "full-disk")
ENDING = {"engine": EngineError, "lost": SourceError, "output": RuntimeError}
"""Faults that end the run, and as what; systemd starts it again then."""


@dataclass
class World:
    """The clock, and what the fakes are to do next."""

    board: Path
    now: float = 1000.0
    broken: str = ""
    disk_full: bool = False

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class FaultyCamera:
    """Delivers a picture for each letter, and does what each fault asks in between."""

    delivers: Delivers = "frames"
    live = True
    length = None
    dropped = 0

    def __init__(self, world: World, steps: list[str]) -> None:
        self._world, self._steps = world, steps
        self._time, self._size = 0.0, (48, 64)
        self.delivered = self.states = 0
        self.closed = False

    def __iter__(self) -> Iterator[Frame | State]:
        for step in self._steps:
            self._world.now += 0.1
            self._time += 0.1
            if step in ("away", "away-long"):
                for _ in range(2 if step == "away" else 40):
                    self._world.now += 1.0
                    self.states += 1
                    yield State("camera-lost", self._world.now, "no picture comes")
            elif step == "lost":
                raise SourceError("the camera stopped giving pictures", where="fake")
            else:
                self._play(step)
            self.delivered += 1
            picture = np.zeros((*self._size, 3), np.uint8)
            yield Frame(picture, self._time, self._world.now, self.delivered)

    def close(self) -> None:
        self.closed = True

    def _play(self, step: str) -> None:
        if step in ("jump", "back"):
            self._time += {"jump": 3600.0, "back": -50.0}[step]
        elif step in ("tiny", "huge"):
            self._size = {"tiny": (1, 1), "huge": (1080, 1920)}[step]
        elif step in ("hot", "cool"):
            fake_board(self._world.board, temperature=95.0, throttled=0xF if step == "hot" else 0)
        elif step in ("engine", "output"):
            self._world.broken = step
        elif step == "full-disk":
            self._world.disk_full = True


class FaultyLandmarker:
    def __init__(self, world: World) -> None:
        self._world = world

    def process(self, frame: Frame) -> Hands:
        if self._world.broken == "engine":
            raise EngineError("inference failed", where="hand int8")
        return no_hands(frame)

    def reset(self) -> None:
        pass

    def close(self) -> None:
        pass


class LetterAFrame:
    """Decides one letter of the alphabet for each frame."""

    finite = True
    guess: Guess | None = None

    def __init__(self) -> None:
        self.decided = ""

    def push(self, hands: Hands) -> list[SignEvent | State]:
        letter = LETTERS[len(self.decided) % len(LETTERS)]
        self.decided += letter
        return [SignEvent(letter, "letter", 0.9, hands.time, hands.time, hands.captured)]

    def finish(self) -> list[SignEvent | State]:
        return []


class FaultyOutput(FakeOutput):
    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def show(self, item: object) -> None:
        if self._world.broken == "output" and isinstance(item, Caption):
            raise RuntimeError("an output that nobody guarded")
        super().show(item)  # type: ignore[arg-type]


class SwitchedFiles(RealFiles):
    """A disk that becomes full when the world says so."""

    def __init__(self, world: World) -> None:
        self._world = world

    def write(self, path: Path, pieces: Iterable[bytes]) -> None:
        if self._world.disk_full:
            raise StoreError("cannot be written", where=path, found="No space left on device")
        super().write(path, pieces)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample(tmp_path_factory.mktemp("bundle") / "a.bundle")


@pytest.mark.slow
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(["full-disk", "fine", "hot", "away-long", "jump", "fine", "engine"])
@example(["away-long", "lost"])
@given(st.lists(st.sampled_from(("fine", *FAULTS)), min_size=1, max_size=14))
def test_the_loop_outlives_any_faults_or_ends_as_documented(
    bundle: Path, tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("run")
    world = World(folder / "board")
    store = Store(folder / "store", files=SwitchedFiles(world))
    with open_bundle(bundle) as opened:
        store.install(opened)
    store.activate("sample")
    trial = TrialGate(store, healthy_seconds=0.25, clock=world.clock)
    health = Health(fake_board(world.board), clock=world.clock)
    camera, recogniser, output = FaultyCamera(world, steps), LetterAFrame(), FaultyOutput(world)
    notifier = FakeNotifier(supervised=True)
    runtime = Runtime(
        camera,
        landmarker=FaultyLandmarker(world),
        recogniser=recogniser,
        composer=Composer(),
        outputs=[output],
        notifier=notifier,
        trial=trial,
        observers=[health],
        health=health,
        clock=world.clock,
        sleep=world.sleep,
    )
    ended: Exception | None = None
    try:
        with trial.judged():
            runtime.run()
    except (FingerpostError, RuntimeError) as error:
        ended = error

    expected = next((ENDING[step] for step in steps if step in ENDING), None)
    assert type(ended) is (expected or type(None)), ended
    assert camera.closed

    # The watchdog is fed by frames and by a camera that says it is away, and by nothing else.
    fed = [name for name, _ in notifier.told].count("watchdog")
    assert fed <= camera.delivered + camera.states
    through = len(recogniser.decided) - (expected is RuntimeError)
    assert fed == through + camera.states
    assert [name for name, _ in notifier.told].count("ready") == min(through, 1)

    # Each caption is the one before with more, and the last one has every letter that was decided.
    for before, after in pairwise(output.captions):
        assert _letters(after).startswith(_letters(before))
    shown = _letters(output.captions[-1]) if output.captions else ""
    assert shown == recogniser.decided[:through]


def _letters(text: str) -> str:
    return text.replace(" ", "")


QUICK = WatchSettings(stall=0.5, start=20.0, frozen=0.7, lost=1.0, pause=0.05, longest_pause=0.1, steady=0.2)
STARTS = ("end", "exit", "absent", "frames:5 hang", "frames:5 end", "frames:5 exit", "frames:30 freeze",
          "frames:5 32x24 frames:5 end", "frames:3 1921x1080", "frames:5 1x1 frames:5 exit")  # fmt: skip


@pytest.mark.slow
@settings(max_examples=4, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(STARTS), min_size=1, max_size=3))
def test_a_camera_comes_back_after_any_faults_and_leaves_nothing_behind(starts: list[str]) -> None:
    """Real processes and shared memory."""
    files, begin = _open_files(), time.monotonic()
    camera = Camera(
        CameraSpec("fake", "fake", size=(64, 48), fps=100.0, command=(*starts, "")), patient=True, settings=QUICK
    )
    for item in camera:
        well = isinstance(item, Frame) and camera.restarts == len(starts)
        if isinstance(item, Frame):
            assert item.image.ndim == 3 and item.image.shape[2] == 3
        if well:
            camera.close()
        assert time.monotonic() - begin < 60, (starts, camera)
    assert camera.restarts == len(starts)
    assert _open_files() == files
    assert not _grabbers()


def _open_files() -> int:
    return sum(1 for _file in Path("/proc/self/fd").iterdir())


def _grabbers() -> list[int]:
    """Camera processes that this process has left."""
    mine = tree(os.getpid())[1:]
    return [pid for pid in mine if b"edge.capture.child" in Path(f"/proc/{pid}/cmdline").read_bytes()]

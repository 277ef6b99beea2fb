from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.capture.fake import FakeSource
from edge.capture.live import as_live
from edge.capture.recording import LandmarkRecording
from edge.controls import Controls
from edge.errors import CheckFailedError, EngineError, SourceError
from edge.landmarks.fake import FakeLandmarker, no_hands
from edge.language import Composer
from edge.outputs import FakeOutput, FakeViewer
from edge.runtime import Runtime
from edge.service.notify import FakeNotifier
from edge.summary import FrameTimes
from edge.types import Action, Caption, Frame, Gesture, Guess, Hands, Sentence, SignEvent, State


class Letters:
    """A recogniser that decides a letter every ``every`` frames, and one more when the source ends."""

    def __init__(self, word: str = "HELLO", every: int = 2) -> None:
        self._rest = list(word)
        self._every = every
        self.pushed: list[Hands] = []
        self.finite = True
        self.guess: Guess | None = None
        self.finished = 0

    def push(self, hands: Hands) -> list[SignEvent | State]:
        self.pushed.append(hands)
        self.guess = Guess("Q", "letter", 0.5, (("G", 0.25),), hands.time)
        if len(self.pushed) % self._every or not self._rest:
            return []
        return [State("hand", hands.time), self._sign(hands)]

    def finish(self) -> list[SignEvent | State]:
        self.finished += 1
        return [replace(self._sign(self.pushed[-1]), label="!")] if self.pushed else []

    def _sign(self, hands: Hands) -> SignEvent:
        return SignEvent(self._rest.pop(0) if self._rest else "?", "letter", 0.9, 0.0, hands.time, hands.captured)


class Typing:
    """A composer that appends; ``nothing`` changes nothing."""

    text = ""

    def apply(self, result: SignEvent | State) -> str:
        if isinstance(result, SignEvent) and result.label != "_":
            self.text += result.label
        return self.text

    def act(self, action: Action) -> str:
        self.text = "" if action.name == "clear" else self.text
        return self.text

    def take_back(self, since: float) -> str:
        return self.text

    def new_scene(self) -> None:
        pass


def make(source: object, **options: object) -> tuple[Runtime, FakeOutput, FakeNotifier, Letters]:
    recogniser = options.pop("recogniser", None) or Letters()
    output, notifier = FakeOutput(), FakeNotifier()
    parts = {"landmarker": FakeLandmarker(no_hands), "composer": Typing()} | options
    runtime = Runtime(source, recogniser=recogniser, outputs=[output], notifier=notifier, **parts)
    return runtime, output, notifier, recogniser


def test_a_file_goes_through_whole_and_in_order():
    source = FakeSource(count=12)
    runtime, output, _, recogniser = make(source)
    summary = runtime.run()
    assert [hands.index for hands in recogniser.pushed] == list(range(12))
    assert output.signs == [*"HELLO", "!"]
    assert output.captions == ["H", "HE", "HEL", "HELL", "HELLO", "HELLO!"]
    assert output.states == ["starting"] + ["hand"] * 5 + ["ended"]
    assert output.items[-1] is summary
    assert source.closed


def test_a_caption_follows_its_sign_and_carries_the_latency_of_the_frame_that_caused_it():
    runtime, output, _, _ = make(FakeSource(count=4), landmarker=FakeLandmarker(slow(0.02)))
    runtime.run()
    sign = next(n for n, item in enumerate(output.items) if isinstance(item, SignEvent))
    caption = output.items[sign + 1]
    assert isinstance(caption, Caption) and caption.event is output.items[sign]
    assert caption.latency is not None and 0.02 <= caption.latency < 0.2
    last = [item for item in output.items if isinstance(item, Caption)][-1]
    assert last.text == "HE!" and last.latency is None


def test_a_sign_that_changes_no_text_makes_no_caption():
    runtime, output, _, _ = make(FakeSource(count=6), recogniser=Letters("A_B"))
    runtime.run()
    assert output.captions == ["A", "AB", "AB!"]
    assert output.signs == ["A", "_", "B", "!"]


def test_the_summary_counts_and_measures():
    runtime, _, _, _ = make(FakeSource(count=12), landmarker=FakeLandmarker(slow(0.01)), bundle="b 1", variant="int8")
    summary = runtime.run()
    assert (summary.frames, summary.dropped, summary.signs, summary.captions) == (12, 0, 6, 6)
    assert summary.text == "HELLO!" and (summary.bundle, summary.variant) == ("b 1", "int8")
    assert {stage: spread.n for stage, spread in summary.stages.items()} == dict.fromkeys(
        ("capture", "landmarks", "recognition", "total"), 12
    )
    landmarks, total = summary.stages["landmarks"], summary.stages["total"]
    assert 0.01 <= landmarks.p50 <= landmarks.p90 <= landmarks.p99
    assert total.p50 >= landmarks.p50
    assert summary.latency is not None and summary.latency.n == 5 and summary.latency.p50 >= 0.01
    assert summary.seconds >= 12 * 0.01 and summary.fps == pytest.approx(12 / summary.seconds)
    assert summary.peak_memory > 10 << 20


def test_a_live_source_drops_rather_than_queues():
    live = as_live(FakeSource(count=60, fps=120), where="fake")
    runtime, _, _, recogniser = make(live, landmarker=FakeLandmarker(slow(0.05)))
    summary = runtime.run()
    assert summary.frames + summary.dropped == 60
    assert summary.dropped > 30
    assert recogniser.pushed[-1].index == 59
    # What is shown is about now: a frame waits no longer than one slow frame takes, however long it goes on.
    assert summary.stages["capture"].p99 < 0.05
    assert summary.stages["total"].p99 < 0.15


def test_a_recording_needs_no_landmarker(tmp_path: Path):
    np.savez(tmp_path / "r.npz", landmarks=np.zeros((8, 2, 21, 3), np.float32))
    runtime, output, _, recogniser = make(LandmarkRecording(tmp_path / "r.npz"), landmarker=None)
    summary = runtime.run()
    assert len(recogniser.pushed) == 8 and output.captions[-1] == "HELL!"
    assert "landmarks" not in summary.stages


def test_systemd_is_told_ready_after_the_first_frame_and_alive_at_each():
    order: list[str] = []
    runtime, _, notifier, _ = make(
        FakeSource(count=3), landmarker=FakeLandmarker(lambda frame: order.append("frame") or no_hands(frame))
    )
    notifier.ready = lambda text="": order.append("ready")
    runtime.run()
    assert order == ["frame", "ready", "frame", "frame"]
    told = [kind for kind, _text in notifier.told]
    assert told.count("watchdog") == 3 and told[-1] == "stopping"


def test_a_source_that_never_delivers_is_never_ready():
    runtime, _, notifier, _ = make(FakeSource(count=0, error=SourceError("no picture came", where="/dev/video0")))
    with pytest.raises(SourceError):
        runtime.run()
    assert [kind for kind, _text in notifier.told] == ["stopping"]


def test_stop_ends_after_the_frame_that_it_is_at_without_deciding_what_is_pending():
    source = FakeSource(count=100)
    runtime, output, _, recogniser = make(source)
    recogniser.push = lambda hands, push=recogniser.push: (runtime.stop() if hands.index == 5 else None) or push(hands)
    summary = runtime.run()
    assert summary.frames == 6 and source.closed
    assert output.captions[-1] == "HEL" and output.states[-1] == "ended"
    assert output.summary.text == "HEL"


def test_a_run_of_a_camera_that_is_lost_shows_it_and_what_was_read():
    source = FakeSource(count=4, live=True, error=SourceError("no picture came for 5 s", where="/dev/video0"))
    runtime, output, _, _ = make(source)
    with pytest.raises(SourceError, match="no picture came"):
        runtime.run()
    assert output.states[-2:] == ["camera-lost", "ended"]
    assert output.summary.text == "HE!" and output.summary.frames == 4


def test_a_clip_that_is_cut_off_gives_what_was_read_and_the_error():
    runtime, output, _, _ = make(FakeSource(count=10, error=SourceError("the video ends early")))
    with pytest.raises(SourceError, match="ends early"):
        runtime.run()
    assert "camera-lost" not in output.states
    assert output.summary.text == "HELLO!"


def test_a_failing_engine_releases_the_source():
    def broken(_frame: object) -> Hands:
        raise EngineError("inference failed")

    source = FakeSource(count=10)
    runtime, _, _, _ = make(source, landmarker=FakeLandmarker(broken))
    with pytest.raises(EngineError):
        runtime.run()
    assert source.closed


def test_the_number_of_frames_can_be_limited():
    source = FakeSource(count=100)
    runtime, output, _, _ = make(source, max_frames=4)
    assert runtime.run().frames == 4
    assert source.delivered == 4 and output.captions[-1] == "HE!"


def test_progress_is_told_for_a_source_of_known_length_only():
    seen: list[tuple[int, int]] = []
    make(FakeSource(count=3), progress=lambda done, total: seen.append((done, total)))[0].run()
    assert seen == [(1, 3), (2, 3), (3, 3)]
    make(FakeSource(count=3, live=True), progress=lambda done, total: pytest.fail("no length"))[0].run()


class Timed(FakeSource):
    """A source whose frames have these times."""

    def __init__(self, *times: float) -> None:
        super().__init__(count=len(times))
        self._times = times

    def __iter__(self) -> Iterator[Frame]:
        return (replace(frame, time=time) for frame, time in zip(super().__iter__(), self._times, strict=True))


@pytest.mark.parametrize("times", [(0, 0.1, 5, 5.1), (8, 8.1, 8.05, 8.15), (60, 60.1, 0, 0.1)])
def test_where_time_jumps_the_scene_ends_and_everything_begins_anew(times):
    landmarker = FakeLandmarker(no_hands)
    runtime, output, _, recogniser = make(Timed(*times), landmarker=landmarker)
    runtime.run()
    assert landmarker.resets == 1 and recogniser.finished == 2
    assert output.captions[0:2] == ["H", "H!"], "what was pending is decided before the new scene"


def test_a_pause_of_two_seconds_is_no_jump():
    landmarker = FakeLandmarker(no_hands)
    make(Timed(0, 2, 4, 4), landmarker=landmarker)[0].run()
    assert landmarker.resets == 0


class Judge:
    """Remembers what it was told; ends the run at the first frame that is not finite."""

    def __init__(self) -> None:
        self.seen: list[bool] = []

    def frame(self, *, finite: bool) -> None:
        self.seen.append(finite)
        if not finite:
            raise CheckFailedError("rolled back")


def test_a_trial_is_told_of_every_frame_and_can_end_the_run():
    judge = Judge()
    make(FakeSource(count=3), trial=judge)[0].run()
    assert judge.seen == [True] * 3
    source, recogniser = FakeSource(count=9), Letters()
    recogniser.finite = False
    runtime, _, notifier, _ = make(source, recogniser=recogniser, trial=judge)
    with pytest.raises(CheckFailedError):
        runtime.run()
    assert source.closed and source.delivered == 1
    assert not [kind for kind, _text in notifier.told if kind == "ready"], "it never was"


def slow(seconds: float):
    def process(frame):
        time.sleep(seconds)
        return no_hands(frame)

    return process


class Talk:
    """Sentences that are due at the fourth frame and at the end."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    def due(self, now: float) -> list[Sentence]:
        self.asked.append(now)
        return [Sentence("due", "DUE", now, "fake")] if len(self.asked) == 4 else []

    def ask(self, now: float) -> bool:
        return False

    def finish(self, now: float) -> list[Sentence]:
        return [Sentence("rest", "REST", now, "fake")]


def test_sentences_are_shown_when_they_are_due_and_the_last_before_the_end():
    talk = Talk()
    runtime, output, _, _ = make(FakeSource(count=6), sentences=talk)
    summary = runtime.run()
    assert output.sentences == ["due", "rest"]
    assert len(talk.asked) == 6
    assert output.captions[-1] == summary.text
    assert [type(item).__name__ for item in output.items[-4:]] == ["Sentence", "Past", "State", "Summary"]


def test_a_run_that_is_stopped_says_no_sentence():
    runtime, output, _, recogniser = make(FakeSource(count=100), sentences=(talk := Talk()))
    recogniser.push = lambda hands, push=recogniser.push: (runtime.stop() if hands.index == 1 else None) or push(hands)
    runtime.run()
    assert output.sentences == []
    assert len(talk.asked) == 2


class Away:
    """A live source: ``frames`` pictures, then ``states`` while the camera is away, then ``frames`` again."""

    delivers = "frames"
    live = True
    length = None
    dropped = 0

    def __init__(self, *, frames: int, states: int, first: bool = True) -> None:
        self._frames, self._states, self._first = frames, states, first

    def __iter__(self) -> Iterator[Frame | State]:
        if self._first:
            yield from FakeSource(count=self._frames)
        for second in range(self._states):
            yield State("camera-lost", 10.0 + second, "no picture for 2.5 s" if second < 2 else "no camera")
        for frame in FakeSource(count=self._frames):
            yield replace(frame, time=100 + frame.time, index=self._frames + frame.index)

    def close(self) -> None:
        pass


def test_a_camera_that_is_away_is_shown_once_for_each_reason_and_keeps_the_watchdog_quiet():
    runtime, output, notifier, recogniser = make(Away(frames=4, states=5))
    runtime.run()
    assert output.states.count("camera-lost") == 2
    assert [told for told in notifier.told if told[0] == "watchdog"] == [("watchdog", "")] * (4 + 5 + 4)
    assert ("status", "camera-lost") in notifier.told
    assert recogniser.finished == 2  # what was pending when the camera went, and at the end
    assert "extend" not in [kind for kind, _text in notifier.told]


def test_while_the_first_picture_is_waited_for_systemd_is_asked_for_patience():
    runtime, _, notifier, _ = make(Away(frames=2, states=3, first=False))
    runtime.run()
    kinds = [kind for kind, _text in notifier.told]
    assert kinds.count("extend") == 3
    assert kinds.index("ready") > max(n for n, kind in enumerate(kinds) if kind == "extend")


class Slow:
    """Health that wants at most ten frames a second."""

    interval = 0.1
    ticks = 0

    def tick(self) -> None:
        self.ticks += 1


def test_a_throttled_board_reads_a_live_source_more_slowly_and_a_file_as_ever():
    for live, naps in ((True, 6), (False, 0)):
        slept: list[float] = []
        runtime, _, _, _ = make(FakeSource(count=6, live=live), health=Slow(), sleep=slept.append)
        runtime.run()
        assert len(slept) == naps
        assert all(0.05 < nap <= 0.1 for nap in slept)


def test_observers_see_what_every_frame_took():
    class Eye:
        def __init__(self) -> None:
            self.seen: list[FrameTimes] = []

        def frame(self, times: FrameTimes) -> None:
            self.seen.append(times)

    eye = Eye()
    runtime, _, _, _ = make(FakeSource(count=3), landmarker=FakeLandmarker(slow(0.01)), observers=[eye])
    summary = runtime.run()
    assert len(eye.seen) == 3 == summary.stages["total"].n
    assert all(times.landmarks >= 0.01 and times.total >= times.landmarks for times in eye.seen)


def test_viewers_see_every_frames_hands_and_the_present_guess():
    viewer = FakeViewer()
    runtime, _, _, recogniser = make(FakeSource(count=3), viewers=[viewer])
    runtime.run()
    assert [hands for hands, _ in viewer.seen] == recogniser.pushed
    assert viewer.guesses == ["Q"] * 3


def test_what_people_ask_for_is_done_before_the_next_frame_and_told_with_its_caption():
    controls = Controls()
    recogniser = Letters()
    push = recogniser.push

    def pressing(hands: Hands) -> list[SignEvent | State]:
        if hands.index == 4:
            assert controls.put(Action("clear", "touch"))
        return push(hands)

    recogniser.push = pressing
    runtime, output, _, _ = make(FakeSource(count=8), recogniser=recogniser, controls=controls)
    runtime.run()
    assert output.captions[:4] == ["H", "HE", "", "L"]
    at = output.items.index(Action("clear", "touch"))
    caption = output.items[at + 1]
    assert isinstance(caption, Caption) and (caption.text, caption.latency) == ("", None)


def test_what_people_ask_for_is_done_while_the_camera_is_away_too():
    controls = Controls()
    source = Away(frames=4, states=3)
    runtime, output, _, _ = make(source, controls=controls)
    show = output.show

    def pressing(item: object) -> None:
        show(item)
        if isinstance(item, State) and item.name == "camera-lost":
            controls.put(Action("clear", "key"))

    output.show = pressing
    runtime.run()
    at = output.items.index(Action("clear", "key"))
    assert output.items[at + 1] == Caption("", 3 / 30)
    assert next(item.name for item in output.items[at:] if isinstance(item, State)) == "camera-lost"


def test_what_was_signed_is_forgotten_while_the_camera_is_away():
    runtime, output, _, _ = make(Away(frames=4, states=6), composer=Composer(), forget_after=3.0)
    runtime.run()
    at = output.items.index(Action("forget", "nobody"))
    assert [item.text for item in output.items[:at] if isinstance(item, Caption)][-1] != ""
    assert output.items[at + 1] == Caption("", 13.0)


def test_how_the_device_is_is_told_beside_what_the_recogniser_does():
    class Hot:
        def __init__(self) -> None:
            self.asked = 0

        def changes(self, now: float) -> list[State]:
            self.asked += 1
            hot = {2: False, 4: True}.get(self.asked)
            return [] if hot is None else [State("too-hot", now, "throttled", over=hot)]

    hot = Hot()
    runtime, output, notifier, _ = make(FakeSource(count=6), conditions=[hot])
    runtime.run()
    assert hot.asked == 6
    assert [(item.time, item.over) for item in output.items if isinstance(item, State) and item.name == "too-hot"] == [
        (pytest.approx(1 / 30), False),
        (pytest.approx(3 / 30), True),
    ]
    assert ("status", "too-hot") not in notifier.told, "the status line is the recogniser's"


def test_the_notice_stays_in_the_supervisors_line_to_the_end():
    runtime, _, notifier, _ = make(FakeSource(count=6), notice="on the CPU, without the GPU: no driver")
    runtime.run()
    lines = [text for kind, text in notifier.told if kind in ("ready", "status")]
    assert len(lines) > 1 and all(line.endswith("; on the CPU, without the GPU: no driver") for line in lines)


def test_a_gesture_of_the_hands_acts_on_the_text():
    class Third:
        def push(self, hands: Hands) -> Gesture | None:
            return Gesture("clear", 0.0, 0.0) if hands.index == 4 else None

    runtime, output, _, _ = make(FakeSource(count=6), gestures=Third())
    runtime.run()
    assert Action("clear", "gesture") in output.items
    assert output.captions[:4] == ["H", "HE", "", "L"]

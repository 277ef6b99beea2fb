"""A service that cannot run shows why, and is tried again when that makes sense."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.errors import BundleError, FingerpostError, UsageError
from edge.outputs.fake import FakeOutput
from edge.service.notify import FakeNotifier
from edge.service.safe_mode import Guard, safe_mode
from edge.starts import LIMIT, PAUSE, STEADY, Starts, read_starts, runtime_folder
from edge.summary import FrameTimes
from edge.types import State

FRAME = FrameTimes(capture=0.001, landmarks=0.02, recognition=0.002, total=0.025, dropped=0)


class Device:
    """Each `start` is a new process of the service on it: the same folder, the same clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "run"
        self.folder.mkdir()
        self.bundle = folder / "active"
        self.bundle.write_text("one")
        self.words = "--source 0"
        self.now = 1000.0

    def start(self) -> Guard:
        return Guard(self.folder, words=self.words, paths=[self.bundle], clock=lambda: self.now)

    def fail(self, error: Exception | None = None) -> None:
        self.now += 6
        with pytest.raises(type(error or BundleError(""))), self.start().attempt():
            raise error or BundleError("the network is damaged", where="classifier")

    def killed(self, word: str = "") -> None:
        """It ends without a chance to say anything; systemd may leave a word."""
        self.now += 6
        self.start().attempt().__enter__()
        if word:
            (self.folder / "ended").write_text(word)

    def run(self, seconds: float, gap: float = 1.0) -> Guard:
        guard = self.start()
        guard.attempt().__enter__()
        for _ in range(int(seconds / gap)):
            guard.frame(FRAME)
            self.now += gap
        guard.frame(FRAME)
        return guard


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path)


def times(count: int, act: Callable[[], None]) -> None:
    for _ in range(count):
        act()


def test_starts_in_vain_lead_to_safe_mode_and_not_before(device: Device) -> None:
    times(LIMIT - 1, device.fail)
    assert not device.start().waiting
    device.fail()
    assert device.start().waiting
    assert device.start().starts.fault == "classifier: the network is damaged"


def test_it_is_tried_again_after_a_pause_and_once_only(device: Device) -> None:
    times(LIMIT, device.fail)
    device.now += PAUSE
    assert not device.start().waiting
    device.fail()
    assert device.start().waiting


def test_a_fault_that_stays_for_a_month_costs_one_start_a_pause(device: Device) -> None:
    begin, starts, month = device.now, 0, 30 * 86_400
    while device.now - begin < month:
        if device.start().waiting:
            device.now += 5
        else:
            device.fail()
            starts += 1
    assert starts <= month / PAUSE + LIMIT


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("watchdog killed KILL", "no frame moved for too long"),
        ("oom-kill killed KILL", "more memory"),
        ("signal killed SEGV", "signal SEGV"),
        ("exit-code exited 1", "code 1"),
        ("", "journal"),
    ],
)
def test_one_that_is_killed_is_counted_and_systemd_says_how_it_ended(device: Device, word: str, said: str) -> None:
    times(LIMIT, lambda: device.killed(word))
    assert device.start().waiting
    assert said in device.start().starts.fault


def test_a_run_that_lasted_forgets_what_was_in_vain(device: Device) -> None:
    times(LIMIT - 1, device.fail)
    device.run(STEADY)
    assert read_starts(device.folder).vain == 0
    times(LIMIT - 1, device.fail)
    assert not device.start().waiting


def test_time_without_frames_does_not_count_as_running(device: Device) -> None:
    times(LIMIT - 1, device.fail)
    device.run(STEADY * 2, gap=30.0)
    assert read_starts(device.folder).vain == LIMIT


def test_stopping_on_purpose_is_not_held_against_it(device: Device) -> None:
    for _ in range(3 * LIMIT):
        with device.start().attempt():
            device.now += 1
    assert read_starts(device.folder).vain == 0


@pytest.mark.parametrize("change", ["bundle", "words", "removed"])
def test_another_bundle_or_other_settings_are_tried_at_once(device: Device, change: str) -> None:
    times(LIMIT, device.fail)
    in_safe_mode = device.start()
    assert in_safe_mode.waiting
    if change == "bundle":
        device.bundle.write_text("another")
    elif change == "removed":
        device.bundle.unlink()
    else:
        device.words = "--source 1"
    assert not device.start().waiting
    assert device.start().starts.vain == 0
    assert in_safe_mode.waiting is (change == "words")


def test_wrong_words_are_not_tried_five_times(device: Device) -> None:
    guard = device.start()
    with guard.attempt():
        raise UsageError("the port cannot be used")
    assert guard.waiting
    assert device.start().waiting


def test_a_fault_of_ours_is_counted_too(device: Device) -> None:
    times(LIMIT, lambda: device.fail(RuntimeError("nobody thought of this")))
    assert "RuntimeError: nobody thought of this" in device.start().starts.fault


def test_a_boot_in_between_does_not_keep_it_waiting(device: Device) -> None:
    times(LIMIT, device.fail)
    device.now = 3.0  # a folder that outlives a boot, where somebody made it so
    assert not device.start().waiting


@pytest.mark.parametrize("text", ["", "{", "[]", '{"vain": 3, "more": 1}', "\x00\xff"])
def test_a_damaged_note_is_no_note(device: Device, text: str) -> None:
    (device.folder / "starts.json").write_text(text)
    assert read_starts(device.folder) == Starts()


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    guard = Guard(tmp_path / "nowhere", words="", paths=[])
    with guard.attempt():
        pass
    assert "starts are not counted" in caplog.text


def test_the_folder_is_the_one_that_systemd_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    assert runtime_folder() == Path("/run/fingerpost")
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    assert runtime_folder() == tmp_path


class TestSafeMode:
    @pytest.fixture
    def guard(self, device: Device) -> Guard:
        times(LIMIT, device.fail)
        return device.start()

    def enter(self, device: Device, guard: Guard, **changes: object) -> tuple[FakeOutput, FakeNotifier]:
        output, notifier = FakeOutput(), FakeNotifier(supervised=True)

        def sleep(seconds: float) -> None:
            device.now += seconds

        words: dict[str, object] = {"stopped": lambda: False, "sleep": sleep, "make_outputs": lambda: [output]}
        safe_mode(guard, notifier=notifier, **(words | changes))  # type: ignore[arg-type]
        return output, notifier

    def test_the_fault_reaches_everybody(self, device, guard, caplog):
        with caplog.at_level(logging.ERROR):
            output, notifier = self.enter(device, guard)
        fault = "classifier: the network is damaged"
        assert State("safe-mode", 0.0, fault) in output.items
        assert ("ready", f"safe mode: {fault}") in notifier.told
        assert fault in caplog.text

    def test_systemd_is_kept_content_until_the_next_try(self, device, guard):
        begin = device.now
        _output, notifier = self.enter(device, guard)
        assert [name for name, _ in notifier.told].count("watchdog") >= PAUSE - 10
        assert device.now - begin <= PAUSE
        assert notifier.told[-1][0] == "stopping"
        assert not device.start().waiting

    def test_it_ends_as_soon_as_another_bundle_is_active(self, device, guard):
        begin = device.now

        def sleep(seconds: float) -> None:
            device.now += seconds
            if device.now > begin + 10:
                device.bundle.write_text("the next")

        self.enter(device, guard, sleep=sleep)
        assert device.now - begin < 15
        assert not device.start().waiting

    def test_stopping_it_means_a_try_at_the_next_start(self, device, guard):
        begin = device.now
        self.enter(device, guard, stopped=lambda: device.now > begin + 3)
        assert device.now - begin < 10
        assert not device.start().waiting
        device.fail()
        assert device.start().waiting

    def test_an_output_that_is_itself_the_fault_is_done_without(self, device, guard):
        def broken() -> list[FakeOutput]:
            raise FingerpostError("the port is in use")

        _output, notifier = self.enter(device, guard, make_outputs=broken)
        assert notifier.told[0][0] == "ready"

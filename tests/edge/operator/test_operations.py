from __future__ import annotations

import json
import logging

import pytest

from edge.config import RunSettings
from edge.errors import FingerpostError, UsageError
from edge.operator.logs import KEPT, RecentLines
from edge.operator.operations import DeviceOperations
from edge.operator.preview import Preview
from edge.operator.pulse import Pulse
from edge.operator.settings import read_settings
from edge.summary import FrameTimes
from edge.types import State


@pytest.fixture
def made(tmp_path):
    stopped: list[str] = []

    def make(*, supervised: bool = True, **settings: object) -> DeviceOperations:
        return DeviceOperations(
            RunSettings("/dev/video9", store=tmp_path, **settings),
            preview=Preview(),
            pulse=Pulse(),
            logs=RecentLines(),
            beside=lambda: (State("on-cpu", 0.0, "there is no NVIDIA driver here"),),
            stop=lambda: stopped.append("stop"),
            supervised=supervised,
        )

    make.stopped = stopped
    make.store = tmp_path
    return make


def test_the_report_is_json_and_tells_of_an_empty_store(made):
    report = json.loads(json.dumps(made().report()))
    assert report["bundle"]["title"] is None and report["settings"]["source"] == "/dev/video9"
    assert report["beside"] == [["on-cpu", "there is no NVIDIA driver here"]]
    assert report["health"]["disk_free"] > 0 and report["health"]["fps"] is None


def test_a_change_is_kept_for_the_next_start(made):
    operations = made()
    operations.change({"source": "csi", "confidence": 0.75})
    assert read_settings(made.store).source == "csi"
    assert operations.report()["settings"]["confidence"] == 0.75


@pytest.mark.parametrize("source", ["gst:filesink location=/etc/passwd", "rtsp://elsewhere/", "/dev/mem", 7])
def test_a_source_that_is_not_listed_is_refused(made, source):
    with pytest.raises(UsageError):
        made().change({"source": source})
    assert read_settings(made.store).source is None


def test_a_restart_needs_somebody_who_starts_it_again(made):
    made().restart()
    assert made.stopped == ["stop"]
    with pytest.raises(UsageError, match="nobody would start this again"):
        made(supervised=False).restart()
    assert made.stopped == ["stop"]


def test_there_must_be_something_to_roll_back_to(made):
    with pytest.raises(FingerpostError):
        made().roll_back()
    assert made.stopped == []


def test_a_bundle_that_was_named_is_not_rolled_back(made, tmp_path):
    with pytest.raises(UsageError, match="was given its bundle"):
        made(bundle=tmp_path / "x.bundle").roll_back()


def test_the_last_lines_of_the_log_are_kept_and_no_more():
    logs = RecentLines()
    logger = logging.getLogger("fingerpost.test.operations")
    logger.addHandler(logs)
    logger.setLevel(logging.INFO)
    for number in range(KEPT + 10):
        logger.info("line %d", number)
    logger.debug("nothing")
    logger.removeHandler(logs)
    lines = logs.lines()
    assert len(lines) == KEPT and lines[-1].endswith(f"line {KEPT + 9}") and "INFO" in lines[0]


def test_the_pulse_counts_frames_of_the_last_seconds():
    now = [0.0]
    pulse = Pulse(clock=lambda: now[0])
    assert pulse.figures()["fps"] is None
    for _ in range(31):
        pulse.frame(FrameTimes(capture=0.0, landmarks=0.01, recognition=0.001, total=0.012, dropped=2))
        now[0] += 0.1
    assert pulse.figures() == {"fps": 10.0, "total_ms": 12.0, "dropped": 2}

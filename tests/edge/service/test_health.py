from __future__ import annotations

import logging

import pytest

from edge.service.board import fake_board
from edge.service.health import Health, HealthSettings
from edge.summary import FrameTimes

RULES = HealthSettings(every=60, look=5, sustained=20, recovered=60, slow_rate=10)
FRAME = FrameTimes(capture=0.001, landmarks=0.02, recognition=0.002, total=0.025, dropped=0)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def health(tmp_path, clock):
    return Health(fake_board(tmp_path), settings=RULES, clock=clock)


def run(health: Health, clock: Clock, seconds: float, step: float = 1.0) -> None:
    for _ in range(int(seconds / step)):
        clock.now += step
        health.frame(FRAME)


def test_a_line_a_minute_says_how_it_went(health, clock, caplog):
    with caplog.at_level(logging.INFO):
        run(health, clock, 120, step=0.5)
    lines = [record.message for record in caplog.records]
    assert len(lines) == 2
    assert lines[0].startswith("frames=120 fps=2.0 dropped=0 total_p50_ms=25.0 total_max_ms=25.0 temperature=45.0")
    assert all(len(word.split("=")) == 2 for word in lines[0].split())


def test_drops_are_counted_by_the_minute(health, clock, caplog):
    with caplog.at_level(logging.INFO):
        for dropped in (7, 7, 10):
            clock.now += 60
            health.frame(FrameTimes(0, 0, 0, 0.01, dropped))
    assert [record.message.split()[2] for record in caplog.records] == ["dropped=7", "dropped=0", "dropped=3"]


def test_without_frames_the_line_still_comes(health, clock, caplog):
    with caplog.at_level(logging.INFO):
        for _ in range(61):
            clock.now += 1
            health.tick()
    assert caplog.records[0].message.startswith("frames=0 fps=0.0 dropped=0 temperature=45.0")


def test_what_changes_on_the_board_is_logged_when_it_changes(health, clock, tmp_path, caplog):
    run(health, clock, 10)
    fake_board(tmp_path, temperature=82, throttled=0x4)
    with caplog.at_level(logging.WARNING):
        run(health, clock, 10)
        fake_board(tmp_path)
        run(health, clock, 10)
    assert [record.message for record in caplog.records] == [
        "limits=throttled temperature=82.0",
        "limits=none temperature=45.0",
    ]


def test_a_board_that_stays_throttled_gets_fewer_frames_until_it_is_well_for_a_while(health, clock, tmp_path):
    run(health, clock, 30)
    assert health.interval == 0
    fake_board(tmp_path, throttled=0x4)
    run(health, clock, 15)
    assert health.interval == 0  # a short dip is nothing
    run(health, clock, 15)
    assert health.interval == pytest.approx(0.1)
    fake_board(tmp_path)
    run(health, clock, 55)
    assert health.interval == pytest.approx(0.1)
    run(health, clock, 15)
    assert health.interval == 0


def test_who_wants_the_readings_gets_them(tmp_path, clock):
    seen = []
    health = Health(fake_board(tmp_path, temperature=61), settings=RULES, clock=clock, told=[seen.append])
    run(health, clock, 20)
    assert len(seen) == 4 and seen[0].temperature == 61 and health.readings == seen[-1]

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.capture.watch import Watch, WatchSettings

NOISE = np.random.default_rng(0).integers(0, 255, (2, 48, 64, 3), np.uint8)
RULES = WatchSettings()


def noisy(watch: Watch, begin: float, end: float, step: float = 0.1) -> None:
    for n, now in enumerate(np.arange(begin, end, step)):
        watch.picture(NOISE[n % 2], float(now))


def test_a_camera_that_delivers_has_no_fault():
    watch = Watch(RULES, 0)
    noisy(watch, 0, 60)
    assert watch.fault(60) == "" and not watch.lost(60)


def test_silence_is_seen_within_three_seconds():
    watch = Watch(RULES, 0)
    noisy(watch, 0, 5)
    assert watch.fault(7) == ""
    assert "no picture for 2.5 s" in watch.fault(7.9)


def test_a_slow_start_is_allowed_more_time_than_a_pause():
    watch = Watch(RULES, 0)
    assert watch.fault(9) == ""
    assert "within 10 s of its start" in watch.fault(10.1)


def test_a_camera_that_had_noise_and_shows_one_picture_is_frozen():
    watch = Watch(RULES, 0)
    noisy(watch, 0, 5)
    for now in np.arange(5, 14.8, 0.1):
        watch.picture(NOISE[0], float(now))
        assert watch.fault(float(now)) == ""
    for now in np.arange(14.8, 16, 0.1):
        watch.picture(NOISE[0], float(now))
    assert "the same picture for 10 s" in watch.fault(16)


def test_a_test_pattern_that_never_moved_is_not_frozen():
    watch = Watch(RULES, 0)
    for now in np.arange(0, 60, 0.1):
        watch.picture(NOISE[0], float(now))
    assert watch.fault(60) == ""


def test_pauses_double_up_to_the_longest_and_steady_pictures_forgive():
    watch = Watch(RULES, 0)
    pauses = [watch.failed() for _ in range(10)]
    assert pauses == [0, 0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    watch.starting(100)
    noisy(watch, 100, 109)
    assert watch.failed() == 30
    watch.starting(200)
    noisy(watch, 200, 211)
    assert watch.failed() == 0


def test_lost_means_no_picture_for_long_whatever_was_tried():
    watch = Watch(RULES, 0)
    noisy(watch, 0, 1)
    watch.starting(3)
    watch.starting(5)
    assert not watch.lost(6.5)
    assert watch.lost(7.1)
    watch.picture(NOISE[0], 7.2)
    assert not watch.lost(7.3)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["noise", "still", "silence", "start"]), st.floats(0.01, 20)), max_size=40))
def test_whatever_happens_a_camera_in_trouble_is_found_out(course):
    """A model of the rules, in the plainest words, agrees after every event."""
    watch, now, started, last, changed, noisy_before, shown = Watch(RULES, 0.0), 0.0, 0.0, None, 0.0, False, None
    for n, (what, seconds) in enumerate(course):
        now += seconds
        if what == "start":
            watch.starting(now)
            started, last, changed, noisy_before, shown = now, None, now, False, None
        elif what != "silence":
            image = n if what == "noise" else -1
            watch.picture(np.full((16, 4, 3), n % 250, np.uint8) if what == "noise" else NOISE[0], now)
            if image != shown:
                noisy_before = noisy_before or shown is not None
                shown, changed = image, now
            last = now
        expected = (
            now - started > RULES.start
            if last is None
            else now - last > RULES.stall or (noisy_before and now - changed > RULES.frozen)
        )
        assert bool(watch.fault(now)) == expected


@pytest.mark.parametrize("failures", [1, 5, 1000])
def test_a_pause_is_never_longer_than_the_longest(failures):
    watch = Watch(RULES, 0)
    assert max(watch.failed() for _ in range(failures)) <= RULES.longest_pause

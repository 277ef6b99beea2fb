from __future__ import annotations

import numpy as np
import pytest

from edge.summary import KEPT, Spread, Summary, Times, peak_memory, spread


def test_percentiles_are_times_that_were_measured():
    assert spread([0.01 * n for n in range(1, 101)]) == Spread(0.5, 0.9, 0.99, 100)
    assert spread([3.0]) == Spread(3.0, 3.0, 3.0, 1)
    assert spread([]) is None


def test_only_the_newest_times_are_kept():
    times = Times()
    for n in range(KEPT + 500):
        times.add(float(n >= 500))
    assert times.spread() == Spread(1.0, 1.0, 1.0, KEPT)


def test_frames_per_second_of_an_empty_run_are_none():
    empty = Summary("", 0, 0, 0, 0, 0.0, {}, None, 0)
    assert empty.fps == 0.0


def test_peak_memory_grows_with_what_is_held():
    before = peak_memory()
    held = np.ones(64 << 20, np.uint8)
    assert peak_memory() - before == pytest.approx(held.nbytes, rel=0.7) or before > 500 << 20

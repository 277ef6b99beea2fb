import sys

import numpy as np
import pytest

from benchmarks.landmarks_agreement import compare, jitter
from benchmarks.landmarks_backend import Backend, Found
from edge.errors import CheckFailedError, DependencyError


def found(*frames):
    """Frames, each a list of (offset of x, right): hands that are a tenth of the picture wide and high."""
    shape = np.linspace(0, 0.1, 21, dtype=np.float32)
    landmarks, right = np.zeros((len(frames), 4, 21, 3), np.float32), np.zeros((len(frames), 4), np.float32)
    for i, hands in enumerate(frames):
        for place, (offset, side) in enumerate(hands):
            landmarks[i, place, :, 0], landmarks[i, place, :, 1] = 0.2 + shape + offset, 0.2 + shape
            right[i, place] = side
    return Found(landmarks, right, np.zeros(len(frames)))


SIZES = [(1000, 1000)] * 3


def test_the_same_hands_agree():
    one = found([(0, 1)], [(0, 1), (0.5, 0)])
    row = compare(one, one, SIZES, [0, 1])
    assert (row.mean, row.p95, row.depth, row.hands, row.missed, row.extra, row.sides) == (0, 0, 0, 3, 0, 0, 0)


def test_distance_is_a_share_of_the_hands_size():
    row = compare(found([(0, 1)]), found([(0.01, 1)]), SIZES, [0])
    assert row.mean == pytest.approx(0.1, rel=1e-3)
    assert row.p95 == pytest.approx(0.1, rel=1e-3)


def test_the_order_of_hands_does_not_matter():
    row = compare(found([(0, 1), (0.5, 0)]), found([(0.5, 0), (0, 1)]), SIZES, [0])
    assert (row.mean, row.hands, row.sides) == (0, 2, 0)


def test_missed_extra_and_swapped_hands_are_counted():
    row = compare(found([(0, 1)], [], [(0, 1)]), found([], [(0, 1)], [(0, 0)]), SIZES, [0, 1, 2])
    assert (row.hands, row.missed, row.extra, row.sides) == (1, 1, 1, 1)


def test_a_hand_elsewhere_is_another_hand():
    row = compare(found([(0, 1)]), found([(0.4, 1)]), SIZES, [0])
    assert (row.hands, row.missed, row.extra) == (0, 1, 1)


def test_a_hand_that_the_reference_reports_twice_is_measured_once_at_its_better_place():
    row = compare(found([(0.03, 1), (0, 1)]), found([(0, 1)]), SIZES, [0])
    assert (row.mean, row.hands, row.missed, row.extra, row.twice) == (0, 1, 0, 0, 1)


def test_two_hands_near_each_other_are_matched_with_their_own():
    row = compare(found([(0.02, 1), (0, 0)]), found([(0.001, 0), (0.021, 1)]), SIZES, [0])
    assert row.mean == pytest.approx(0.01, rel=1e-3)
    assert (row.hands, row.twice, row.sides) == (2, 0, 0)


def test_jitter_is_none_for_smooth_movement_and_the_distance_from_the_middle_else():
    smooth = found(*([(0.01 * i, 1)] for i in range(6)))
    assert jitter(smooth, [(1000, 1000)] * 6, [0]) == pytest.approx(0, abs=1e-5)
    shaking = found(*([(0.01 * (i % 2), 1)] for i in range(6)))
    assert jitter(shaking, [(1000, 1000)] * 6, [0]) == pytest.approx(0.1, rel=1e-3)


def test_jitter_leaves_out_cuts_and_frames_without_just_one_hand():
    jumps = found([(0, 1)], [(0, 1)], [(0, 1)], [(0.5, 1)], [(0.5, 1)], [(0.5, 1)])
    assert jitter(jumps, [(1000, 1000)] * 6, [0]) > 0.1
    assert jitter(jumps, [(1000, 1000)] * 6, [0, 3]) == 0
    doubled = found([(0, 1)], [(0, 1), (0.02, 1)], [(0, 1)])
    assert jitter(doubled, [(1000, 1000)] * 3, [0]) == 0


def test_a_backend_that_dies_says_why(tmp_path):
    command = [sys.executable, "-c", "import sys; sys.exit('no such network')"]
    with pytest.raises(CheckFailedError, match=r"ended before its work was done.*no such network"):
        Backend("broken", command, tmp_path)


def test_a_backend_that_is_not_there_says_so(tmp_path):
    with pytest.raises(DependencyError, match="cannot be started"):
        Backend("absent", [str(tmp_path / "python")], tmp_path)

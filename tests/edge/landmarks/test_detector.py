"""What both detectors share: anchors and the merging of boxes."""

import numpy as np
import pytest

from edge.landmarks.detector import anchors, merge

FIRST_OF_STRIDE_16 = 24 * 24 * 2


def test_anchors_are_cell_centres_of_both_grids():
    centres = anchors(192)
    assert centres.shape == (2016, 2)
    assert centres[0] == pytest.approx([4 / 192, 4 / 192])
    assert centres[2] == pytest.approx([12 / 192, 4 / 192])
    assert centres[FIRST_OF_STRIDE_16] == pytest.approx([8 / 192, 8 / 192])
    assert centres[FIRST_OF_STRIDE_16 + 5] == pytest.approx([8 / 192, 8 / 192])
    assert centres[-1] == pytest.approx([184 / 192, 184 / 192])


def test_overlapping_boxes_merge_by_weight_and_distant_ones_stay():
    boxes = np.array([[0, 0, 1, 1], [0.1, 0, 1.1, 1], [5, 5, 6, 6]], np.float32)
    merged = merge(boxes, np.array([0.9, 0.6, 0.7], np.float32))
    assert [score for score, _ in merged] == pytest.approx([0.9, 0.7])
    assert merged[0][1] == pytest.approx([0.04, 0, 1.04, 1])
    assert merged[1][1] == pytest.approx([5, 5, 6, 6])


def test_boxes_without_area_do_not_hang_the_merge():
    assert len(merge(np.zeros((3, 4), np.float32), np.ones(3, np.float32))) == 3


def test_the_face_detector_has_896_anchors():
    assert anchors(128).shape == (896, 2)

import numpy as np
import pytest

from edge.engines import FakeEngine
from edge.landmarks.palm import PalmDetector

FIRST_OF_STRIDE_16 = 24 * 24 * 2


def network(*palms: tuple[int, float, float], points=None):
    """An engine that reports (anchor, logit, side in pixels of 192) and nothing else."""
    boxes, scores = np.zeros((1, 2016, 18), np.float32), np.full((1, 2016, 1), -20, np.float32)
    for anchor, logit, side in palms:
        boxes[0, anchor, 2:4] = side
        boxes[0, anchor, 4:] = points if points is not None else [0, 10, 0, 0, 0, -10] + [0] * 8
        scores[0, anchor, 0] = logit
    return FakeEngine(lambda feeds: {"boxes": boxes, "scores": scores})


def test_a_wide_picture_is_letterboxed():
    centre = FIRST_OF_STRIDE_16 + (6 * 12 + 6) * 6  # the cell right and below of the middle
    palm = PalmDetector(network((centre, 3.0, 30)), threshold=0.5).detect(np.zeros((480, 640, 3), np.uint8))[0]
    x, y = (104 / 192 - 0.5) * 640 + 320, (104 / 192 - 0.5) * 640 + 240
    assert palm.region.side == pytest.approx(30 / 192 * 640 * 2.6, rel=1e-4)
    assert palm.region.x == pytest.approx(x, abs=0.1)
    assert palm.region.y == pytest.approx(y - 0.5 * 30 / 192 * 640, abs=0.1)


def test_palms_below_the_threshold_are_not_reported():
    image = np.zeros((48, 64, 3), np.uint8)
    assert PalmDetector(network((5, -0.1, 30)), threshold=0.5).detect(image) == []
    assert len(PalmDetector(network((5, 0.1, 30)), threshold=0.5).detect(image)) == 1


def test_values_that_are_no_numbers_are_no_palm():
    nan = [np.nan] * 14
    assert PalmDetector(network((5, 3, 30), points=nan), threshold=0.5).detect(np.zeros((9, 9, 3), np.uint8)) == []

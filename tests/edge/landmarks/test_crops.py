"""What image models are shown: the hand wherever it is, or the middle of the picture."""

import numpy as np
import pytest

from edge.landmarks.crops import MARGIN, HandPictures, WholePictures, around
from edge.landmarks.fake import FakeLandmarker
from edge.landmarks.slots import placed
from edge.types import LEFT, RIGHT, Frame


def hand(x: float, y: float, extent: float):
    """(21, 3): a hand around (x, y), ``extent`` of the picture wide and high."""
    points = np.zeros((21, 3), np.float32)
    points[:, 0] = x + extent * np.linspace(-0.5, 0.5, 21)
    points[:, 1] = y + extent * np.linspace(-0.5, 0.5, 21)
    return points


def frame(image, time=0.0):
    return Frame(image, time, 0.0, 0)


@pytest.fixture
def picture():
    """240 x 320, blue but for a red square around (80, 60) in (x, y), 40 wide."""
    image = np.zeros((240, 320, 3), np.uint8)
    image[..., 0] = 200
    image[40:80, 60:100] = (0, 0, 250)
    return image


def landmarker(*hands):
    return FakeLandmarker(lambda f: placed(f, [(slot, points, 0.9) for slot, points in hands]))


def test_the_hand_is_cut_out_with_its_margin_as_rgb(picture):
    points = hand(80 / 320, 60 / 240, 0.1)
    points[:, 1] = 60 / 240 + (points[:, 1] - 60 / 240) * 320 / 240  # square in pixels: 32 x 32
    seen = HandPictures(landmarker((RIGHT, points)), (64, 64)).process(frame(picture))
    assert seen.presence[RIGHT] and seen.picture.shape == (64, 64, 3) and seen.picture.dtype == np.uint8
    side = 32 * MARGIN
    assert around(points, frame(picture)).side == pytest.approx(side, rel=1e-5)
    assert tuple(seen.picture[32, 32]) == (250, 0, 0)
    red = (seen.picture[32, :, 0] > 125).sum()
    assert red == pytest.approx(40 / side * 64, abs=1.5)


def test_without_a_hand_there_is_no_picture(picture):
    assert HandPictures(landmarker(), (64, 64)).process(frame(picture)).picture is None


def test_of_two_hands_the_larger_one_is_shown(picture):
    two = landmarker((LEFT, hand(0.7, 0.5, 0.05)), (RIGHT, hand(0.25, 0.25, 0.1)))
    assert tuple(HandPictures(two, (32, 32)).process(frame(picture)).picture[16, 16]) == (250, 0, 0)


def test_a_hand_at_the_border_gives_a_whole_picture(picture):
    seen = HandPictures(landmarker((RIGHT, hand(0.99, 0.99, 0.3))), (32, 32)).process(frame(picture))
    assert (seen.picture[..., 2] == 200).all(), "what lies outside is like the border"


def test_a_picture_once_given_is_not_written_to(picture):
    pictures = WholePictures((32, 32))
    first = pictures.process(frame(picture)).picture
    before = first.copy()
    pictures.process(frame(255 - picture))
    assert (first == before).all()


def test_the_whole_picture_is_its_centred_square(picture):
    picture[:, :40] = picture[:, 280:] = 255
    seen = WholePictures((48, 48)).process(frame(picture))
    assert seen.count == 0 and seen.picture.shape == (48, 48, 3)
    assert seen.picture[..., 1].max() == 0, "the sides are cut off"


def test_a_size_that_is_not_square_is_kept(picture):
    assert WholePictures((48, 32)).process(frame(picture)).picture.shape == (48, 32, 3)


def test_reset_and_close_reach_the_hands():
    inner = landmarker()
    pictures = HandPictures(inner, (32, 32))
    pictures.reset()
    pictures.close()
    assert inner.resets == 1 and inner.closed

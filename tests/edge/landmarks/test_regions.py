import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.landmarks.regions import Cropper, Region, as_bgr, forearm, from_landmarks, from_palm, whole

_X = [0, 3, 5, 7, 8, 3, 3, 3, 3, 0, 0, 0, 0, -2, -2, -2, -2, -4, -4, -4, -4]
_Y = [0, -2, -4, -5, -6, -9, -12, -14, -16, -9.5, -13, -15, -17, -9, -12, -14, -16, -8, -10, -11, -13]
HAND = np.stack([_X, _Y], axis=1).astype(np.float32)


def turned(points: np.ndarray, angle: float) -> np.ndarray:
    c, s = math.cos(angle), math.sin(angle)
    return (points @ np.array([[c, s], [-s, c]])).astype(np.float32)


@given(angle=st.floats(-3, 3), scale=st.floats(1, 40), x=st.floats(-500, 2000), y=st.floats(-500, 2000))
def test_the_region_turns_moves_and_grows_with_the_hand(angle, scale, x, y):
    upright = from_landmarks(HAND)
    region = from_landmarks(turned(HAND, angle) * np.float32(scale) + np.array([x, y], np.float32))
    difference = region.angle - (upright.angle + angle)
    assert math.cos(difference) == pytest.approx(1, abs=1e-4)
    assert region.side == pytest.approx(upright.side * scale, rel=1e-2)
    centre = turned(np.array([[upright.x, upright.y]], np.float32), angle)[0] * scale + (x, y)
    assert (region.x, region.y) == pytest.approx(tuple(centre), abs=0.02 * region.side)


@given(angle=st.floats(-3, 3))
def test_the_forearm_is_beyond_the_wrist_however_the_hand_is_turned(angle):
    points = turned(HAND, angle)
    hand = from_landmarks(points)
    arm = forearm(hand)
    away = (points[0] - points[9]) / np.linalg.norm(points[0] - points[9])
    offset = np.array([arm.x - hand.x, arm.y - hand.y]) / hand.side
    assert float(offset @ away) == pytest.approx(1, abs=0.05)
    assert arm.overlap(Region(hand.x, hand.y, 1e-3)) == 0


def test_a_bent_fingertip_does_not_move_the_region():
    bent = HAND.copy()
    bent[[8, 12, 16, 20]] += (5, 12)
    assert from_landmarks(bent) == from_landmarks(HAND)


def test_an_upright_palm_gives_an_upright_region_shifted_to_the_fingers():
    box = np.array([100, 200, 180, 280], np.float32)
    region = from_palm(box, np.array([140, 280], np.float32), np.array([140, 210], np.float32))
    assert region.angle == pytest.approx(0)
    assert (region.x, region.y, region.side) == pytest.approx((140, 240 - 40, 80 * 2.6))


@given(angle=st.floats(-3, 3))
def test_what_is_cropped_is_where_the_points_go_back_to(angle):
    image = np.zeros((300, 400, 3), np.uint8)
    cv2.circle(image, (230, 140), 4, (255, 255, 255), -1)
    region = Region(210, 150, 160, angle)
    crop = Cropper(224, repeat_border=False).crop(image, region)[0, :, :, 0]
    y, x = (float(np.average(axis, weights=crop)) for axis in np.indices(crop.shape))
    back = region.to_picture(np.array([[x / 224, y / 224]], np.float32))[0]
    assert back == pytest.approx((230, 140), abs=1)


def test_crops_are_rgb_and_share_one_buffer():
    image = np.zeros((50, 50, 3), np.uint8)
    image[:] = (1, 2, 3)
    cropper = Cropper(32, repeat_border=True)
    first = cropper.crop(image, whole(50, 50))
    assert first[0, 5, 5].tolist() == [3, 2, 1]
    assert cropper.crop(image * 2, whole(50, 50)) is first


def test_overlap_is_that_of_upright_squares():
    assert Region(0, 0, 2).overlap(Region(0, 0, 2, 1.0)) == pytest.approx(1)
    assert Region(0, 0, 2).overlap(Region(1, 0, 2)) == pytest.approx(1 / 3)
    assert Region(0, 0, 2).overlap(Region(5, 0, 2)) == 0


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 6), np.uint8),
        np.zeros((4, 6, 1), np.uint8),
        np.zeros((4, 6, 4), np.uint8),
        np.zeros((8, 12, 3), np.uint8)[::2, ::2],
        np.zeros((4, 6, 3), np.uint8)[:, ::-1],
        np.zeros((3, 4, 6), np.uint8).transpose(1, 2, 0),
    ],
    ids=["grey", "grey channel", "alpha", "every second pixel", "mirrored view", "planes"],
)
def test_any_picture_becomes_three_packed_channels(image):
    result = as_bgr(image)
    assert result.shape == (4, 6, 3)
    assert result.strides[1:] == (3, 1)


def test_a_plain_picture_is_not_copied():
    image = np.zeros((10, 20, 3), np.uint8)
    assert as_bgr(image) is image or np.shares_memory(as_bgr(image), image)
    assert np.shares_memory(as_bgr(image[2:8, 3:12]), image)


def test_a_picture_too_large_for_opencv_is_thinned():
    assert max(as_bgr(np.zeros((2, 70_000, 3), np.uint8)).shape) <= 8_000

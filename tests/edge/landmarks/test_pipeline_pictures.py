"""The real networks on pictures: of the shipped clip, where the truth is known, and on what a camera may deliver."""

import json

import cv2
import numpy as np
import pytest

from edge.samples import demo_truth
from edge.types import LEFT, RIGHT


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    """(T, 21, 2) pixels of the 640 x 480 clip."""
    return np.array([frame["joints"] for frame in json.loads(demo_truth().read_text())["frames"]], np.float32)


def clean(hands) -> None:
    assert np.isfinite(hands.landmarks).all()
    for slot in (LEFT, RIGHT):
        assert 0 <= hands.presence[slot] <= 1
        assert (hands.presence[slot] > 0) == bool(hands.landmarks[slot].any())


def test_the_rendered_right_hand_is_followed_through_the_clip(pipeline, clip, truth, run):
    shown = slice(20, 60)
    hands = run(pipeline, clip[shown])
    assert all(h.presence[RIGHT] > 0.5 and h.presence[LEFT] == 0 for h in hands)
    found = np.stack([h.landmarks[RIGHT, :, :2] for h in hands]) * (640, 480)
    size = np.ptp(truth[shown], axis=1).max(axis=1)
    error = np.linalg.norm(found - truth[shown], axis=2).mean(axis=1) / size
    assert np.median(error) < 0.12


def test_in_a_mirrored_picture_it_is_the_left_hand(pipeline, still, run):
    hands = run(pipeline, [np.ascontiguousarray(still[:, ::-1])] * 2)[-1]
    assert hands.presence[LEFT] > 0.5
    assert hands.presence[RIGHT] == 0


def test_a_real_right_hand_is_the_signers_right(pipeline, data_dir, run):
    # Seen on the picture itself: thumb side and palm say a right hand, and the picture is not mirrored.
    image = cv2.imread(str(next((data_dir / "letters_images" / "asl_alphabet_train" / "B").glob("*.jpg"))))
    hands = run(pipeline, [image] * 2)[-1]
    assert hands.presence[RIGHT] > 0.5
    assert hands.presence[LEFT] == 0


def test_two_hands_go_to_their_own_slots(pipeline, still, run):
    both = two_hands(still)
    hands = run(pipeline, [both] * 8)[-1]
    assert hands.count == 2
    assert hands.landmarks[RIGHT, :, 0].mean() < 0.5 < hands.landmarks[LEFT, :, 0].mean()


def two_hands(image: np.ndarray) -> np.ndarray:
    """The picture's right hand on the left half, its mirror image on the right half."""
    half = cv2.resize(image, None, fx=0.7, fy=0.7)
    pad = np.full((480, 640, 3), half[0, 0], np.uint8)
    width = half.shape[1] - 100
    pad[-half.shape[0] :, : min(width, 320)] = half[:, 100 : 100 + min(width, 320)]
    pad[:, 320:] = pad[:, :320][:, ::-1]
    return pad


def test_upside_down_and_sideways_hands_are_found(make_pipeline, still, run):
    upright = run(make_pipeline("fp32"), [still] * 2)[-1].landmarks[RIGHT, :, :2]
    turned = run(make_pipeline("fp32"), [np.ascontiguousarray(still[::-1, ::-1])] * 3)[-1]
    assert turned.presence[RIGHT] > 0.5
    back = 1 - turned.landmarks[RIGHT, :, :2]
    assert np.abs(back - upright).mean() < 0.03


def test_a_hand_that_leaves_and_returns_is_found_again(pipeline, still, run):
    empty = np.full_like(still, 128)
    hands = run(pipeline, [still] * 5 + [empty] * 10 + [still] * 5)
    counts = [h.count for h in hands]
    assert counts[:5] == [1] * 5
    assert counts[5:15] == [0] * 10
    assert counts[15:] == [1] * 5


def test_a_hand_at_the_border_is_followed_without_bad_values(pipeline, still, run):
    steps = [np.roll(still, 12 * i, axis=1) for i in range(40)]
    for i, image in enumerate(steps):
        image[:, : 12 * i] = 128
    hands = run(pipeline, steps)
    for h in hands:
        clean(h)
    assert hands[5].count == 1


def test_hands_that_cross_stay_two_or_fewer_and_are_found_again(pipeline, still, run):
    half = cv2.resize(still, None, fx=0.6, fy=0.6)
    width = half.shape[1]
    images = []
    for offset in list(range(0, 640 - width, 8)):
        image = np.full((480, 640, 3), half[0, 0], np.uint8)
        image[-half.shape[0] :, 640 - width - offset : 640 - offset] = half[:, ::-1]
        mask = np.abs(half.astype(int) - half[0, 0]).sum(axis=2) > 40
        image[-half.shape[0] :, offset : offset + width][mask] = half[mask]
        images.append(image)
    hands = run(pipeline, images)
    for h in hands:
        clean(h)
    assert hands[5].count == 2
    assert hands[-1].count >= 1


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((480, 640, 3), np.uint8),
        np.full((480, 640, 3), 255, np.uint8),
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((1, 4000, 3), np.uint8),
        np.zeros((2, 40_000, 3), np.uint8),
        np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8),
    ],
    ids=["black", "white", "one pixel", "a line", "too wide for OpenCV", "noise"],
)
def test_pictures_without_a_hand_give_none(pipeline, image, run):
    for hands in run(pipeline, [image] * 3):
        clean(hands)
        assert hands.count == 0


@pytest.mark.parametrize("seed", range(6))
def test_nonsense_pictures_of_any_size_give_finite_values(make_pipeline, still, run, seed):
    rng = np.random.default_rng(seed)
    images = []
    for _ in range(8):
        height, width = (int(n) for n in rng.integers(1, 700, 2))
        top, left = (int(n) for n in rng.integers(0, 400, 2))
        images += [
            rng.integers(0, 256, (height, width, 3), np.uint8),
            still[top : top + height, left : left + width],
            cv2.resize(still, (width, height)),
        ]
    for hands in run(make_pipeline("int8"), images):
        clean(hands)


def test_grey_strided_small_and_large_pictures_give_the_same_hand(make_pipeline, still, run):
    def points(image):
        hands = run(make_pipeline("fp32"), [image] * 3)[-1]
        clean(hands)
        assert hands.presence[RIGHT] > 0.5
        return hands.landmarks[RIGHT, :, :2]

    plain = points(still)
    wide = np.zeros((480, 1280, 3), np.uint8)
    wide[:, ::2] = still
    assert np.array_equal(points(wide[:, ::2]), plain)
    assert np.array_equal(points(np.dstack([still, still[:, :, :1]])[:, :, :3]), plain)
    assert np.array_equal(points(np.asfortranarray(still)), plain)
    grey = cv2.cvtColor(still, cv2.COLOR_BGR2GRAY)
    assert np.abs(points(grey) - plain).mean() < 0.05
    assert np.abs(points(cv2.resize(still, (320, 240), interpolation=cv2.INTER_AREA)) - plain).mean() < 0.02
    assert np.abs(points(cv2.resize(still, (3840, 2880))) - plain).mean() < 0.02


def test_the_picture_is_not_written_to(pipeline, still, run):
    image = still.copy()
    image.setflags(write=False)
    run(pipeline, [image] * 3)
    assert np.array_equal(image, still)


def test_a_still_hand_stays_still(make_pipeline, still, run):
    noisy = [
        np.clip(still + np.random.default_rng(i).normal(0, 2, still.shape), 0, 255).astype(np.uint8) for i in range(25)
    ]
    for precision in ("fp32", "int8"):
        points = np.stack([h.landmarks[RIGHT, :, :2] for h in run(make_pipeline(precision), noisy)[5:]])
        size = np.ptp(points[0], axis=0).max()
        step = np.linalg.norm(np.diff(points, axis=0), axis=2).mean() / size
        assert step < 0.01, precision

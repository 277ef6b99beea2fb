from dataclasses import replace

import numpy as np
import pytest

from export.synthetic.camera import Camera, place
from export.synthetic.poses import LETTERS
from export.synthetic.stills import View, render_between, render_still
from export.synthetic.style import BACKGROUNDS, LIGHTS, TONES, Style

_SMALL = View(camera=Camera(width=320, height=240))


def test_the_camera_sees_the_origin_in_the_middle_and_up_as_up() -> None:
    camera = Camera(distance=0.5)
    middle, up, right, near = camera.project(np.array([[0, 0, 0], [0, 0.1, 0], [0.1, 0, 0], [0.1, 0, 0.25]]))
    np.testing.assert_allclose(middle, [320, 240])
    assert up[1] < 240
    assert right[0] > 320
    assert near[0] - 320 == pytest.approx(2 * (right[0] - 320))


def test_a_placed_hand_turns_about_its_centre() -> None:
    points = np.array([[0.0, 0.07, 0.01], [0.0, 0.17, 0.01]])
    moved = place(points, np.diag([1.0, -1.0, -1.0]), np.array([0.3, 0.0, 0.0]))
    np.testing.assert_allclose(moved, [[0.3, 0, 0], [0.3, -0.1, 0]], atol=1e-12)


@pytest.mark.usefixtures("mesh")
def test_the_hand_is_drawn_where_its_joints_are() -> None:
    frame = render_still("B", view=_SMALL, style=Style(tone="light", background="dark"))
    assert frame.image.shape == (240, 320, 3)
    assert frame.image.dtype == np.uint8
    assert (frame.label, frame.whole) == ("B", True)
    for x, y in frame.joints:
        assert frame.image[int(y), int(x)].mean() > 70  # skin
    assert frame.image[:20, :20].mean() < 70  # wall
    # A right hand, palm to the camera, not mirrored: the thumb is on the picture's right.
    assert frame.joints[2, 0] > frame.joints[17, 0]


@pytest.mark.usefixtures("mesh")
def test_a_left_hand_is_the_mirrored_picture() -> None:
    right = render_still("L", view=_SMALL, style=Style(hand="right"))
    left = render_still("L", view=_SMALL, style=Style(hand="left"))
    np.testing.assert_array_equal(left.image, right.image[:, ::-1])
    np.testing.assert_allclose(left.joints[:, 0], 320 - right.joints[:, 0])


@pytest.mark.usefixtures("mesh")
def test_the_seed_decides_everything() -> None:
    style = Style(background="noisy", seed=4)
    one = render_still("Y", view=_SMALL, style=style).image
    np.testing.assert_array_equal(one, render_still("Y", view=_SMALL, style=style).image)
    assert (one != render_still("Y", view=_SMALL, style=replace(style, seed=5)).image).mean() > 0.5


@pytest.mark.usefixtures("mesh")
def test_tones_get_darker_and_lights_differ() -> None:
    def palm(style: Style) -> float:
        frame = render_still("B", view=_SMALL, style=style)
        x, y = frame.joints[9].astype(int)
        return float(frame.image[y - 3 : y + 4, x - 3 : x + 4].mean())

    tones = [palm(Style(tone=tone)) for tone in TONES]
    assert tones == sorted(tones, reverse=True)
    assert palm(Style(light="dim")) < 0.7 * palm(Style(light="soft"))


@pytest.mark.usefixtures("mesh")
def test_views_move_what_is_seen() -> None:
    plain = render_still("D", view=_SMALL)
    far = render_still("D", view=replace(_SMALL, camera=Camera(320, 240, distance=1.0)))
    assert np.ptp(far.joints, axis=0).max() < 0.6 * np.ptp(plain.joints, axis=0).max()
    rolled = render_still("D", view=replace(_SMALL, roll=30))
    assert rolled.joints[8, 0] < plain.joints[8, 0]  # counter-clockwise
    loose = render_still("D", view=replace(_SMALL, looseness=5, shape_seed=1))
    assert 1 < np.abs(loose.joints - plain.joints).max() < 40


@pytest.mark.usefixtures("mesh")
def test_between_two_letters_there_is_no_label() -> None:
    frame = render_between("A", "B", 0.5, view=_SMALL, style=Style())
    assert frame.label == ""
    a, b = (render_still(x, view=_SMALL).joints[12, 1] for x in "AB")
    assert b < frame.joints[12, 1] < a + 40


def test_drawn_styles_and_views_cover_what_there_is() -> None:
    styles = [Style.draw(seed) for seed in range(400)]
    assert {s.tone for s in styles} == set(TONES)
    assert {s.light for s in styles} == set(LIGHTS)
    assert {s.background for s in styles} == set(BACKGROUNDS)
    assert {s.gender for s in styles} == {"male", "female"}
    assert Style.draw(7) == Style.draw(7)
    assert Style.draw(7, tone="dark") == replace(Style.draw(7), tone="dark")
    rng = np.random.default_rng(0)
    views = [View.draw(rng) for _ in range(400)]
    for name in ("yaw", "pitch", "roll"):
        turned = np.array([getattr(view, name) for view in views])
        assert turned.min() < -25
        assert turned.max() > 25
        assert np.abs(turned).max() <= 35
    assert len({view.camera.height for view in views}) == 2


@pytest.mark.slow
@pytest.mark.usefixtures("mesh")
@pytest.mark.parametrize("letter", LETTERS)
def test_drawn_views_hold_the_hand(letter: str) -> None:
    rng = np.random.default_rng(LETTERS.index(letter))
    inside = [render_still(letter, view=View.draw(rng), style=Style()).joints for _ in range(4)]
    held = [((j > [-30, -30]) & (j < [670, 510])).all(axis=1).mean() for j in inside]
    assert np.mean(held) > 0.9

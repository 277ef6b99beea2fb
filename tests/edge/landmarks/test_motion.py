import numpy as np
import pytest

from edge.landmarks.motion import MotionSense
from edge.landmarks.regions import Region


def scene(seed: int = 0, size=(480, 640)) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 4, (*size, 3))
    return np.clip(120 + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("size", [(480, 640), (1080, 1920), (120, 160)])
def test_camera_noise_is_no_movement(size):
    sense = MotionSense()
    sense.moved(scene(0, size))
    sense.remember()
    assert not any(sense.moved(scene(seed, size)) for seed in range(1, 8))


HAND, ELSEWHERE = Region(330, 230, 140), Region(100, 100, 140)


def with_a_small_thing(seed: int = 1) -> np.ndarray:
    changed = scene(seed)
    changed[200:260, 300:360] = 180
    return changed


@pytest.mark.parametrize(("ignore", "moved"), [([], True), ([HAND], False), ([ELSEWHERE], True)])
def test_a_small_thing_that_enters_is_movement_unless_it_is_the_followed_hand(ignore, moved):
    sense = MotionSense()
    sense.moved(scene())
    sense.remember()
    assert sense.moved(with_a_small_thing(), ignore) is moved


def test_what_a_followed_hand_covered_since_the_last_look_is_no_movement_when_it_has_gone_on():
    sense = MotionSense()
    sense.moved(with_a_small_thing(), [HAND])
    sense.remember()
    assert not sense.moved(scene(), [ELSEWHERE])  # what it uncovers
    assert not sense.moved(with_a_small_thing(2), [])
    sense.moved(scene(3), [])
    sense.remember()
    assert sense.moved(with_a_small_thing(4), [])


def test_slow_movement_adds_up():
    sense = MotionSense()
    sense.moved(np.full((48, 64, 3), 100, np.uint8))
    sense.remember()
    assert [sense.moved(np.full((48, 64, 3), 100 + step, np.uint8)) for step in (2, 4, 8)] == [False, False, True]


def test_nothing_known_counts_as_moved():
    sense = MotionSense()
    assert sense.moved(scene())
    sense.remember()
    sense.forget()
    assert sense.moved(scene())

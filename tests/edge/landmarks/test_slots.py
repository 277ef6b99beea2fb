import numpy as np

from edge.landmarks.slots import assign, placed, smoothed
from edge.types import LEFT, RIGHT, Frame


def test_a_single_hand_goes_where_it_looks_like():
    assert assign([(0.9, None)]) == (RIGHT,)
    assert assign([(0.1, None)]) == (LEFT,)
    assert assign([]) == ()


def test_two_hands_never_share_a_slot():
    assert assign([(0.9, None), (0.8, None)]) == (RIGHT, LEFT)
    assert assign([(0.8, None), (0.9, None)]) == (LEFT, RIGHT)
    assert assign([(0.2, None), (0.1, None)]) == (RIGHT, LEFT)


def test_a_hand_seen_edge_on_stays_in_its_slot():
    assert assign([(0.45, RIGHT)]) == (RIGHT,)
    assert assign([(0.55, LEFT)]) == (LEFT,)


def test_one_doubtful_guess_does_not_change_the_side_but_a_few_do():
    right = smoothed(None, 0.98)
    slot = assign([(right := smoothed(right, 0.02), RIGHT)])[0]
    assert slot == RIGHT
    for _ in range(6):
        right = smoothed(right, 0.02)
        slot = assign([(right, slot)])[0]
    assert slot == LEFT


def test_placed_hands_lie_in_their_slots_and_the_other_slot_is_empty():
    frame = Frame(np.zeros((90, 160, 3), np.uint8), 1.0, 2.0, 3)
    hands = placed(frame, [(RIGHT, np.full((21, 3), 0.5, np.float32), 0.9)])
    assert hands.presence == (0.0, 0.9) and hands.count == 1
    assert (hands.landmarks[RIGHT] == 0.5).all() and not hands.landmarks[LEFT].any()
    assert (hands.aspect, hands.time, hands.captured, hands.index) == (160 / 90, 1.0, 2.0, 3)
    assert placed(frame).count == 0

"""What the pipeline decides, with engines that say what a test wants."""

import itertools

import numpy as np
import pytest

from edge.engines import FakeEngine
from edge.landmarks import HandConfig, HandPipeline, SearchConfig
from edge.types import LEFT, RIGHT

BLANK = np.zeros((192, 192, 3), np.uint8)
ALWAYS = itertools.repeat(0.9)
_X = [0, 20, 35, 45, 50, 20, 20, 20, 20, 0, 0, 0, 0, -18, -18, -18, -18, -35, -35, -35, -35]
_Y = [80, 60, 40, 25, 15, 0, -30, -45, -60, -5, -35, -50, -65, 0, -30, -45, -58, 8, -15, -25, -35]
UPRIGHT = np.stack([_X, _Y], axis=1).astype(np.float32)


STEADY = np.concatenate([UPRIGHT * 0.98 + (108, 101), np.zeros((21, 1))], axis=1).astype(np.float32)
"""A hand that fills its region, so that the region stays about where it is."""


def palm_engine(*places: tuple[int, int]) -> FakeEngine:
    """Palms of 40 pixels in cells (column, row) of the 12 x 12 grid, upright."""
    boxes, scores = np.zeros((1, 2016, 18), np.float32), np.full((1, 2016, 1), -20, np.float32)
    for rank, (column, row) in enumerate(places):
        anchor = 24 * 24 * 2 + (row * 12 + column) * 6
        boxes[0, anchor, 2:4] = 40
        boxes[0, anchor, 4:10] = [0, 20, 0, 0, 0, -20]
        scores[0, anchor] = 5 - rank
    return FakeEngine(lambda feeds: {"boxes": boxes, "scores": scores})


def hand_engine(*, presence=ALWAYS, right=ALWAYS, landmarks=None) -> FakeEngine:
    """A hand in the middle of whatever region it is asked about."""
    raw = np.zeros((21, 3), np.float32)
    raw[:, :2] = UPRIGHT * 0.7 + 112
    presence, right = iter(presence), iter(right)

    def answer(feeds):
        return {
            "landmarks": (raw if landmarks is None else landmarks).reshape(1, 63),
            "presence": np.array([[next(presence)]], np.float32),
            "handedness": np.array([[next(right)]], np.float32),
        }

    return FakeEngine(answer)


def test_a_followed_hand_costs_one_hand_run_and_rare_searches(run):
    pipeline = HandPipeline(palm_engine((6, 6)), hand_engine())
    hands = run(pipeline, [BLANK] * 25)
    assert all(h.presence[RIGHT] > 0 and h.presence[LEFT] == 0 for h in hands)
    assert pipeline.counts.palm == 1
    assert pipeline.counts.hand == 25


def test_with_as_many_hands_as_allowed_nothing_is_searched(run):
    pipeline = HandPipeline(palm_engine((6, 6)), hand_engine(), config=HandConfig(hands=1))
    run(pipeline, [BLANK, *(np.random.default_rng(i).integers(0, 256, BLANK.shape, np.uint8) for i in range(50))])
    assert pipeline.counts.palm == 1


def test_a_lost_hand_is_searched_in_the_same_frame(run):
    pipeline = HandPipeline(palm_engine((6, 6)), hand_engine(presence=[0.9, 0.9, 0.1, 0.9, 0.9]))
    hands = run(pipeline, [BLANK] * 4)
    assert [h.count for h in hands] == [1, 1, 1, 1]
    assert pipeline.counts.palm == 2


def test_a_lost_hand_is_looked_for_where_it_was_too(run):
    fills_its_region = np.zeros((21, 3), np.float32)
    fills_its_region[:, :2] = UPRIGHT + 112
    engine = hand_engine(presence=[0.9, 0.1, 0.9, 0.9], landmarks=fills_its_region)
    assert [h.count for h in run(HandPipeline(palm_engine((6, 6)), engine), [BLANK] * 3)] == [1, 1, 1]


def test_an_empty_still_scene_is_searched_once_a_second(run):
    pipeline = HandPipeline(palm_engine(), hand_engine())
    run(pipeline, [BLANK] * 100)
    assert pipeline.counts.palm == 4


def test_movement_wakes_it_within_one_frame(run):
    pipeline = HandPipeline(palm_engine(), hand_engine())
    run(pipeline, [BLANK] * 30)
    before = pipeline.counts.palm
    entered = BLANK.copy()
    entered[60:120, 60:120] = 200
    run(pipeline, [entered], start=30 / 25)
    assert pipeline.counts.palm == before + 1


@pytest.mark.parametrize(("place", "within"), [((slice(20, 80), slice(0, 20)), 0.2), ((186, slice(90, 110)), 1.0)])
def test_a_second_hand_is_searched_soon_and_over_the_first_ones_arm_within_a_second(run, place, within):
    pipeline = HandPipeline(palm_engine((6, 6)), hand_engine(landmarks=STEADY))
    run(pipeline, [BLANK])
    entered = BLANK.copy()
    entered[place] = 200
    run(pipeline, [entered] * round(within * 25 - 1), start=1 / 25)
    assert pipeline.counts.palm == 1
    run(pipeline, [entered] * 2, start=within)
    assert pipeline.counts.palm == 2


def test_a_followed_hand_and_its_arm_that_move_are_no_reason_to_search(run):
    pipeline = HandPipeline(palm_engine((6, 6)), hand_engine(landmarks=STEADY))
    pictures = [BLANK.copy() for _ in range(24)]
    for frame, picture in enumerate(pictures):
        left = 90 + frame % 2 * 8
        picture[90:, left : left + 14] = 200
    run(pipeline, pictures)
    assert pipeline.counts.palm == 1


def test_the_search_rates_are_the_callers(run):
    pipeline = HandPipeline(palm_engine(), hand_engine(), config=HandConfig(search=SearchConfig(idle=0.2)))
    run(pipeline, [BLANK] * 100)
    assert pipeline.counts.palm == 20


def test_two_palms_on_one_hand_give_one_hand(run):
    pipeline = HandPipeline(palm_engine((6, 6), (7, 6)), hand_engine())
    assert [h.count for h in run(pipeline, [BLANK] * 3)] == [1, 1, 1]


def test_of_palms_on_one_hand_the_less_sure_is_taken_as_mediapipe_does(run):
    def wrist(*places):
        return run(HandPipeline(palm_engine(*places), hand_engine()), [BLANK])[0].landmarks[RIGHT, 0, 0]

    assert wrist((6, 6), (8, 6)) == wrist((8, 6))
    assert wrist((8, 6), (6, 6)) == wrist((6, 6)) < wrist((8, 6))


def test_two_hands_of_one_side_take_both_slots_and_keep_them(run):
    guesses = itertools.cycle([0.95, 0.9])
    pipeline = HandPipeline(palm_engine((2, 6), (9, 6)), hand_engine(right=guesses))
    hands = run(pipeline, [BLANK] * 5)
    assert all(h.count == 2 for h in hands)
    columns = [h.landmarks[RIGHT, 0, 0] < h.landmarks[LEFT, 0, 0] for h in hands]
    assert columns == [True] * 5


def test_there_are_never_more_hands_than_allowed(run):
    pipeline = HandPipeline(palm_engine((2, 2), (9, 2), (2, 9), (9, 9)), hand_engine())
    assert {h.count for h in run(pipeline, [BLANK] * 3)} == {2}
    pipeline = HandPipeline(palm_engine((2, 2), (9, 2)), hand_engine(), config=HandConfig(hands=1))
    assert {h.count for h in run(pipeline, [BLANK] * 3)} == {1}


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_no_hand(run, bad):
    landmarks = np.full((21, 3), bad, np.float32)
    for engine in (hand_engine(landmarks=landmarks), hand_engine(presence=itertools.repeat(np.nan))):
        hands = run(HandPipeline(palm_engine((6, 6)), engine), [BLANK] * 3)
        assert all(h.count == 0 and not h.landmarks.any() for h in hands)


def test_hands_carry_the_frames_clocks_and_aspect(run):
    hands = run(HandPipeline(palm_engine((6, 6)), hand_engine()), [np.zeros((90, 160, 3), np.uint8)] * 2, start=3.0)
    assert hands[1].index == 1
    assert hands[1].time == pytest.approx(3.04)
    assert hands[1].aspect == pytest.approx(16 / 9)
    assert hands[1].landmarks.dtype == np.float32


def test_closing_closes_both_engines():
    palm, hand = palm_engine(), hand_engine()
    HandPipeline(palm, hand).close()
    assert palm.closed and hand.closed

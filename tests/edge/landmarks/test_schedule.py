import pytest

from edge.landmarks.schedule import SearchConfig, SearchSchedule

CONFIG = SearchConfig(empty=0.1, partial=0.2, idle=1.0, partial_idle=0.5, recovery=0.3)


def searches(*, hands: int, moving: bool, seconds: float = 3.0, fps: float = 20.0) -> int:
    schedule, count = SearchSchedule(CONFIG), 0
    for index in range(int(seconds * fps)):
        if schedule.due(index / fps, hands=hands, moving=moving):
            schedule.searched(index / fps, found=False)
            count += 1
    return count


@pytest.mark.parametrize(("hands", "moving", "expected"), [(0, True, 30), (0, False, 3), (1, True, 15), (1, False, 6)])
def test_the_search_rate_follows_what_is_in_view(hands, moving, expected):
    assert searches(hands=hands, moving=moving) == expected


def test_the_first_frame_is_searched():
    assert SearchSchedule(CONFIG).due(17.0, hands=0, moving=False)


def test_a_lost_hand_is_searched_at_once_and_for_a_while():
    schedule = SearchSchedule(CONFIG)
    schedule.searched(1.0, found=True)
    assert not schedule.due(1.04, hands=1, moving=False)
    schedule.lost(1.04)
    due = []
    for time in (1.04, 1.08, 1.2, 1.3, 1.4):
        due.append(schedule.due(time, hands=1, moving=False))
        if due[-1]:
            schedule.searched(time, found=False)
    assert due == [True, True, True, True, False]


def test_a_source_that_begins_anew_is_searched():
    schedule = SearchSchedule(CONFIG)
    schedule.searched(100.0, found=False)
    assert schedule.due(0.0, hands=0, moving=False)


def test_finding_the_hand_again_ends_the_hurry():
    schedule = SearchSchedule(CONFIG)
    schedule.lost(1.0)
    schedule.searched(1.0, found=True)
    assert not schedule.due(1.04, hands=1, moving=False)

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from edge.capture.shared import SLOTS, SharedPictures
from edge.errors import SourceError


@pytest.fixture
def shared():
    both = SharedPictures.create(capacity=48 * 64 * 3)
    yield both
    both.close()


def picture(value: int, height: int = 48, width: int = 64) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def test_the_newest_picture_is_taken_once(shared):
    for value in range(5):
        shared.publish(picture(value), value / 10)
    taken = shared.newest(0)
    assert taken is not None
    assert (taken.image == 4).all() and taken.captured == 0.4 and taken.number == 5
    assert shared.newest(0) is None


def test_nothing_published_is_nothing_taken(shared):
    assert shared.newest(0.01) is None
    assert shared.published == 0


def test_the_size_may_change_from_picture_to_picture(shared):
    shared.publish(picture(1, 24, 32), 0)
    assert shared.newest(0).image.shape == (24, 32, 3)
    shared.publish(picture(2), 0)
    assert shared.newest(0).image.shape == (48, 64, 3)


def test_what_was_taken_stays_as_it_was(shared):
    shared.publish(picture(1), 0)
    taken = shared.newest(0)
    for value in range(2, 2 + SLOTS):
        shared.publish(picture(value), 0)
    assert (taken.image == 1).all()


def test_a_picture_that_does_not_fit_is_refused(shared):
    with pytest.raises(SourceError, match=r"pictures are too large.*found 128x96"):
        shared.publish(picture(0, 96, 128), 0)


def test_no_picture_is_ever_torn(shared):
    """A writer faster than any camera in another process; every picture that is taken is of one colour."""
    code = """
import sys, time, numpy as np
from edge.capture.shared import SharedPictures
shared = SharedPictures.attach(int(sys.argv[1]), int(sys.argv[2]), 48 * 64 * 3)
end = time.monotonic() + 1.5
n = 0
while time.monotonic() < end:
    n += 1
    shared.publish(np.full((48, 64, 3), n % 251, np.uint8), n)
    time.sleep(0.0005)
"""
    memory, bell = shared.descriptors
    with subprocess.Popen([sys.executable, "-c", code, str(memory), str(bell)], pass_fds=(memory, bell)) as writer:
        seen = []
        while writer.poll() is None:
            taken = shared.newest(0.05)
            if taken is not None:
                assert (taken.image == taken.image[0, 0, 0]).all()
                assert taken.captured == taken.number
                seen.append(taken.number)
    assert len(seen) > 20
    assert seen == sorted(set(seen))

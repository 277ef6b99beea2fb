from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from edge.capture.decoding import to_bgr
from edge.capture.raw import RawPicture
from edge.capture.shared import SLOTS, SharedPictures
from edge.errors import SourceError


@pytest.fixture
def shared():
    both = SharedPictures.create(capacity=48 * 64 * 3)
    yield both
    both.close()


def picture(value: int, height: int = 48, width: int = 64, captured: float = 0.0) -> RawPicture:
    return RawPicture.from_bgr(np.full((height, width, 3), value, np.uint8), captured)


def image(taken: RawPicture | None) -> np.ndarray:
    assert taken is not None
    return to_bgr(taken)


def test_the_newest_picture_is_taken_once(shared):
    for value in range(5):
        shared.publish(picture(value, captured=value / 10))
    taken = shared.newest(0)
    assert taken is not None
    assert (image(taken) == 4).all() and taken.captured == 0.4 and taken.number == 5
    assert shared.newest(0) is None


def test_nothing_published_is_nothing_taken(shared):
    assert shared.newest(0.01) is None
    assert shared.published == 0


def test_the_size_may_change_from_picture_to_picture(shared):
    shared.publish(picture(1, 24, 32))
    assert image(shared.newest(0)).shape == (24, 32, 3)
    shared.publish(picture(2))
    assert image(shared.newest(0)).shape == (48, 64, 3)


def test_what_was_taken_stays_as_it_was(shared):
    shared.publish(picture(1))
    taken = shared.newest(0)
    for value in range(2, 2 + SLOTS):
        shared.publish(picture(value))
    assert (image(taken) == 1).all()


def test_a_picture_that_does_not_fit_is_refused(shared):
    with pytest.raises(SourceError, match=r"pictures are too large.*found 128x96"):
        shared.publish(picture(0, 96, 128))


def test_no_picture_is_ever_torn(shared):
    """A writer faster than any camera in another process; every picture that is taken is of one colour."""
    code = """
import sys, time, numpy as np
from edge.capture.decoding import to_bgr
from edge.capture.raw import RawPicture
from edge.capture.shared import SharedPictures
shared = SharedPictures.attach(int(sys.argv[1]), int(sys.argv[2]), 48 * 64 * 3)
end = time.monotonic() + 1.5
n = 0
while time.monotonic() < end:
    n += 1
    shared.publish(RawPicture(bytes([n % 251]) * (48 * 64 * 3), 'BGR3', 64, 48, 192, n))
    time.sleep(0.0005)
"""
    memory, bell = shared.descriptors
    with subprocess.Popen([sys.executable, "-c", code, str(memory), str(bell)], pass_fds=(memory, bell)) as writer:
        seen = []
        while writer.poll() is None:
            taken = shared.newest(0.05)
            if taken is not None:
                assert len(set(taken.data)) == 1
                assert taken.captured == taken.number
                seen.append(taken.number)
    assert len(seen) > 20
    assert seen == sorted(set(seen))

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.capture.fake import FakeSource
from edge.operator.preview import SECONDS, Preview
from edge.types import Frame


@pytest.fixture
def clock():
    now = [100.0]

    def read() -> float:
        return now[0]

    read.now = now
    return read


def frame(shade: int, size: tuple[int, int] = (480, 640)) -> Frame:
    return Frame(np.full((*size, 3), shade, np.uint8), 0.0, 0.0, 0)


def test_nothing_is_kept_until_it_is_switched_on(clock):
    preview = Preview(clock=clock)
    preview.see(frame(90))
    assert preview.jpeg() is None and preview._picture is None and preview.left == 0


def test_it_shows_the_newest_picture_small(clock):
    preview = Preview(clock=clock)
    assert preview.switch(True) == SECONDS
    preview.see(frame(50, (1080, 1920)))
    clock.now[0] += 1
    preview.see(frame(200, (1080, 1920)))
    shown = cv2.imdecode(np.frombuffer(preview.jpeg(), np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape[1] <= 640 and abs(int(shown[0, 0, 0]) - 200) < 5


def test_it_switches_itself_off_and_forgets(clock):
    preview = Preview(clock=clock)
    preview.switch(True)
    preview.see(frame(50))
    clock.now[0] += SECONDS + 0.1
    assert preview.left == 0 and preview.jpeg() is None
    preview.switch(True)
    preview.see(frame(50))
    clock.now[0] += SECONDS + 0.1
    preview.see(frame(60))
    assert preview._picture is None, "the loop forgets it, even if nobody asks"


def test_switching_it_off_forgets_at_once(clock):
    preview = Preview(clock=clock)
    preview.switch(True)
    preview.see(frame(50))
    assert preview.switch(False) == 0.0 and preview.jpeg() is None


def test_the_loop_sees_the_same_source(clock):
    preview = Preview(clock=clock)
    source = FakeSource(count=3)
    watched = preview.watching(source)
    preview.switch(True)
    assert [item.index for item in watched] == [0, 1, 2]
    assert (watched.delivers, watched.live, watched.length, watched.dropped) == ("frames", False, 3, 0)
    assert preview.jpeg() is not None
    watched.close()
    assert source.closed

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from edge.capture.fake import FakeSource
from edge.capture.live import Live, as_live, paced
from edge.errors import SourceError
from edge.types import Frame


def test_a_slow_reader_gets_the_newest_frame_and_the_rest_is_counted_as_dropped():
    go_on = threading.Event()

    def frames() -> Iterator[Frame]:
        source = iter(FakeSource(count=50))
        yield next(source)
        go_on.wait(5)
        yield from source

    live = Live(frames(), where="fake", release=lambda: None)
    iterator = iter(live)
    assert next(iterator).index == 0
    go_on.set()
    live._thread.join(5)
    assert [frame.index for frame in iterator] == [49]
    assert live.dropped == 48


def test_a_fast_reader_gets_every_frame():
    wanted = threading.Semaphore(1)

    def frames() -> Iterator[Frame]:
        for frame in FakeSource(count=10):
            wanted.acquire(timeout=5)
            yield frame

    live, found = Live(frames(), where="fake", release=lambda: None), []
    for frame in live:
        found.append(frame.index)
        wanted.release()
    assert found == list(range(10)) and live.dropped == 0


def test_a_paced_file_is_live_and_knows_its_length():
    live = as_live(FakeSource(count=10, fps=100), where="fake")
    assert live.live and live.length == 10 and next(iter(live)).index == 0
    live.close()


def test_a_slow_reader_of_a_paced_file_does_not_fall_behind():
    live = as_live(FakeSource(count=60, fps=120), where="fake")
    ages = []
    for frame in live:
        ages.append(time.monotonic() - frame.captured)
        time.sleep(0.05)
    assert live.dropped > 30
    assert len(ages) + live.dropped == 60
    assert max(ages) < 0.1  # a queue would have grown to half a second


def test_pacing_follows_the_sources_timeline():
    now, slept = [100.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    frames = list(paced(FakeSource(count=4, fps=10), clock=lambda: now[0], sleep=sleep))
    assert slept == pytest.approx([0.1, 0.1, 0.1])
    assert [frame.captured for frame in frames] == pytest.approx([100.0, 100.1, 100.2, 100.3])
    assert [frame.time for frame in frames] == pytest.approx([0, 0.1, 0.2, 0.3])


def test_an_error_of_the_source_comes_after_its_last_frame():
    live = as_live(FakeSource(count=3, fps=200, error=SourceError("unplugged")), where="fake")
    seen = []
    with pytest.raises(SourceError, match="unplugged"):
        for frame in live:
            seen.append(frame.index)
    assert seen[-1] == 2


def test_close_from_another_thread_ends_a_waiting_reader_and_releases_the_device():
    released = threading.Event()
    stop = threading.Event()

    def frames() -> Iterator[Frame]:
        yield from FakeSource(count=1)
        stop.wait(5)

    live = Live(frames(), where="fake", release=released.set)
    threading.Timer(0.1, live.close).start()
    threading.Timer(0.2, stop.set).start()
    assert len(list(live)) == 1
    assert released.wait(2)


def test_close_before_the_first_frame_releases_the_device():
    source = FakeSource()
    live = as_live(source, where="fake")
    live.close()
    assert source.closed
    assert list(live) == []

"""Live delivery: a reader thread keeps only the newest item, so that what is shown is about now.

A recogniser that is slower than its camera must not fall behind: a queue would show captions seconds late, and later
every minute. The thread reads as fast as the items come and overwrites the one slot; what was overwritten unseen is
counted as dropped. A recording paced at its own rate (`paced`) goes through the same slot and so behaves like a
camera.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from typing import Generic, TypeVar

from edge.capture.base import Delivers, Stream
from edge.types import Frame, Hands

T = TypeVar("T", Frame, Hands)

_POLL_S = 0.1
_JOIN_S = 2.0


class Live(Generic[T]):
    """Runs ``items`` in a thread of its own and delivers the newest.

    ``release`` frees the file; it is called once, in the reader thread where that was started. ``where`` names it to
    people; errors of ``items`` are raised here.
    """

    live = True

    def __init__(
        self,
        items: Iterable[T],
        *,
        where: str,
        release: Callable[[], None],
        length: int | None = None,
        delivers: Delivers = "frames",
    ) -> None:
        self.delivers = delivers
        self._items: Iterable[T] = items
        self._release = release
        self._where = where
        self.length = length
        self.dropped = 0
        self._slot: T | None = None
        self._error: Exception | None = None
        self._ended = False
        self._closed = False
        self._ready = threading.Condition()
        self._thread = threading.Thread(target=self._read, name=f"reader {where}", daemon=True)

    def __iter__(self) -> Iterator[T]:
        """Deliver the newest item each time, until the items end or `close` is called."""
        if not self._closed:
            self._thread.start()
        try:
            while (item := self._next()) is not None:
                yield item
        finally:
            self._closed = True
            if self._thread.ident is not None:
                self._thread.join(_JOIN_S)

    def close(self) -> None:
        """End the iteration; only sets a flag, so that a signal handler can call it."""
        self._closed = True
        if self._thread.ident is None:
            self._release()

    def _next(self) -> T | None:
        with self._ready:
            # Waiting in slices, because close() must not need the lock.
            while self._slot is None and not self._ended and not self._closed:
                self._ready.wait(_POLL_S)
            item, self._slot = self._slot, None
        if self._closed:
            return None
        if item is None and self._error is not None:
            raise self._error
        return item

    def _read(self) -> None:
        try:
            for item in self._items:
                with self._ready:
                    self.dropped += self._slot is not None
                    self._slot = item
                    self._ready.notify()
                if self._closed:
                    break
        except Exception as error:  # it belongs to the thread that iterates, whatever it is
            self._error = error
        finally:
            self._release()
            with self._ready:
                self._ended = True
                self._ready.notify()

    def __repr__(self) -> str:
        return f"<Live {self._where}: {self.dropped} dropped>"


def paced(
    items: Iterable[T],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Generator[T, None, None]:
    """Deliver recorded items when they are due on their own timeline; each counts as captured at that moment."""
    start: float | None = None
    for item in items:
        if start is None:
            start = clock() - item.time
        wait = start + item.time - clock()
        if wait > 0:
            sleep(wait)
        yield replace(item, captured=clock())


def as_live(stream: Stream[T], *, where: str) -> Live[T]:
    """A recording that plays at its own rate and drops what is not asked for in time."""
    return Live(paced(stream), where=where, release=stream.close, length=stream.length, delivers=stream.delivers)

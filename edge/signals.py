"""Ctrl-C and SIGTERM: the first asks the run to end, the second ends it hard."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """While it is entered, the first SIGINT or SIGTERM calls what was given to `call` and sets ``requested``.

    With the first one the signals get back their default effect, so a second one kills a run that hangs. What is
    called runs between any two instructions of the main thread: it may set flags, and must not take locks. Only the
    main thread may enter.
    """

    def __init__(self) -> None:
        self.requested = False
        self._callback: Callable[[], None] | None = None
        self._before = {number: signal.getsignal(number) for number in _SIGNALS}

    def call(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` on the first signal; at once, when that has come already."""
        self._callback = callback
        if self.requested:
            callback()

    def __enter__(self) -> StopSignals:
        for number in _SIGNALS:
            signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        self.requested = True
        if self._callback is not None:
            self._callback()

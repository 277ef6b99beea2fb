"""Safe mode: a service that cannot run shows why, instead of starting over and over.

`Guard` counts the starts (`edge.starts`). When there were too many in vain, `safe_mode` takes the place of the run: it
tells everybody what is wrong, keeps systemd content, and ends when a try is due or when something changed that may
have been the cause (another bundle, settings, keys). systemd then starts the service again, and that start is the try.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from edge.errors import FingerpostError, UsageError
from edge.service.notify import Notifier
from edge.starts import LIMIT, STEADY, Starts, digest, read_starts, write_starts
from edge.summary import FrameTimes
from edge.types import State

_GAP = 5.0
"""Frames further apart than this do not add up to a steady run: the camera was away in between."""
_SLICE = 1.0
_LONG_AGO = float("-inf")

_log = logging.getLogger(__name__)


class Shows(Protocol):
    """The part of an output that is needed."""

    def show(self, item: State, /) -> None:
        """Show it now."""
        ...


class Guard:
    """Counts this start of the service; one of the runtime's observers, because a run that lasts is a success.

    ``folder`` is the service's runtime folder, ``words`` what the command was told and ``paths`` what else may be the
    cause of a failure. A folder that cannot be written is said, and nothing is counted.
    """

    def __init__(
        self, folder: Path, *, words: str, paths: Sequence[Path], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder, self._words, self._paths, self._clock = folder, words, tuple(paths), clock
        before, causes = read_starts(folder), digest(words, paths)
        self.starts = before if before.causes == causes else Starts(causes=causes)
        """How it stands; nothing is held against what has changed since the last start."""
        self._steady = 0.0
        self._last: float | None = None
        self._proved = False

    @property
    def waiting(self) -> bool:
        """Whether the service must not be tried now."""
        return self.starts.wait(self._clock()) > 0 and self.starts.causes == digest(self._words, self._paths)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """This start is a try: counted as vain until it proves otherwise. What it raises is noted and raised.

        Only not a UsageError: words that are wrong stay wrong, so safe mode is next, without more tries; and systemd
        starts nothing again that ends with that error's code.
        """
        vain = self.starts.vain
        self._note(vain + 1)
        try:
            yield
        except UsageError as error:
            self._note(max(vain + 1, LIMIT), str(error))
            return
        except FingerpostError as error:
            self._note(vain + 1, str(error))
            raise
        except Exception as error:
            self._note(vain + 1, f"a fault of Fingerpost ({type(error).__name__}: {error})")
            raise
        self._write(replace(self.starts, vain=0 if self._proved else vain, last=_LONG_AGO))

    def frame(self, times: FrameTimes) -> None:
        """A frame went through the loop."""
        if self._proved:
            return
        now = self._clock()
        if self._last is not None and now - self._last <= _GAP:
            self._steady += now - self._last
        self._last = now
        if self._steady >= STEADY:
            self._proved = True
            self._note(0)

    def due(self) -> None:
        """Somebody stopped the service: whoever starts it again wants it tried at once."""
        self._write(replace(self.starts, last=_LONG_AGO))

    def _note(self, vain: int, fault: str = "") -> None:
        self._write(replace(self.starts, vain=vain, last=self._clock(), fault=fault))

    def _write(self, starts: Starts) -> None:
        self.starts = starts
        try:
            write_starts(self._folder, starts)
        except OSError as error:
            _log.warning("starts are not counted: %s: %s", self._folder, error.strerror)


def safe_mode(
    guard: Guard,
    make_outputs: Callable[[], Sequence[Shows]],
    notifier: Notifier,
    *,
    stopped: Callable[[], bool],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Show the fault until a try is due, a likely cause has changed, or somebody has ``stopped`` the service."""
    fault = guard.starts.fault
    outputs: Sequence[Shows] = ()
    with suppress(FingerpostError):  # an output that cannot be made may be the very fault that is to be shown
        outputs = make_outputs()
    for output in outputs:
        output.show(State("safe-mode", 0.0, fault))
    _log.error("safe mode after %d starts in vain: %s", guard.starts.vain, fault)
    notifier.ready(f"safe mode: {fault}")
    while guard.waiting and not stopped():
        notifier.watchdog()
        sleep(_SLICE)
    if stopped():
        guard.due()
    notifier.stopping("safe mode ends, to be tried again")

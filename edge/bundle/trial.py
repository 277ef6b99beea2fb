"""A bundle on trial: committed once it has been healthy for long enough, rolled back when it is not.

Healthy means: frames move through the loop, what the networks compute is finite, and the service was not restarted. An
empty room is healthy, since its frames move too; a camera that is lost is no fault of the bundle, so then the time does
not count, in neither direction. A bundle that cannot run (damaged, no engine takes it, wrong answers) is rolled back at
once. One that crashes or hangs the service is restarted by systemd; every start is counted before the bundle is even
opened, and one too many leads back to the bundle that ran before. No calendar is needed: a device without a clock
judges as well.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edge.bundle.store import Store
from edge.errors import BundleError, CheckFailedError, EngineError, FingerpostError, StoreError

MAX_STARTS = 3
"""Starts that a bundle on trial may need; a clean stop is not held against it."""
_GAP_SECONDS = 5.0

_log = logging.getLogger(__name__)


class TrialGate:
    """Watches the active bundle of a store while it is on trial; does nothing for one that is committed.

    ``begin`` before the bundle is opened, ``frame`` after every frame, ``end`` when the service stops on purpose,
    ``failed`` when the bundle cannot run; `judged` does all but the frames.
    """

    def __init__(self, store: Store, *, healthy_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._needed, self._clock = store, healthy_seconds, clock
        self._on_trial = False
        self._healthy = 0.0
        self._last: float | None = None

    @property
    def on_trial(self) -> bool:
        """Whether the active bundle still has to prove itself."""
        return self._on_trial

    @contextmanager
    def judged(self) -> Iterator[None]:
        """Begin, and judge by how what is done inside ends.

        An error of the bundle rolls it back; any other error that says what it is (no camera, a full disk) is not its
        fault, and neither is a clean end. What nobody foresaw counts as a start without health.
        """
        self.begin()
        try:
            yield
        except (BundleError, EngineError, CheckFailedError) as error:
            self.failed(error.what)
            raise
        except FingerpostError:
            self.end()
            raise
        self.end()

    def begin(self) -> None:
        """Count this start; when there were too many, return to the previous bundle, which is then the active one."""
        try:
            starts = self._store.started()
        except StoreError as error:
            _log.warning("the trial is not judged: %s", error)
            return
        self._on_trial = starts > 0
        if starts > MAX_STARTS:
            self._roll_back(f"started {MAX_STARTS} times without being healthy for {self._needed / 60:g} minutes")

    def frame(self, *, finite: bool = True) -> None:
        """A frame went through the loop, and what was computed for it was finite or not.

        Raises CheckFailedError after a roll-back: the service must start again, with the bundle that is active now.
        """
        if not self._on_trial:
            return
        if not finite:
            reason = "its networks computed numbers that are not finite"
            if self._roll_back(reason):
                raise CheckFailedError(
                    f"the bundle on trial was rolled back: {reason}",
                    where=self._store.root,
                    remedy="the service starts again with the previous bundle by itself",
                )
            return
        now = self._clock()
        if self._last is not None and now - self._last <= _GAP_SECONDS:
            self._healthy += now - self._last
        self._last = now
        if self._healthy >= self._needed:
            self._on_trial = False
            self._try(lambda: _log.info("the trial ends well: %s", self._store.commit().key))

    def failed(self, reason: str) -> None:
        """The bundle on trial cannot run here: the next start finds the previous one."""
        if self._on_trial:
            self._roll_back(reason)

    def end(self) -> None:
        """The service stops on purpose: this start is not held against the bundle."""
        if self._on_trial:
            self._try(self._store.ended)

    def _roll_back(self, reason: str) -> bool:
        self._on_trial = False
        return self._try(lambda: _log.warning("rolled back to %s: %s", self._store.rollback(reason).key, reason))

    def _try(self, change: Callable[[], None]) -> bool:
        """Whether the store let itself be changed. A kiosk goes on when it did not, and says so."""
        try:
            change()
        except FingerpostError as error:
            _log.warning("the trial's outcome cannot be kept: %s", error)
            return False
        return True

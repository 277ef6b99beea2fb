"""A camera that is watched: it runs in a process of its own, which is killed and started anew when it is in trouble.

::

    child process: camera -> newest picture in shared memory -> this process: Frame, or State while there is none

A read that hangs in a driver hangs the child only. While the camera is away this source delivers `State` items, about
one a second, so that the loop behind it moves on and says what people should know; when the camera is back, pictures
simply come again. What is wrong, and when to try again, is decided by `edge.capture.watch`.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

from edge.capture.base import Delivers
from edge.capture.decoding import to_bgr
from edge.capture.devices import stable_name
from edge.capture.shared import CAPACITY, SharedPictures
from edge.capture.spec import CameraSpec, without_password
from edge.capture.watch import Watch, WatchSettings
from edge.errors import SourceError
from edge.types import Frame, State

_log = logging.getLogger(__name__)
_SLICE_S = 0.1
_TELL_S = 1.0


class Camera:
    """A live source of the pictures of ``spec``.

    Without ``patient`` a camera that cannot be opened at first raises SourceError here, for somebody at a keyboard;
    with it, it is tried for as long as it takes. Iterating never ends but by `close`. ``capacity`` is in bytes.
    """

    delivers: Delivers = "frames"
    live = True
    length = None

    def __init__(
        self,
        spec: CameraSpec,
        *,
        patient: bool = False,
        settings: WatchSettings | None = None,
        capacity: int = CAPACITY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if spec.kind == "v4l2":
            spec = replace(spec, address=str(stable_name(Path(spec.address))))
        self._spec = spec
        self._where = without_password(spec.address)
        self._clock = clock
        self._settings = settings or WatchSettings()
        self._shared = SharedPictures.create(capacity)
        self._process: subprocess.Popen[str] | None = None
        self._closed = self._iterating = self._released = False
        self._due: float | None = None
        self._reason = ""
        self._error: SourceError | None = None
        self._number = 0
        self.dropped = 0
        self.restarts = 0
        """How often its process was started anew."""
        self._watch = Watch(self._settings, clock())
        self._start()
        if not patient:
            self._wait_for_first()

    def __iter__(self) -> Iterator[Frame | State]:
        """The newest picture each time; a `State` now and then while there is none."""
        self._iterating = True
        told = self._clock()
        try:
            while not self._closed:
                frame = self._next()
                now = self._clock()
                if frame is not None:
                    told = now
                    yield frame
                elif self._watch.lost(now) and now - told >= _TELL_S:
                    told = now
                    yield State("camera-lost", now, self._reason or "no picture comes")
        finally:
            self._release()

    def close(self) -> None:
        """End the iteration; while that runs it only sets a flag, so that a signal handler can call it."""
        self._closed = True
        if not self._iterating:
            self._release()

    def _next(self) -> Frame | None:
        now = self._clock()
        if self._due is not None:
            if now < self._due:
                time.sleep(min(_SLICE_S, self._due - now))
                return None
            self._start()
        before, picture = self._number, self._shared.newest(_SLICE_S)
        now = self._clock()
        image = None if picture is None else to_bgr(picture)
        if picture is not None and image is not None:
            self._number = picture.number
            self.dropped += picture.number - before - 1
            self._watch.picture(image, now)
            if self._reason:
                _log.warning("%s: pictures come again", self._where)
                self._reason = ""
        fault = self._ended() or self._watch.fault(now)
        if fault:
            self._give_up(fault, now)
        if picture is None or image is None:
            return None
        return Frame(image, picture.captured, picture.captured, picture.number - 1)

    def _wait_for_first(self) -> None:
        while (fault := self._ended() or self._watch.fault(self._clock())) == "":
            if self._shared.published:
                return
            time.sleep(_SLICE_S / 2)
        self._release()
        raise self._error or SourceError(
            fault, where=self._where, remedy="check the cable, and that no other program uses the camera"
        )

    def _start(self) -> None:
        self._due = None
        self._watch.starting(self._clock())
        memory, bell = self._shared.descriptors
        self._process = process = subprocess.Popen(
            (sys.executable, "-I", "-m", "edge.capture.child", str(memory), str(bell), str(self._shared.capacity)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(memory, bell),
            start_new_session=True,  # so that what it starts itself ends with it
            text=True,
        )
        # On stdin, because an address may hold a password and a command line can be read by everybody.
        _pipe(process.stdin).write(replace(self._spec, start=self.restarts).to_json() + "\n")
        _pipe(process.stdin).flush()

    def _ended(self) -> str:
        """Why the process ended by itself; empty while it runs."""
        if self._process is None or self._process.poll() is None:
            return ""
        words = _pipe(self._process.stdout).readline()
        if not words:
            return f"its process ended with code {self._process.returncode}"
        self._error = SourceError(**json.loads(words))
        return self._error.what

    def _give_up(self, fault: str, now: float) -> None:
        self._end()
        pause = self._watch.failed()
        self._due = now + pause
        self.restarts += 1
        self._reason = fault
        _log.warning("%s: %s; started anew in %.1f s", self._where, fault, pause)

    def _release(self) -> None:
        if not self._released:
            self._released = True
            self._end()
            self._shared.close()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        # One that hangs inside the kernel cannot be killed yet; it is left to die when the driver lets go of it.
        try:
            process.wait(_SLICE_S)
        except subprocess.TimeoutExpired:
            _log.warning("%s: process %d hangs in its driver", self._where, process.pid)
        for pipe in (process.stdin, process.stdout):
            _pipe(pipe).close()

    def __repr__(self) -> str:
        return f"<Camera {self._where}: {self._number} pictures, {self.restarts} restarts>"


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None  # noqa: S101 - all were asked for
    return pipe

"""``edge run`` as systemd starts it: with notify socket, watchdog and runtime folder, and started again when it ends.

Where no systemd runs, faults of the whole service can still be played: `Service` does what the unit asks of systemd, by
the same figures. How the service does is seen from outside, by what it tells systemd and by its metrics.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from benchmarks.endurance.tree import tree
from edge.errors import CheckFailedError
from edge.service.metrics import LOOPBACK
from edge.starts import NOTE

RESTART_S = 5.0
"""``RestartSec`` of fingerpost.service."""
WATCHDOG_S = 20.0
"""``WatchdogSec`` of fingerpost.service."""
PATIENCE_S = 120.0
"""Longest wait for anything."""
_POLL_S = 0.05
_FRAMES = re.compile(r"^fingerpost_frames_total (\S+)", re.MULTILINE)


class Service:
    """One service; a context manager that ends it. ``words`` follow ``edge run``; ``folder`` takes log and socket.

    ``process`` is the one that runs, ``told`` what it told systemd, with the time; ``starts`` how often it was started.
    Without ``metrics`` frames cannot be counted. Waiting raises CheckFailedError after `PATIENCE_S`.
    """

    process: subprocess.Popen[bytes]

    def __init__(
        self,
        folder: Path,
        words: Sequence[str],
        *,
        metrics: bool = True,
        restart: float = RESTART_S,
        watchdog: float = WATCHDOG_S,
    ) -> None:
        self._restart, self._watchdog = restart, watchdog
        self._runtime = folder / "run"
        self._runtime.mkdir(exist_ok=True)
        self.log = folder / "log"
        self._port = _free_port()
        self._words = [sys.executable, "-m", "edge", "run", *words, "--headless"]
        if metrics:
            self._words += ["--metrics", str(self._port)]
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "notify"))
        self._socket.settimeout(_POLL_S)
        self._environment = os.environ | {
            "NOTIFY_SOCKET": str(folder / "notify"),
            "WATCHDOG_USEC": str(int(watchdog * 1e6)),
            "RUNTIME_DIRECTORY": str(self._runtime),
            "FINGERPOST_POLICY": "off",
        }
        self._environment.pop("WATCHDOG_PID", None)
        self.told: list[tuple[float, str]] = []
        self.starts = 0
        self._due: float | None = None
        self._fed = 0.0
        self._starved = False
        self._start()

    def __enter__(self) -> Service:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        self._socket.close()

    def forget_starts(self) -> None:
        """What ten minutes of frames would do: nothing is held against the next start, so safe mode stays away."""
        (self._runtime / NOTE).unlink(missing_ok=True)

    @property
    def metrics(self) -> str:
        """Where its metrics are."""
        return f"http://{LOOPBACK}:{self._port}/metrics"

    @property
    def camera(self) -> int:
        """The process that reads the camera; raises CheckFailedError when none does."""
        pids = tree(self.process.pid)
        if len(pids) < 2:
            raise CheckFailedError("no process reads the camera", where=self.log)
        return pids[1]

    def frames(self) -> int | None:
        """Frames that went through the loop since its start; None while it does not answer."""
        try:
            with urllib.request.urlopen(self.metrics, timeout=1) as answer:  # noqa: S310
                found = _FRAMES.search(answer.read().decode())
        except OSError:
            return None
        return int(float(found[1])) if found else None

    def wait(self, what: str, until: Callable[[], bool], *, patience: float = PATIENCE_S) -> float:
        """Do systemd's work until something holds; the time at which it did."""
        deadline = time.monotonic() + patience
        while not until():
            if time.monotonic() > deadline:
                raise CheckFailedError(
                    f"the service did not come to it: {what}",
                    where=self.log,
                    found=self.log.read_text(errors="replace")[-500:],
                )
            self.attend()
        return time.monotonic()

    def wait_for_frames(self, count: int = 1) -> float:
        """Until ``count`` more frames went through the loop of the process that runs then."""
        seen: list[int] = []

        def moved() -> bool:
            now = self.frames()
            if now is None or (seen and now < seen[0]):
                seen.clear()
            elif not seen:
                seen.append(now)
            return bool(seen) and now is not None and now >= seen[0] + count

        return self.wait(f"{count} frames", moved)

    def wait_for_word(self, pattern: str, *, after: int = 0) -> int:
        """Until a line that was told after the first ``after`` ones matches; how many were told by then."""

        def number() -> int:
            lines = enumerate(self.told[after:], after + 1)
            return next((number for number, (_when, line) in lines if re.search(pattern, line)), 0)

        self.wait(pattern, lambda: number() > 0)
        return number()

    def attend(self) -> None:
        """A moment of systemd's work: listen, feed or kill, start again."""
        try:
            self.told.append((time.monotonic(), self._socket.recv(4096).decode()))
            if re.search(r"WATCHDOG=1|READY=1|EXTEND_TIMEOUT", self.told[-1][1]):
                self._fed = time.monotonic()
        except TimeoutError:
            pass
        now = time.monotonic()
        if self._due is None and self.process.poll() is not None:
            self._due = now + self._restart
            code = self.process.returncode
            word = f"exit-code exited {code}" if code >= 0 else f"signal killed {signal.Signals(-code).name}"
            (self._runtime / "ended").write_text("watchdog killed KILL" if self._starved else word)
        elif self._due is not None and now >= self._due:
            self._start()
        elif self._due is None and now - self._fed > self._watchdog:
            self._starved = True
            self.process.kill()

    def _start(self) -> None:
        self._due, self._starved = None, False
        self._fed = time.monotonic() + PATIENCE_S  # as TimeoutStartSec, until it is fed for the first time
        self.starts += 1
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                self._words, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=self._environment
            )


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        return int(free.getsockname()[1])

"""Telling systemd how we are: ready, still alive, stopping.

The protocol is a datagram of ``KEY=value`` lines to the socket in ``$NOTIFY_SOCKET`` (sd_notify(3)); no library is
needed for it. Whoever runs the loop calls ``watchdog`` each time a frame has moved through it: then systemd kills a
service whose loop hangs, which a thread that pings by itself would hide.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import Protocol

_log = logging.getLogger(__name__)


class Notifier(Protocol):
    """Somebody who wants to know how the service is."""

    @property
    def supervised(self) -> bool:
        """Whether there is somebody, who starts the service again when it ends; else it was started by hand."""
        ...

    def ready(self, text: str = "") -> None:
        """The service does its work from now on."""
        ...

    def status(self, text: str) -> None:
        """One line for people, shown by ``systemctl status``."""
        ...

    def watchdog(self) -> None:
        """Work was done. Cheap: may be called for every frame."""
        ...

    def extend(self, seconds: float) -> None:
        """Starting or stopping takes up to ``seconds`` longer, for example while an engine is built."""
        ...

    def stopping(self, text: str = "") -> None:
        """The service ends on purpose."""
        ...


class SystemdNotifier:
    """Notifies systemd; without ``$NOTIFY_SOCKET`` (started by hand) it does nothing.

    ``watchdog_seconds`` is the time after which systemd gives up on us, None when it does not watch.
    """

    def __init__(
        self, environment: Mapping[str, str] | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        environment = os.environ if environment is None else environment
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        self.watchdog_seconds = _watchdog_seconds(environment) if self._address else None
        self._clock = clock
        self._last = float("-inf")
        self._failed = False

    @property
    def supervised(self) -> bool:
        """Whether systemd listens."""
        return bool(self._address)

    def ready(self, text: str = "") -> None:
        """The service does its work from now on."""
        self._send("READY=1", _status(text))

    def status(self, text: str) -> None:
        """One line for people."""
        self._send(_status(text))

    def watchdog(self) -> None:
        """Work was done; sent at most four times per watchdog interval."""
        if self.watchdog_seconds is None:
            return
        now = self._clock()
        if now - self._last >= self.watchdog_seconds / 4:
            self._last = now
            self._send("WATCHDOG=1")

    def extend(self, seconds: float) -> None:
        """Starting or stopping takes longer."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")

    def stopping(self, text: str = "") -> None:
        """The service ends on purpose."""
        self._send("STOPPING=1", _status(text))

    def _send(self, *lines: str) -> None:
        message = "\n".join(line for line in lines if line)
        if not self._address or not message:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.settimeout(1.0)
                channel.sendto(message.encode(), self._address)
        except OSError as error:
            # A kiosk whose supervisor does not listen should go on; the watchdog will decide.
            if not self._failed:
                _log.warning("systemd could not be notified at %s: %s", self._address, error)
            self._failed = True
        else:
            self._failed = False


class FakeNotifier:
    """Remembers what it was told, in order: ``("ready", "text")``, ``("watchdog", "")``, ..."""

    def __init__(self, *, supervised: bool = False) -> None:
        self.supervised = supervised
        self.told: list[tuple[str, str]] = []

    def ready(self, text: str = "") -> None:
        """Remember it."""
        self.told.append(("ready", text))

    def status(self, text: str) -> None:
        """Remember it."""
        self.told.append(("status", text))

    def watchdog(self) -> None:
        """Remember it."""
        self.told.append(("watchdog", ""))

    def extend(self, seconds: float) -> None:
        """Remember it."""
        self.told.append(("extend", f"{seconds:g}"))

    def stopping(self, text: str = "") -> None:
        """Remember it."""
        self.told.append(("stopping", text))


def _address(name: str) -> str:
    """The socket's address: a path, or in Linux' abstract namespace, which systemd writes with an @."""
    return f"\0{name[1:]}" if name.startswith("@") else name


def _watchdog_seconds(environment: Mapping[str, str]) -> float | None:
    """``$WATCHDOG_USEC`` in seconds, unless it is meant for another process (sd_watchdog_enabled(3))."""
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        seconds = int(environment.get("WATCHDOG_USEC", "0")) / 1e6
    except ValueError:
        return None
    return seconds if seconds > 0 else None


def _status(text: str) -> str:
    return f"STATUS={' '.join(text.split())}" if text else ""

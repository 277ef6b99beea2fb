"""What people ask of a running kiosk, on its way to the loop.

Buttons, keys, gestures and MQTT live in threads of their own; the loop is one thread that must not wait. `Controls`
stands between them: anybody puts an `edge.types.Action`, the loop takes them all before its next frame.
"""

from __future__ import annotations

from collections import deque
from threading import Lock

from edge.types import Action

LIMIT = 32
"""Actions that may wait: more than a finger does between two frames of the slowest board."""


class Controls:
    """A queue of at most ``limit`` actions; any thread may use it."""

    def __init__(self, *, limit: int = LIMIT) -> None:
        self._waiting: deque[Action] = deque()
        self._limit = limit
        self._lock = Lock()

    def put(self, action: Action) -> bool:
        """Ask for something; False when too much waits already, and the action is dropped."""
        with self._lock:
            if len(self._waiting) >= self._limit:
                return False
            self._waiting.append(action)
            return True

    def take(self) -> list[Action]:
        """Everything that was asked since the last time, in order."""
        with self._lock:
            taken = list(self._waiting)
            self._waiting.clear()
        return taken

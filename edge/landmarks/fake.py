"""A landmarker without networks, for tests and for trying things out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from edge.landmarks.slots import placed
from edge.types import Frame, Hands


class FakeLandmarker:
    """Replays hands, or makes them from each frame.

    ``hands`` is a function of the frame, or hands to be replayed in order: each takes its frame's time, capture time
    and index; after the last one there are no hands. Remembers how many frames it saw, how often it was reset and
    whether it was closed.
    """

    def __init__(self, hands: Callable[[Frame], Hands] | Iterable[Hands] = ()) -> None:
        self._function = hands if callable(hands) else None
        self._replay = iter(()) if callable(hands) else iter(hands)
        self.frames = 0
        self.resets = 0
        self.closed = False

    def process(self, frame: Frame) -> Hands:
        """The next hands."""
        self.frames += 1
        if self._function is not None:
            return self._function(frame)
        hands = next(self._replay, None)
        if hands is None:
            return no_hands(frame)
        return replace(hands, time=frame.time, captured=frame.captured, index=frame.index)

    def reset(self) -> None:
        """Count it."""
        self.resets += 1

    def close(self) -> None:
        """Mark it closed."""
        self.closed = True


def no_hands(frame: Frame) -> Hands:
    """What a landmarker says when it sees nobody."""
    return placed(frame)

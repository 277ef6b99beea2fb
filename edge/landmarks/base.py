"""The Landmarker protocol: a picture in, hands out. The module `edge.types` states the conventions."""

from __future__ import annotations

from typing import Protocol

from edge.types import Frame, Hands


class Landmarker(Protocol):
    """Finds up to two hands in each frame and follows them from one to the next."""

    def process(self, frame: Frame) -> Hands:
        """The hands of this frame; frames come in the order of their time. Never raises for a picture's content."""
        ...

    def reset(self) -> None:
        """Forget what was followed: the next frame is of another scene, or of a much later or earlier time."""
        ...

    def close(self) -> None:
        """Free the engines."""
        ...

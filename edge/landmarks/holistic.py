"""Hands and face of a frame together, for models of the 543 holistic rows."""

from __future__ import annotations

from dataclasses import replace

from edge.landmarks.base import Landmarker
from edge.landmarks.face import FacePipeline
from edge.types import Frame, Hands


class HolisticLandmarker:
    """``hands`` finds the hands, ``face`` the face; a `Landmarker`. Owns both from here on."""

    def __init__(self, hands: Landmarker, face: FacePipeline) -> None:
        self._hands = hands
        self._face = face

    def process(self, frame: Frame) -> Hands:
        """The hands of this frame, and the face where there is one."""
        return replace(self._hands.process(frame), face=self._face.process(frame))

    def reset(self) -> None:
        """Forget hands and face."""
        self._hands.reset()
        self._face.reset()

    def close(self) -> None:
        """Free the engines of both."""
        self._hands.close()
        self._face.close()

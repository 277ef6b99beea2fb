"""MediaPipe itself as a landmarker, for those who have it installed: ``pip install 'fingerpost[mediapipe]'``.

The reference that the pipeline of this room is measured against. It follows the same conventions: hands are put
into the signer's slots, although ``solutions.hands`` labels them as if pictures were mirrored.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from edge.errors import DependencyError
from edge.landmarks.regions import as_bgr
from edge.landmarks.slots import assign, placed
from edge.types import FloatArray, Frame, Hands


class MediapipeLandmarker:
    """``solutions.hands``, full networks, video mode; a `Landmarker`. Raises DependencyError without mediapipe."""

    def __init__(self, *, hands: int = 2) -> None:
        try:
            from mediapipe import solutions
        except ImportError as error:
            raise DependencyError(
                "mediapipe is not installed",
                found=error,
                remedy="pip install 'fingerpost[mediapipe]', or use the bundle's own networks (--landmarker bundle)",
            ) from error
        self._hands: Any = solutions.hands.Hands(static_image_mode=False, max_num_hands=hands, model_complexity=1)

    def process(self, frame: Frame) -> Hands:
        """The hands of this frame; ``presence`` is MediaPipe's certainty of the side, the only one that it tells."""
        result = self._hands.process(cv2.cvtColor(as_bgr(frame.image), cv2.COLOR_BGR2RGB))
        sides = [side.classification[0] for side in result.multi_handedness or []][:2]
        rights = [side.score if side.label == "Left" else 1 - side.score for side in sides]
        slots = assign([(right, None) for right in rights])
        return placed(
            frame,
            [
                (slot, _points(result.multi_hand_landmarks[index]), float(sides[index].score))
                for index, slot in enumerate(slots)
            ],
        )

    def reset(self) -> None:
        """Forget the hands that were followed."""
        self._hands.reset()

    def close(self) -> None:
        """Free the graph."""
        self._hands.close()


def _points(hand: Any) -> FloatArray:
    """(21, 3)."""
    return np.array([(point.x, point.y, point.z) for point in hand.landmark], np.float32)

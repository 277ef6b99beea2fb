"""Where palms are, and around each the region in which the hand network looks."""

from __future__ import annotations

from dataclasses import dataclass

from edge.engines import Engine
from edge.landmarks.detector import Detector
from edge.landmarks.regions import Region, from_palm
from edge.types import UInt8Array

SIZE = 192
"""Side of the picture that the network takes."""

_WRIST, _MIDDLE = 0, 2
"""Of the seven palm points: the wrist, and the base of the middle finger."""


@dataclass(frozen=True, slots=True)
class Palm:
    """One palm: probability, and the region in which the whole hand is to be expected."""

    score: float
    region: Region


class PalmDetector:
    """Finds palms with a network of `export.graphs.hands` (role ``palm``)."""

    def __init__(self, engine: Engine, *, threshold: float) -> None:
        self._detector = Detector(engine, size=SIZE, threshold=threshold)

    def detect(self, image: UInt8Array) -> list[Palm]:
        """Palms of a BGR picture, the surest first."""
        return [
            Palm(found.score, from_palm(found.box, found.points[_WRIST], found.points[_MIDDLE]))
            for found in self._detector.detect(image)
        ]

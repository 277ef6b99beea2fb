"""The face, for models that read lips, nose and eyes beside the hands.

As with hands: the detector finds the face once, then its 468 landmarks are followed from frame to frame. MediaPipe's
holistic pipeline finds the face by way of the body's pose; there is no pose network here, so the whole picture is
searched, which the short-range detector does for faces of about a tenth of the picture and larger.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edge.engines import Engine, OnnxEngine
from edge.holistic import FACE_LANDMARKS
from edge.landmarks.detector import Detector
from edge.landmarks.regions import Cropper, Region, as_bgr, from_face_landmarks, from_face_points
from edge.types import FloatArray, Frame, UInt8Array

DETECTOR_SIZE = 128
LANDMARK_SIZE = 192


@dataclass(frozen=True, slots=True)
class FaceConfig:
    """Thresholds of MediaPipe's defaults; ``interval`` seconds between searches while there is no face."""

    detection_threshold: float = 0.5
    presence_threshold: float = 0.5
    interval: float = 0.2


class FacePipeline:
    """Finds and follows one face. Owns both engines from here on."""

    def __init__(self, detector: Engine, landmarks: Engine, *, config: FaceConfig | None = None) -> None:
        self._config = config or FaceConfig()
        self._engines = (detector, landmarks)
        self._detector = Detector(detector, size=DETECTOR_SIZE, threshold=self._config.detection_threshold)
        self._network = landmarks
        self._cropper = Cropper(LANDMARK_SIZE, repeat_border=True)
        threshold = self._config.presence_threshold
        self._logit = math.log(threshold / (1 - threshold))
        self._region: Region | None = None
        self._searched = -math.inf

    def process(self, frame: Frame) -> FloatArray | None:
        """The face's landmarks (468, 3), image-normalised like a hand's, or None when there is none."""
        image = as_bgr(frame.image)
        points = self._find(image, self._region) if self._region else None
        lost = self._region is not None and points is None
        due = not 0 <= frame.time - self._searched < self._config.interval - 0.005
        if points is None and (lost or due):
            self._searched = frame.time
            for found in self._detector.detect(image)[:1]:
                points = self._find(image, from_face_points(found.points))
        if points is None:
            self._region = None
            return None
        self._region = from_face_landmarks(points[:, :2])
        height, width = image.shape[:2]
        return np.asarray(points / np.array([width, height, width], np.float32), np.float32)

    def reset(self) -> None:
        """Forget the face that was followed: for another source."""
        self._region, self._searched = None, -math.inf

    def close(self) -> None:
        """Close both engines."""
        for engine in self._engines:
            engine.close()

    def _find(self, image: UInt8Array, region: Region) -> FloatArray | None:
        """Landmarks (468, 3) in pixels."""
        out = self._network.run({"image": self._cropper.crop(image, region)})
        raw: FloatArray = out["landmarks"].reshape(FACE_LANDMARKS, 3)
        # Written so that a NaN is no face.
        if not float(out["presence"].reshape(-1)[0]) > self._logit or not np.isfinite(raw).all():
            return None
        raw = raw / np.float32(LANDMARK_SIZE)
        return np.column_stack([region.to_picture(raw[:, :2]), raw[:, 2] * np.float32(region.side)])

    def __repr__(self) -> str:
        return f"<FacePipeline: {self._engines[1].name}, {'following' if self._region else 'no face'}>"


def open_face_pipeline(
    detector: bytes, landmarks: bytes, *, threads: int = 1, config: FaceConfig | None = None
) -> FacePipeline:
    """A pipeline on ONNX Runtime from two serialised networks (roles ``face-detector``, ``face``)."""
    return FacePipeline(
        OnnxEngine(detector, threads=threads, label="face detector"),
        OnnxEngine(landmarks, threads=threads, label="face network"),
        config=config,
    )

"""MediaPipe's single-shot detectors: a whole picture in, rated boxes with a few points out.

The network rates fixed anchors; the good ones are decoded and merged by weighted non-maximum suppression. Palms and
faces differ in the picture's size and in how many points a box has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edge.engines import Engine
from edge.landmarks.regions import Cropper, whole
from edge.types import FloatArray, UInt8Array

_LAYERS = ((8, 2), (16, 6))
"""(stride, anchors per cell): MediaPipe's SSD options, strides 8, 16, 16, 16 with two anchors each."""
_MERGE_OVERLAP = 0.3


@dataclass(frozen=True, slots=True)
class Detection:
    """Something found: probability, ``box`` (xmin, ymin, xmax, ymax) and ``points`` (k, 2), pixels of the picture."""

    score: float
    box: FloatArray
    points: FloatArray


class Detector:
    """Runs a detector network of `export.graphs` that takes pictures of ``size`` x ``size``."""

    def __init__(self, engine: Engine, *, size: int, threshold: float) -> None:
        self._engine = engine
        self._size = size
        self._anchors = anchors(size)
        self._cropper = Cropper(size, repeat_border=False)
        # Compared before the sigmoid: the few anchors above it are all that is ever decoded.
        self._logit = math.log(threshold / (1 - threshold))

    def detect(self, image: UInt8Array) -> list[Detection]:
        """What is in a BGR picture, the surest first."""
        square = whole(*image.shape[:2])
        out = self._engine.run({"image": self._cropper.crop(image, square)})
        scores = out["scores"].reshape(-1)
        chosen = np.flatnonzero(scores >= self._logit)
        if not chosen.size:
            return []
        boxes = self._decode(out["boxes"].reshape(len(scores), -1)[chosen], self._anchors[chosen])
        sure = (1 / (1 + np.exp(-np.clip(scores[chosen], -100, 100)))).astype(np.float32)
        found = []
        for score, box in merge(boxes, sure):
            corners = square.to_picture(box.reshape(-1, 2))
            if np.isfinite(corners).all():
                found.append(Detection(score, corners[:2].reshape(-1), corners[2:]))
        return found

    def _decode(self, raw: FloatArray, centres: FloatArray) -> FloatArray:
        """Network values to corners and points, both 0 to 1 of the square."""
        raw = raw / np.float32(self._size)
        centre, half = raw[:, :2] + centres, raw[:, 2:4] / 2
        points = raw[:, 4:].reshape(len(raw), -1, 2) + centres[:, None]
        return np.concatenate([centre - half, centre + half, points.reshape(len(raw), -1)], axis=1)


def anchors(size: int) -> FloatArray:
    """Centres (N, 2) of the anchors of a network for ``size`` x ``size`` pictures, x and y from 0 to 1."""
    parts = []
    for stride, count in _LAYERS:
        cells = (np.arange(size // stride, dtype=np.float32) + 0.5) * (stride / size)
        y, x = np.meshgrid(cells, cells, indexing="ij")
        parts.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), count, axis=0))
    return np.concatenate(parts).astype(np.float32)


def merge(boxes: FloatArray, scores: FloatArray) -> list[tuple[float, FloatArray]]:
    """Weighted non-maximum suppression: each group that overlaps its surest box becomes the group's weighted mean.

    ``boxes`` (N, 4 + 2k): xmin, ymin, xmax, ymax, then points; returns (score, box) by falling score.
    """
    merged = []
    order = np.argsort(-scores, kind="stable")
    while order.size:
        overlap = _overlaps(boxes[order], boxes[order[0]])
        group = order[overlap > _MERGE_OVERLAP]
        if not group.size:  # a box without area overlaps nothing, not even itself
            group = order[:1]
        weights = scores[group][:, None]
        merged.append((float(scores[order[0]]), (boxes[group] * weights).sum(axis=0) / weights.sum()))
        order = order[1:][overlap[1:] <= _MERGE_OVERLAP]
    return merged


def _overlaps(boxes: FloatArray, box: FloatArray) -> FloatArray:
    sides = np.minimum(boxes[:, 2:4], box[2:4]) - np.maximum(boxes[:, :2], box[:2])
    both = np.clip(sides, 0, None).prod(axis=1)
    areas = (boxes[:, 2:4] - boxes[:, :2]).prod(axis=1)
    union = areas + (box[2:4] - box[:2]).prod() - both
    return np.where(union > 0, both / np.where(union > 0, union, 1), 0).astype(np.float32)

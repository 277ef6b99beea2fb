"""How far two backends' landmarks lie apart, and how restless those of one are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.landmarks_backend import Found
from edge.types import FloatArray

_Hand = tuple[FloatArray, float]
"""Landmarks (K, 3) in pixels, probability of the signer's right hand."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Distances in the picture, as a share of the reference hand's size (the longer side of its box).

    ``mean``, ``median`` and ``p95`` over all landmarks of ``hands`` matched hands; ``depth`` the mean difference of z,
    likewise; ``missed`` hands that only the reference found, ``extra`` that only the other did, ``twice`` further
    reports by the reference of a hand that is matched already, ``sides`` matched hands that were put on the other side.
    """

    mean: float
    median: float
    p95: float
    depth: float
    hands: int
    missed: int
    extra: int
    twice: int
    sides: int


def compare(reference: Found, other: Found, sizes: Sequence[tuple[int, int]], frames: Sequence[int]) -> Agreement:
    """Compare on the given frames; ``sizes`` (width, height) of each frame's picture.

    Hands are matched within the reference hand's own size, the nearest pair first: MediaPipe sometimes reports one
    hand twice, and the second report, which is off by what makes it a second one, is counted instead of measured.
    """
    errors: list[FloatArray] = []
    depths: list[float] = []
    missed = extra = twice = sides = 0
    for frame in frames:
        theirs, ours = _hands(reference, frame, sizes[frame]), _hands(other, frame, sizes[frame])
        pairs = sorted(_pairs(theirs, ours), key=lambda pair: float(pair[2].mean()))
        known, used = set[int](), set[int]()
        for i, j, distances in pairs:
            if i in known or j in used:
                continue
            known.add(i)
            used.add(j)
            (points, side), (found, found_side) = theirs[i], ours[j]
            errors.append(distances)
            depths.append(float(np.abs(points[:, 2] - found[:, 2]).mean()) / _size(points))
            sides += (side > 0.5) != (found_side > 0.5)
        near = {i for i, _, _ in pairs}
        twice += len(near - known)
        missed += len(theirs) - len(near)
        extra += len(ours) - len(used)
    every = np.concatenate(errors) if errors else np.zeros(1, np.float32)
    return Agreement(
        mean=float(every.mean()),
        median=float(np.median(every)),
        p95=float(np.percentile(every, 95)),
        depth=float(np.mean(depths)) if depths else 0.0,
        hands=len(errors),
        missed=missed,
        extra=extra,
        twice=twice,
        sides=sides,
    )


def jitter(found: Found, sizes: Sequence[tuple[int, int]], starts: Sequence[int]) -> float:
    """How far a landmark lies, on average, from the middle of its places one frame before and one after.

    A share of the hand's size, over the frames of which all three show one hand; smooth movement hardly counts.
    Frames in ``starts`` begin another source.
    """
    offs = []
    for frame in range(1, len(sizes) - 1):
        near = [_hands(found, f, sizes[f]) for f in (frame - 1, frame, frame + 1)]
        if {frame, frame + 1} & set(starts) or any(len(hands) != 1 for hands in near):
            continue
        before, at, after = (hands[0][0][:, :2] for hands in near)
        offs.append(np.linalg.norm(at - (before + after) / 2, axis=1).mean() / _size(at))
    return float(np.mean(offs)) if offs else 0.0


def _hands(found: Found, frame: int, size: tuple[int, int]) -> list[_Hand]:
    scale = np.array([*size, size[0]], np.float32)
    reported = zip(found.landmarks[frame], found.right[frame], strict=True)
    return [(points * scale, float(right)) for points, right in reported if points.any()]


def _pairs(theirs: Sequence[_Hand], ours: Sequence[_Hand]) -> Iterator[tuple[int, int, FloatArray]]:
    """Hands near enough to be the same: both indices, and the distance of each landmark."""
    for i, (points, _) in enumerate(theirs):
        for j, (found, _) in enumerate(ours):
            distances = np.linalg.norm(points[:, :2] - found[:, :2], axis=1) / _size(points)
            if distances.mean() <= 1:
                yield i, j, distances.astype(np.float32)


def _size(points: FloatArray) -> float:
    return float(np.ptp(points[:, :2], axis=0).max())

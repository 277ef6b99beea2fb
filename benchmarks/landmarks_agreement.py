"""How far two backends' landmarks lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.landmarks_backend import Found
from edge.types import FloatArray


@dataclass(frozen=True, slots=True)
class Agreement:
    """Distances in the picture, as a share of the reference hand's size (the longer side of its box).

    ``mean``, ``median`` and ``p95`` over all landmarks of ``hands`` matched hands; ``depth`` the mean difference of z,
    likewise; ``missed`` hands that only the reference found, ``extra`` that only the other did, ``sides`` matched hands
    that were put on the other side.
    """

    mean: float
    median: float
    p95: float
    depth: float
    hands: int
    missed: int
    extra: int
    sides: int


def compare(reference: Found, other: Found, sizes: Sequence[tuple[int, int]], frames: Sequence[int]) -> Agreement:
    """Compare on the given frames; ``sizes`` (width, height) of each frame's picture.

    A hand is matched with the nearest one of the other backend, within its own size.
    """
    errors: list[FloatArray] = []
    depths: list[float] = []
    missed = extra = sides = 0
    for frame in frames:
        scale = np.array([*sizes[frame], sizes[frame][0]], np.float32)
        theirs = [(p * scale, s) for p, s in _hands(reference, frame)]
        ours = [(p * scale, s) for p, s in _hands(other, frame)]
        for points, side in theirs:
            size = float(np.ptp(points[:, :2], axis=0).max())
            distances = [np.linalg.norm(points[:, :2] - p[:, :2], axis=1) / size for p, _ in ours]
            nearest = min(range(len(ours)), key=lambda i: float(distances[i].mean()), default=None)
            if nearest is None or distances[nearest].mean() > 1:
                missed += 1
                continue
            found, found_side = ours.pop(nearest)
            errors.append(distances[nearest].astype(np.float32))
            depths.append(float(np.abs(points[:, 2] - found[:, 2]).mean() / size))
            sides += (side > 0.5) != (found_side > 0.5)
        extra += len(ours)
    every = np.concatenate(errors) if errors else np.zeros(1, np.float32)
    return Agreement(
        mean=float(every.mean()),
        median=float(np.median(every)),
        p95=float(np.percentile(every, 95)),
        depth=float(np.mean(depths)) if depths else 0.0,
        hands=len(errors),
        missed=missed,
        extra=extra,
        sides=sides,
    )


def _hands(found: Found, frame: int) -> list[tuple[FloatArray, float]]:
    return [
        (found.landmarks[frame, i], float(found.right[frame, i])) for i in (0, 1) if found.landmarks[frame, i].any()
    ]

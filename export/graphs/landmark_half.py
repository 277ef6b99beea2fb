"""The bound for landmark networks in float16: what the pipeline reads off them may hardly move.

Points are compared as a share of the hand (or face): the longer side of the box around its points. A detector's boxes
are compared where it believes in them, as a share of the box. Probabilities may move as much as a classifier's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from edge.bundle.golden import THERE
from edge.bundle.manifest import Parity, Role
from edge.engines import OnnxEngine
from edge.errors import CheckFailedError
from edge.types import AnyArray, UInt8Array
from export.graphs.half import run_in_half
from export.graphs.parity import FP16_DIFFERENCE

POINTS = 0.01
"""Share of the hand's size by which its points may move in the mean; int8 moves them by 0.7 % (README, Landmarks)."""
_DETECTORS = ("palm", "face-detector")
_LOGITS = ("palm", "face-detector", "face")
"""Networks that say whether something is there before the sigmoid."""


def half_parity(role: Role, full: bytes, half: bytes, pictures: Sequence[UInt8Array]) -> Parity:
    """Largest difference of any output value between the fp32 and the fp16 network, on uint8 (H, W, 3) RGB pictures.

    Raises CheckFailedError when the points move by more than 1 % of the hand, or a probability by more than 0.02.
    """
    images = np.stack(pictures)
    engine = OnnxEngine(full, label=f"{role} fp32")
    runs = [engine.run({"image": image[None]}) for image in images]
    engine.close()
    want = {name: np.concatenate([run[name] for run in runs]) for name in runs[0]}
    have = run_in_half(half, {"image": images}, label=f"{role} fp16")
    _check(role, want, have)
    worst = max(float(np.abs(have[name] - want[name]).max()) for name in want)
    return Parity(max_abs_diff=worst, n=len(images), against="fp32, in half arithmetic")


def movement(role: Role, want: Mapping[str, AnyArray], have: Mapping[str, AnyArray]) -> tuple[float, float]:
    """How far the points move in the mean, as a share of the hand, and by how much a probability changes at most.

    Points of what is not there say nothing; without any hand in the pictures the first figure is 0.
    """
    name, threshold = THERE[role]
    logits, other = want[name].astype(np.float64), have[name].astype(np.float64)
    there = logits > threshold
    if role in _LOGITS:
        logits, other = (1 / (1 + np.exp(-np.clip(values, -100, 100))) for values in (logits, other))
    change = float(np.abs(logits - other).max())
    if not there.any():
        return 0.0, change
    if role in _DETECTORS:  # centre, size, points, in pixels of the network's picture
        kept = there[..., 0]
        boxes, moved = want["boxes"][kept].astype(np.float64), have["boxes"][kept].astype(np.float64)
        return float((np.abs(moved - boxes).mean(axis=1) / np.abs(boxes[:, 2:4]).max(axis=1)).mean()), change
    rows = there.reshape(len(there))
    points, moved = (each["landmarks"].astype(np.float64).reshape(len(rows), -1, 3)[rows] for each in (want, have))
    size = np.ptp(points[..., :2], axis=1).max(axis=1)
    distance = np.linalg.norm((moved - points)[..., :2], axis=2).mean(axis=1)
    return float((distance / size).mean()), change


def _check(role: Role, want: Mapping[str, AnyArray], have: Mapping[str, AnyArray]) -> None:
    finite = all(np.isfinite(values).all() for values in have.values())
    points, change = movement(role, want, have) if finite else (float("inf"), float("inf"))
    if points > POINTS or change > FP16_DIFFERENCE:
        raise CheckFailedError(
            f"the {role} network loses accuracy in fp16" if finite else f"the {role} network overflows in fp16",
            expected=f"points within {POINTS:.0%} of the hand, probabilities within {FP16_DIFFERENCE:g}",
            found=f"{points:.2%} and {change:.3g} on {len(next(iter(want.values())))} pictures",
            remedy="nothing was written; report this, it is one of ours",
        )

"""How fast the hands move, in a measure that neither distance to the camera nor picture size changes.

A *hand size* is the longest side of the palm as seen (wrist to middle knuckle, or 1.3 times index to little knuckle,
which is about as long), its median over the last half second: a hand that turns its edge or its fingertips to the
camera keeps its size. The *distance* between two poses is the mean way, in hand sizes, of the six landmarks that
went furthest (the changes between two fists, or of one finger, drown in a mean over all 21); it holds what the palm
travelled as well as what the fingers changed. Speed is the distance to the pose of about 0.13 s ago, per second: long
enough that the landmarks' trembling stays below the transition between two letters.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from edge.recognition.resample import Tick
from edge.types import FloatArray

_SPAN = 0.13
_MEMORY = 0.5
_EPS = 1e-6
_LARGEST = 6


@dataclass(frozen=True, slots=True)
class Pose:
    """The visible hands of a tick: float32 (21, 2) each, in units of the picture's height; ``size`` of one hand."""

    hands: tuple[FloatArray, ...]
    size: float
    time: float

    def distance(self, other: Pose) -> float:
        """How far the hand is from another pose, in hand sizes; the largest over the hands, each to its nearest.

        Hands are matched by place, not by slot: a landmarker that mistakes a left hand for a right one for some
        frames makes it no movement.
        """
        return self._way(self.hands, other.hands)

    def reshaping(self, other: Pose) -> float:
        """As `distance`, with the hands laid over each other: what the fingers changed, not where the hand went."""
        return self._way(_centred(self.hands), _centred(other.hands))

    def _way(self, mine: tuple[FloatArray, ...], others: tuple[FloatArray, ...]) -> float:
        fewer, more = sorted((mine, others), key=len)
        if not fewer:
            return 0.0
        ways = [min((np.linalg.norm(a - b, axis=1) for b in more), key=np.sum) for a in fewer]
        return max(float(np.sort(way)[-_LARGEST:].mean()) for way in ways) / self.size


def mean_pose(poses: Sequence[Pose]) -> Pose:
    """The mean of the poses that show as many hands as the last one: without the landmarks' trembling."""
    last = poses[-1]
    like = [pose for pose in poses if len(pose.hands) == len(last.hands)]
    hands = tuple(np.mean([pose.hands[i] for pose in like], axis=0) for i in range(len(last.hands)))
    return Pose(hands, last.size, last.time)


class MotionMeter:
    """Measures one tick after the other."""

    def __init__(self, aspect: float) -> None:
        self._unit = np.array([aspect, 1.0], np.float32)
        self._poses: deque[Pose] = deque()
        self._sizes: deque[tuple[float, float]] = deque()

    def measure(self, tick: Tick) -> tuple[Pose | None, float]:
        """The tick's pose and speed in hand sizes per second; (None, 0) without a hand, infinity when it appears."""
        hands = tuple(tick.landmarks[slot, :, :2] * self._unit for slot in (0, 1) if tick.visible[slot])
        if not hands:
            return None, 0.0
        self._sizes.append((tick.time, max(hand_size(hand) for hand in hands)))
        while self._sizes[0][0] < tick.time - _MEMORY:
            self._sizes.popleft()
        pose = Pose(hands, max(median(size for _, size in self._sizes), _EPS), tick.time)
        while self._poses and not tick.time - _MEMORY <= self._poses[0].time < tick.time:
            self._poses.popleft()
        before = [p for p in self._poses if p.time <= tick.time - _SPAN + _EPS] or list(self._poses)[:1]
        self._poses.append(pose)
        if not before:
            return pose, float("inf")
        return pose, pose.distance(before[-1]) / (tick.time - before[-1].time)


def _centred(hands: tuple[FloatArray, ...]) -> tuple[FloatArray, ...]:
    return tuple(hand - hand.mean(axis=0) for hand in hands)


def hand_size(hand: FloatArray) -> float:
    """The longest side of a palm (21, 2) as seen."""
    along = float(np.linalg.norm(hand[9] - hand[0]))
    across = float(np.linalg.norm(hand[5] - hand[17]))
    return max(along, 1.3 * across)

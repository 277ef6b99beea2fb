"""Gestures that change the text, for signers whose model has no sign for it: read from the hands' geometry alone.

* **Wipe**: an open hand, upright, all five fingers stretched and apart, palm or back to the camera, held still for a
  moment and then swept sideways across the body: takes back a letter; swept again after another moment of stillness,
  the next one. The way back, outwards, is no wipe.
* **Both palms**: both hands open in that way and still for a second and a half: clears the text; once more, within half
  a minute and before anything else is signed, brings it back (`edge.dialogue`).

No letter of the alphabet has all five fingers stretched, and words hardly ever hold such a hand still and then sweep it
inwards (`tests/edge/recognition/test_gesture_recordings.py` counts how often). Lengths are in hand sizes
(`edge.recognition.motion`), so that neither the distance to the camera nor the picture's size matters; times are
seconds of the source.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from edge.recognition.motion import hand_size
from edge.types import LEFT, RIGHT, FloatArray, Gesture, Hands

_FINGERS = np.array([5, 9, 13, 17])
"""The knuckles of index to little finger; each finger's joints follow its knuckle."""
_PALM = np.array([0, 5, 17])
_INWARDS = {LEFT: -1.0, RIGHT: 1.0}
"""The sign of x towards the signer's other side; pictures are not mirrored."""


@dataclass(frozen=True, slots=True)
class GestureSettings:
    """Lengths in hand sizes, times in seconds."""

    reach: float = 0.4
    """A stretched finger's tip is this far from its knuckle ..."""
    straight: float = 0.93
    """... and that is this share of the way along its joints,"""
    upright: float = 0.6
    """... and this share of it is upwards."""
    thumb: float = 1.5
    """The thumb's tip is this much farther from the little finger's knuckle than the index finger's knuckle is."""
    wide: float = 0.45
    """The palm is at least this wide as seen: it does not show its edge."""
    lapse: float = 0.25
    """A hand that is lost, or not seen as open, for no longer than this is still open."""
    still_way: float = 0.25
    """A hand that stays within this distance is still."""
    still_time: float = 0.35
    """A wipe begins with this much stillness,"""
    wipe: float = 2.0
    """... goes this far sideways ..."""
    wipe_time: float = 0.7
    """... within this time, seen on its way ..."""
    slope: float = 0.4
    """... and up or down by no more than this share of it."""
    palms_time: float = 1.5
    """Both palms are shown still for this long."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """An open hand: the middle of its palm (2,) in heights of the picture, its size, and when."""

    place: FloatArray
    size: float
    time: float

    def near(self, other: _Seen, way: float) -> bool:
        return float(np.linalg.norm(self.place - other.place)) <= way * self.size


class GestureReader:
    """Takes every frame's hands; `push` returns the gesture that has just been completed."""

    def __init__(self, settings: GestureSettings | None = None) -> None:
        self._settings = settings or GestureSettings()
        self._wipes = {slot: _Wipe(inwards, self._settings) for slot, inwards in _INWARDS.items()}
        self._palms = _Palms(self._settings)

    def push(self, hands: Hands) -> Gesture | None:
        """Take the next frame's hands."""
        seen = {slot: self._open(hands, slot) for slot in _INWARDS}
        left, right = seen[LEFT], seen[RIGHT]
        if left is not None and right is not None:
            for wipe in self._wipes.values():
                wipe.forget()
        cleared = self._palms.push(left, right, hands.time)
        if cleared is not None:
            return cleared
        wiped = [wipe.push(seen[slot], hands.time) for slot, wipe in self._wipes.items()]
        return next((gesture for gesture in wiped if gesture is not None), None)

    def _open(self, hands: Hands, slot: int) -> _Seen | None:
        """The hand of a slot if it is open and upright."""
        if not hands.presence[slot]:
            return None
        settings = self._settings
        points = hands.landmarks[slot, :, :2] * np.array([hands.aspect, 1.0], np.float32)
        size = hand_size(points)
        ways = points[_FINGERS + 3] - points[_FINGERS]
        lengths = np.linalg.norm(ways, axis=1)
        if size <= 0 or lengths.min() < settings.reach * size:
            return None
        joints = points[_FINGERS[:, None] + np.arange(4)]
        along = np.linalg.norm(np.diff(joints, axis=1), axis=2).sum(axis=1)
        if (lengths < settings.straight * along).any() or (-ways[:, 1] < settings.upright * lengths).any():
            return None
        across = float(np.linalg.norm(points[5] - points[17]))
        if across < settings.wide * size or float(np.linalg.norm(points[4] - points[17])) < settings.thumb * across:
            return None
        return _Seen(points[_PALM].mean(axis=0), size, hands.time)


class _Wipe:
    """Follows one hand; ``inwards`` is the sign of x towards the signer's other side."""

    def __init__(self, inwards: float, settings: GestureSettings) -> None:
        self._inwards, self._settings = inwards, settings
        self._recent: deque[_Seen] = deque()
        self._rest: _Seen | None = None
        self._passed = False
        """Whether the hand was seen between its rest and where it is: a landmark that jumps sweeps nothing."""
        self._begin = 0.0
        """Since when the hand is open."""

    def forget(self) -> None:
        """Begin anew."""
        self._recent.clear()
        self._rest = None

    def push(self, seen: _Seen | None, now: float) -> Gesture | None:
        settings = self._settings
        if self._recent and not 0 <= now - self._recent[-1].time <= settings.lapse:
            self.forget()
        if seen is None:
            return None
        if not self._recent:
            self._begin = now
        self._recent.append(seen)
        # One more than the stillness asked for, so that it is covered whatever the camera's rate.
        while len(self._recent) > 1 and self._recent[1].time <= now - settings.still_time:
            self._recent.popleft()
        still = now - self._recent[0].time >= settings.still_time
        if still and all(each.near(seen, settings.still_way) for each in self._recent):
            self._rest = seen
        if self._rest is None:
            return None
        across, down = (seen.place - self._rest.place) / self._rest.size
        halfway = 0.2 * settings.wipe < across * self._inwards < 0.9 * settings.wipe
        self._passed = self._rest is not seen and (self._passed or halfway)
        if now - self._rest.time > settings.wipe_time:
            self._rest = None
        elif self._passed and across * self._inwards >= settings.wipe and abs(down) <= settings.slope * abs(across):
            self._rest = None
            return Gesture("undo-letter", self._begin, now)
        return None


class _Palms:
    """Follows both hands."""

    def __init__(self, settings: GestureSettings) -> None:
        self._settings = settings
        self._first: tuple[_Seen, _Seen] | None = None
        self._last = 0.0
        self._told = False

    def push(self, left: _Seen | None, right: _Seen | None, now: float) -> Gesture | None:
        settings = self._settings
        if self._first is not None and not 0 <= now - self._last <= settings.lapse:
            self._first, self._told = None, False
        if left is None or right is None:
            return None
        self._last = now
        if self._first is None:
            self._first = left, right
        moved = not all(
            first.near(seen, settings.still_way) for first, seen in zip(self._first, (left, right), strict=True)
        )
        if moved:
            self._first = left, right
        begin = self._first[0].time
        if self._told or now - begin < settings.palms_time:
            return None
        self._told = True
        return Gesture("clear", begin, now)

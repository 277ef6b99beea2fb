"""The hand pipeline: palms are found once, then each hand is followed from frame to frame.

For each frame: (1) every hand of the last frame is looked for in the region its landmarks foretold; (2) where fewer
hands than allowed were found and a search is due, the palm detector proposes regions, and those that no hand covers are
looked into as well; (3) hands go to the signer's slots. The result agrees with MediaPipe's ``solutions.hands`` (full
networks, video mode) in where the landmarks are; it differs in when it searches, and in that one hand is never reported
twice and two hands never claim the same side.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from edge.engines import Engine, OnnxEngine
from edge.landmarks.hand import HandNetwork, HandResult
from edge.landmarks.motion import MotionSense
from edge.landmarks.palm import PalmDetector
from edge.landmarks.regions import Region, as_bgr, forearm, from_landmarks
from edge.landmarks.schedule import SearchConfig, SearchSchedule
from edge.landmarks.slots import assign, placed, smoothed
from edge.types import FloatArray, Frame, Hands, UInt8Array

_SAME_HAND = 0.5
"""Overlap above which two regions are taken for the same hand (MediaPipe's association threshold)."""


@dataclass(frozen=True, slots=True)
class HandConfig:
    """``hands`` allowed at once (1 or 2), the thresholds of MediaPipe's defaults, and when to search."""

    hands: int = 2
    palm_threshold: float = 0.5
    presence_threshold: float = 0.5
    search: SearchConfig = field(default_factory=SearchConfig)


@dataclass(slots=True)
class RunCounts:
    """How often each network ran, for metrics and tests."""

    frames: int = 0
    palm: int = 0
    hand: int = 0


@dataclass(frozen=True, slots=True)
class _Track:
    """A hand of the latest frame: ``seen`` where it was looked for, ``region`` where it is expected in the next."""

    result: HandResult
    seen: Region
    region: Region
    right: float
    slot: int | None


class HandPipeline:
    """Finds and follows up to two hands; a `Landmarker`. Owns both engines from here on."""

    def __init__(self, palm: Engine, hand: Engine, *, config: HandConfig | None = None) -> None:
        self._config = config or HandConfig()
        self._engines = (palm, hand)
        self._palm = PalmDetector(palm, threshold=self._config.palm_threshold)
        self._hand = HandNetwork(hand, threshold=self._config.presence_threshold)
        self._motion = MotionSense()
        self._schedule = SearchSchedule(self._config.search)
        self._tracks: list[_Track] = []
        self.counts = RunCounts()

    def process(self, frame: Frame) -> Hands:
        """The hands of this frame. Raises EngineError when an engine fails, nothing for what a picture shows."""
        image = as_bgr(frame.image)
        self.counts.frames += 1
        tracks = self._follow(image)
        if len(tracks) < len(self._tracks):
            self._schedule.lost(frame.time)
        if len(tracks) < self._config.hands:
            # A followed hand and its arm move all the time, and tell nothing about another one.
            moving = self._motion.moved(image, [r for track in tracks for r in (track.region, forearm(track.region))])
            if self._schedule.due(frame.time, hands=len(tracks), moving=moving):
                new = self._search(image, tracks)
                self._schedule.searched(frame.time, found=bool(new))
                tracks += new
                self._motion.remember()
        else:
            self._motion.forget()
        slots = assign([(track.right, track.slot) for track in tracks])
        self._tracks = [replace(track, slot=slot) for track, slot in zip(tracks, slots, strict=True)]
        height, width = image.shape[:2]
        unit = np.array([width, height, width], np.float32)
        return placed(
            frame,
            [(t.slot, _pixels(t.result) / unit, t.result.presence) for t in self._tracks if t.slot is not None],
        )

    def reset(self) -> None:
        """Forget the hands that were followed, as before the first frame: for another source."""
        self._tracks = []
        self._motion.forget()
        self._schedule = SearchSchedule(self._config.search)

    def close(self) -> None:
        """Close both engines."""
        for engine in self._engines:
            engine.close()

    def _follow(self, image: UInt8Array) -> list[_Track]:
        tracks: list[_Track] = []
        for old in self._tracks:
            self._look(image, old.region, old, tracks)
        return tracks

    def _search(self, image: UInt8Array, tracks: list[_Track]) -> list[_Track]:
        self.counts.palm += 1
        found: list[_Track] = []
        for region in _last_of_each(palm.region for palm in self._palm.detect(image)):
            if len(tracks) + len(found) == self._config.hands:
                break
            # A followed hand is still where it was expected, whatever its landmarks foretell for the next frame.
            if all(region.overlap(r) <= _SAME_HAND for t in (*tracks, *found) for r in (t.seen, t.region)):
                self._look(image, region, None, found, beside=tracks)
        return found

    def _look(
        self,
        image: UInt8Array,
        region: Region,
        old: _Track | None,
        tracks: list[_Track],
        beside: list[_Track] | None = None,
    ) -> None:
        """Look for a hand in ``region``; append it to ``tracks`` unless it is one of them or of those ``beside``."""
        self.counts.hand += 1
        result = self._hand.find(image, region)
        if result is None:
            return
        ahead = from_landmarks(result.points)
        if any(ahead.overlap(t.region) > _SAME_HAND for t in (*tracks, *(beside or ()))):
            return
        right = smoothed(old.right if old else None, result.right)
        tracks.append(_Track(result, region, ahead, right, old.slot if old else None))

    def __repr__(self) -> str:
        return f"<HandPipeline: {self._engines[1].name}, {len(self._tracks)} of {self._config.hands} hands in view>"


def _pixels(result: HandResult) -> FloatArray:
    """Points and depth (21, 3)."""
    return np.column_stack([result.points, result.depth])


def _last_of_each(regions: Iterable[Region]) -> list[Region]:
    """Of regions that overlap the last, hence the least sure: the one that MediaPipe's association would keep."""
    kept: list[Region] = []
    for region in regions:
        kept = [*(other for other in kept if other.overlap(region) <= _SAME_HAND), region]
    return kept


def open_hand_pipeline(palm: bytes, hand: bytes, *, threads: int = 1, config: HandConfig | None = None) -> HandPipeline:
    """A pipeline on ONNX Runtime from two serialised networks. Raises EngineError when one cannot be loaded."""
    return HandPipeline(
        OnnxEngine(palm, threads=threads, label="palm network"),
        OnnxEngine(hand, threads=threads, label="hand network"),
        config=config,
    )

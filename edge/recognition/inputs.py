"""How ticks become what the network is fed: one builder per task.

Sequence models see a window of ticks. Image models see one picture, the newest: pictures are large and a hand may rest
in view for hours, so ticks do not carry them; `Pictures` keeps the few that ticks may still ask for, and none once the
hand is gone.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.holistic import HOLISTIC_ROWS, holistic_rows
from edge.recognition.resample import Tick
from edge.types import AnyArray, FloatArray, Hands, UInt8Array

Feeds = Mapping[str, AnyArray]

_KEPT = 4
"""Pictures: those of the frames on both sides of the newest tick, and two more for a landmarker's lapse."""


class Inputs(Protocol):
    """Builds the network's inputs for a stretch of ticks."""

    def see(self, hands: Hands) -> None:
        """The next frame, before its ticks: for what ticks do not carry."""
        ...

    def feeds(self, ticks: Sequence[Tick], length: int) -> Feeds:
        """The inputs for at least one tick, ``length`` of them or fewer; the same object when nothing has changed."""
        ...

    def forget(self, until: float = math.inf) -> None:
        """There is no hand at ``until`` (source seconds), or the source begins anew."""
        ...


class Windows:
    """Inputs of a sequence model, made by ``build`` of the ticks and the length asked for."""

    def __init__(self, build: Callable[[Sequence[Tick], int], Feeds]) -> None:
        self._build = build

    def see(self, hands: Hands) -> None:
        """Nothing to remember: ticks carry all that is needed."""

    def feeds(self, ticks: Sequence[Tick], length: int) -> Feeds:
        """The window."""
        return self._build(ticks, length)

    def forget(self, until: float = math.inf) -> None:
        """Nothing was remembered."""


class Pictures:
    """Input ``image`` uint8 (1, H, W, 3) RGB of an image model: the picture nearest to the last tick."""

    def __init__(self) -> None:
        self._kept: deque[tuple[float, UInt8Array]] = deque(maxlen=_KEPT)
        self._latest: tuple[float, Feeds] | None = None

    def see(self, hands: Hands) -> None:
        """Remember the frame's picture, if it has one."""
        if hands.picture is not None:
            self._kept.append((hands.time, hands.picture))

    def feeds(self, ticks: Sequence[Tick], length: int) -> Feeds:
        """The picture."""
        wanted = ticks[-1].time
        time, picture = min(self._kept, key=lambda kept: abs(kept[0] - wanted))
        if self._latest is None or self._latest[0] != time:
            self._latest = time, {"image": picture[None]}
        return self._latest[1]

    def forget(self, until: float = math.inf) -> None:
        """Let go of the pictures up to then."""
        while self._kept and self._kept[0][0] <= until:
            self._kept.popleft()
        self._latest = None

    def __repr__(self) -> str:
        return f"<Pictures: {len(self._kept)} kept>"


def hand_window(ticks: Sequence[Tick], length: int) -> Feeds:
    """``landmarks`` float32 (1, T, 2, 21, 3), a missing hand zeros, and ``mask`` (1, T), 0 after the last tick."""
    landmarks = np.zeros((1, length, 2, 21, 3), np.float32)
    landmarks[0, : len(ticks)] = _one_slot([tick.landmarks for tick in ticks])
    mask = np.zeros((1, length), np.float32)
    mask[0, : len(ticks)] = 1
    return {"landmarks": landmarks, "mask": mask}


def holistic_window(ticks: Sequence[Tick], length: int) -> Feeds:
    """``landmarks`` float32 (1, T, 543, 3), NaN where something is missing and after the last tick."""
    rows = np.full((1, length, HOLISTIC_ROWS, 3), np.nan, np.float32)
    for place, (hands, tick) in enumerate(zip(_one_slot([tick.landmarks for tick in ticks]), ticks, strict=True)):
        rows[0, place] = holistic_rows(hands, hands.any(axis=(1, 2)), tick.face)
    return {"landmarks": rows}


def _one_slot(frames: Sequence[FloatArray]) -> FloatArray:
    """(T, 2, 21, 3); a lone hand that changed its slot for some frames is put where it mostly is."""
    window = np.stack(frames)
    visible: NDArray[np.bool_] = np.any(window, axis=(2, 3))
    counts = visible.sum(axis=0)
    if bool(np.any(visible[:, 0] & visible[:, 1])) or 0 in counts:
        return window
    usual = int(counts.argmax())
    for frame in np.flatnonzero(visible[:, 1 - usual]):
        window[frame, usual], window[frame, 1 - usual] = window[frame, 1 - usual].copy(), 0
    return window

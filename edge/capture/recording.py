"""A landmark recording: hands, or hands and face, that were found before: recognition runs without pictures.

The file is an ``.npz`` with

============= ========================== =================================================================
``landmarks`` float (T, 2, 21, 3)        required; the conventions of `edge.types`, a missing hand all zeros;
              or float (T, 543, 3)       the rows of `edge.holistic`, what is missing NaN
``time``      float (T,)                 seconds, strictly growing; else ``fps`` counts
``fps``       number                     frames a second; 30 when neither is there
``aspect``    number                     width / height of the pictures; 4/3 when not there
============= ========================== =================================================================

Nothing in it is unpickled.
"""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edge.capture.base import Delivers
from edge.capture.video import check_readable
from edge.errors import SourceError
from edge.holistic import HOLISTIC_ROWS, face_of_rows, hands_of_rows
from edge.types import LANDMARKS, AnyArray, FloatArray, Hands

DEFAULT_FPS = 30.0
DEFAULT_ASPECT = 4 / 3
_MAX_BYTES = 1 << 30
_FARTHEST = 10.0
"""Landmarks are relative to the picture; farther than this many pictures away they are pixels."""


class LandmarkRecording:
    """The hands of a recording, with the face where it has one; ``fps`` overrides the rate of a file without ``time``.

    Raises SourceError for anything that is not such a file: wrong shapes, NaN, object arrays, pixels.
    """

    live = False
    dropped = 0

    def __init__(self, path: Path, *, fps: float | None = None) -> None:
        check_readable(path)
        self._path = path
        self._closed = False
        arrays = _read(path)
        landmarks = self._checked_landmarks(arrays)
        self._rows = landmarks if landmarks.ndim == 3 else None
        self._hands = landmarks if self._rows is None else hands_of_rows(self._rows)
        self.delivers: Delivers = "hands" if self._rows is None else "holistic"
        self.length = len(landmarks)
        rate = fps if fps is not None else self._number(arrays, "fps", DEFAULT_FPS)
        self._times = self._checked_times(arrays, rate)
        self._aspect = self._number(arrays, "aspect", DEFAULT_ASPECT)

    def __iter__(self) -> Iterator[Hands]:
        """Every frame's hands, as fast as they are asked for."""
        for index, (landmarks, stamp) in enumerate(zip(self._hands, self._times, strict=True)):
            if self._closed:
                return
            left, right = (float(hand.any()) for hand in landmarks)
            face = None if self._rows is None else face_of_rows(self._rows[index])
            yield Hands(landmarks, (left, right), self._aspect, float(stamp), time.monotonic(), index, face)

    def close(self) -> None:
        """End a running iteration."""
        self._closed = True

    def _checked_landmarks(self, arrays: dict[str, AnyArray]) -> FloatArray:
        array = arrays["landmarks"]
        wanted = f"float (T, 2, {LANDMARKS}, 3) or (T, {HOLISTIC_ROWS}, 3)"
        holistic = array.shape[1:] == (HOLISTIC_ROWS, 3)
        if not (holistic or array.shape[1:] == (2, LANDMARKS, 3)) or array.dtype.kind != "f" or not len(array):
            many = array.ndim == 5 or array.shape[2:] == (HOLISTIC_ROWS, 3)
            raise self._error(
                "`landmarks` has the wrong shape or type",
                wanted,
                f"{array.dtype} {array.shape}",
                "this is a set of recordings: save one of them" if many else None,
            )
        fit = np.isfinite(array) | (np.isnan(array) if holistic else False)
        if not fit.all():
            bad = int((~fit).any(axis=tuple(range(1, array.ndim))).sum())
            raise self._error("`landmarks` has values that are no numbers", "a missing hand as zeros", f"{bad} frames")
        farthest = float(np.nanmax(np.abs(array[..., :2]), initial=0.0))
        if farthest > _FARTHEST:
            remedy = "divide x by the picture's width and y by its height"
            raise self._error("`landmarks` is not relative to the picture", "x, y in 0-1", f"{farthest:.4g}", remedy)
        return np.ascontiguousarray(array, dtype=np.float32)

    def _checked_times(self, arrays: dict[str, AnyArray], rate: float) -> AnyArray:
        if "time" not in arrays:
            return np.arange(self.length) / rate
        times = arrays["time"]
        if times.shape != (self.length,) or times.dtype.kind not in "fiu":
            raise self._error("`time` does not fit", f"({self.length},) seconds", f"{times.dtype} {times.shape}")
        times = times.astype(np.float64)
        if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
            raise self._error("`time` does not grow", "strictly growing seconds", "a step back, a repeat or a NaN")
        return times

    def _number(self, arrays: dict[str, AnyArray], name: str, default: float) -> float:
        if name not in arrays:
            return default
        array = arrays[name]
        if array.size != 1 or array.dtype.kind not in "fiu":
            raise self._error(f"`{name}` is not one number", "one number", f"{array.dtype} {array.shape}")
        value = float(array.reshape(-1)[0])
        if not 0 < value < 1000:
            raise self._error(f"`{name}` is out of range", "a number above 0", value)
        return value

    def _error(self, what: str, expected: object, found: object, remedy: str | None = None) -> SourceError:
        return SourceError(what, where=self._path, expected=expected, found=found, remedy=remedy)

    def __repr__(self) -> str:
        return f"<LandmarkRecording {self._path}: {self.length} frames>"


def _read(path: Path) -> dict[str, AnyArray]:
    wanted = {"landmarks", "time", "fps", "aspect"}
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > _MAX_BYTES:
            raise SourceError("the recording is too large", where=path, expected="at most 1 GiB", found=f"{size} bytes")
        with np.load(path, allow_pickle=False) as file:
            if "landmarks" not in file.files:
                found = ", ".join(file.files[:8]) or "no arrays"
                raise SourceError("has no `landmarks`", where=path, expected="an array `landmarks`", found=found)
            return {name: file[name] for name in file.files if name in wanted}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, NotImplementedError) as error:
        raise SourceError(
            "this is no landmark recording that can be read",
            where=path,
            expected="an .npz of plain number arrays",
            found=str(error).splitlines()[0][:160] if str(error) else type(error).__name__,
            remedy="write it with numpy.savez(path, landmarks=...)",
        ) from error

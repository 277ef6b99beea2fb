"""Golden inputs: what a bundle carries so that a device can check, without data, that it computes the same.

For models on hand landmarks they come from the shipped clip, whose true joints are known (the clip is rendered, nobody
is recorded): windows of several lengths along it, then the same with the picture mirrored and the hand in the other
slot, smaller and elsewhere, with noise, with frames in which the hand was lost, and with a second, resting hand. All
of it is drawn from a fixed seed. Depth is 0, as the truth has none.

For holistic models `export.golden_holistic` adds a face. For picture models they are pictures of the same clip, cut out
around the hand and in whole.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edge.bundle.manifest import InputContract, Task
from edge.errors import InputError, UsageError
from edge.types import LANDMARKS, LEFT, RIGHT, AnyArray, FloatArray
from export.golden_holistic import holistic_windows

TRUTH = Path(__file__).parent.parent / "edge" / "samples" / "hello.json"
"""The shipped clip's truth: ``fps``, ``width``, ``height``, and per frame the 21 ``joints`` in pixels (right hand)."""

CLIP = ".webm"
"""The clip lies beside its truth."""
_STEP = 6
_LEAST_CROP = 16
_OUTSIDE = 1 / 3
"""A hand with more than this share of its joints outside the picture is not seen."""
_SEED = 20260101
_EPOCH = (1980, 1, 1, 0, 0, 0)


def golden_inputs(task: Task, contract: InputContract, *, truth: Path | None = None) -> dict[str, AnyArray]:
    """Inputs of the contract by tensor name, (N, ...); raises InputError when the clip's truth cannot be used."""
    if task == "hand-sequence":
        return _hand_windows(contract, truth or TRUTH)
    if task == "holistic-sequence":
        hands = _hand_windows(contract, truth or TRUTH)
        return holistic_windows(hands["landmarks"], hands["mask"])
    return _pictures(contract, truth or TRUTH)


def write_npz(arrays: Mapping[str, AnyArray]) -> bytes:
    """An npz file, compressed, the same bytes for the same arrays."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, member.getvalue())
    return buffer.getvalue()


def read_truth(path: Path) -> tuple[FloatArray, float, float]:
    """Joints (frames, 21, 2) relative to the picture's size, frames per second, width / height; raises InputError."""
    try:
        value: Any = json.loads(path.read_text("utf-8"))
        joints = np.array([frame["joints"] for frame in value["frames"]], np.float32)
        size = np.array([value["width"], value["height"]], np.float32)
        rate = float(value["fps"])
    except OSError as error:
        raise InputError("the shipped clip's truth cannot be read", where=path, found=error.strerror) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("not a clip's truth file", where=path, found=repr(error)[:120]) from error
    if joints.ndim != 3 or joints.shape[1:] != (LANDMARKS, 2) or not len(joints) or rate <= 0:
        raise InputError(
            "not a clip's truth file", where=path, expected=f"joints (frames, {LANDMARKS}, 2)", found=joints.shape
        )
    return joints / size, rate, float(size[0] / size[1])


def _hand_windows(contract: InputContract, truth: Path) -> dict[str, AnyArray]:
    if contract.window is None:
        raise UsageError("the model's window is not known")
    joints, rate, aspect = read_truth(truth)
    if contract.aspect is not None:
        joints = joints.copy()
        joints[..., 0] = 0.5 + (joints[..., 0] - 0.5) * np.float32(aspect / contract.aspect)
    length = contract.window.frames
    times = np.arange(0, len(joints) / rate, 1 / contract.window.rate)
    joints = joints[np.minimum(np.round(times * rate).astype(int), len(joints) - 1)]
    hands = np.zeros((len(joints), 2, LANDMARKS, 3), np.float32)
    hands[:, RIGHT, :, :2] = joints
    hands[((joints < 0) | (joints > 1)).any(axis=2).mean(axis=1) > _OUTSIDE] = 0
    rng = np.random.default_rng(_SEED)
    landmarks, masks = [], []
    for begin in range(0, max(1, len(hands) - length // 2), _STEP):
        for change in (_same, _mirrored, _elsewhere, _noisy, _lost, _second_hand):
            frames = hands[begin : begin + length]
            if change is not _same:  # a sign may end before the window does
                frames = frames[: int(rng.integers(max(1, len(frames) // 3), len(frames) + 1))]
            window = np.zeros((length, 2, LANDMARKS, 3), np.float32)
            window[: len(frames)] = change(frames.copy(), rng)
            landmarks.append(window)
            masks.append((np.arange(length) < len(frames)).astype(np.float32))
    return {"landmarks": np.stack(landmarks), "mask": np.stack(masks)}


def _pictures(contract: InputContract, truth: Path) -> dict[str, AnyArray]:
    import cv2

    if contract.image_size is None:
        raise UsageError("the size of the model's pictures is not known")
    joints, _, _ = read_truth(truth)
    clip = truth.with_suffix(CLIP)
    video = cv2.VideoCapture(str(clip))
    pictures: list[AnyArray] = []
    height, width = contract.image_size
    for index, points in enumerate(joints):
        found, frame = video.read()
        if not found:
            break
        if index % _STEP:
            continue
        for part in (frame, around_hand(frame, points)):
            resized = cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR)
            pictures.append(cv2.cvtColor(resized, cv2.COLOR_BGR2RGB))
    video.release()
    if not pictures:
        raise InputError(
            "the shipped clip cannot be read", where=clip, expected=f"{len(joints)} pictures", found="none"
        )
    return {contract.tensors[0].name: np.stack(pictures)}


def around_hand(frame: AnyArray, joints: FloatArray) -> AnyArray:
    """A square around the hand, half as large again; the whole picture when the hand is not in it.

    ``joints`` (21, 2) are relative to the picture's width and height.
    """
    height, width = frame.shape[:2]
    points = joints * (width, height)
    centre, half = (points.min(axis=0) + points.max(axis=0)) / 2, 0.75 * float(np.ptp(points, axis=0).max())
    x0, y0 = (int(max(0, v - half)) for v in centre)
    x1, y1 = (int(v + half) for v in centre)
    part = frame[y0:y1, x0:x1]
    return part if min(part.shape[:2]) >= _LEAST_CROP else frame


def _same(hands: FloatArray, rng: np.random.Generator) -> FloatArray:
    return hands


def _mirrored(hands: FloatArray, rng: np.random.Generator) -> FloatArray:
    seen = _seen(hands)
    hands[seen, LEFT] = hands[seen, RIGHT] * (-1, 1, 1) + (1, 0, 0)
    hands[seen, RIGHT] = 0
    return hands


def _elsewhere(hands: FloatArray, rng: np.random.Generator) -> FloatArray:
    seen = _seen(hands)
    size, target = rng.uniform(0.5, 1.1), rng.uniform(0.3, 0.7, 2)
    if seen.any():
        points = hands[seen, RIGHT, :, :2]
        hands[seen, RIGHT, :, :2] = (points - points.mean(axis=(0, 1))) * size + target
    return hands


def _noisy(hands: FloatArray, rng: np.random.Generator) -> FloatArray:
    noise = rng.normal(0, 0.004, hands[:, RIGHT].shape)
    hands[:, RIGHT] += noise * _seen(hands)[:, None, None]
    return hands


def _lost(hands: FloatArray, rng: np.random.Generator) -> FloatArray:
    hands[rng.random(len(hands)) < 0.2] = 0
    return hands


def _second_hand(hands: FloatArray, rng: np.random.Generator) -> FloatArray:
    seen = _seen(hands)
    if seen.any():
        resting = hands[seen, RIGHT][0] * (-1, 1, 1) + (1, 0.25, 0)
        hands[:, LEFT] = resting
    return hands


def _seen(hands: FloatArray) -> AnyArray:
    """Which frames show the hand that signs, bool (frames,)."""
    return np.asarray(hands[:, RIGHT].any(axis=(1, 2)))

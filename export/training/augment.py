"""Making more of few recordings: other cameras, other hands, other speeds, other mishaps.

Each recording has (nearly) one signer in front of one camera; what differs between people and set-ups is drawn at
random here, on the landmarks: the view in three dimensions, the picture's aspect, the proportions of the fingers, the
noise of the landmark network, the speed, the part of a hold that is seen, missing frames, a second hand in view, and
which slot a hand is put in. All functions draw from the generator they are given and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.types import LEFT, FloatArray
from export.models.hands import ASPECT
from export.training.data import Recordings

_PARENT = (0, 0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0, 13, 14, 15, 0, 17, 18, 19)


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How strongly; angles in degrees, lengths in palm sizes where not said otherwise. All zero: nothing
    changes, but for the part of a hold that is taken."""

    roll: float = 15.0
    tilt: float = 20.0
    stretch: float = 0.3
    """Largest change of the picture's width against its height, as a logarithm."""
    depth: float = 0.8
    """Largest change of the relative depth, as a logarithm: it is the landmark network's weakest guess, and differs
    threefold between sources."""
    perspective: float = 0.15
    bone: float = 0.08
    """Standard deviation of a bone's length, as a logarithm."""
    bend: float = 5.0
    """Standard deviation of each joint's extra rotation, the same in all frames."""
    jitter: float = 0.02
    """Standard deviation of each point in each frame."""
    speed: float = 0.5
    """Largest change of speed, as a logarithm."""
    warp: float = 0.3
    """Largest change of a movement's pace from its begin to its end, as a logarithm of the exponent."""
    word_crop: float = 0.4
    """Largest share of a movement that is cut off."""
    drop: float = 0.15
    """Largest share of frames without a hand."""
    swap: float = 0.3
    """Share of recordings whose hands are put in the other slot (as the two MediaPipe APIs would)."""
    other_hand: float = 0.15
    """Share of one-handed recordings that get a resting second hand; of two-handed ones that lose it for a while."""
    hold: int = 4
    """Frames that are mostly taken from a hold, at most."""
    long_holds: float = 0.3
    """Share of holds that may fill the window: without them a network takes every long window for a movement."""
    frames: int = 30


def draw_times(length: int, *, held: bool, options: Augmentation, random: np.random.Generator) -> NDArray[np.float64]:
    """Places (L,), at most ``options.frames`` of them, in a recording of ``length`` frames.

    A movement is cropped, sped up or slowed down and warped; of a hold, whose frames are near copies of each other,
    a few frames from any part of it do.
    """
    if held:
        longest = options.frames if random.random() < options.long_holds else min(options.hold, options.frames)
        count = int(random.integers(1, longest + 1))
        span = random.uniform(0, length - 1)
        return random.uniform(0, length - 1 - span) + span * np.linspace(0, 1, count)
    speed = np.exp(random.uniform(-options.speed, options.speed))
    span = max((1 - random.uniform(0, options.word_crop)) * length, min(3.0, float(length)))
    count = int(np.clip(round(span / speed), min(3, options.frames), options.frames))
    start = random.uniform(0, length - span)
    warped = np.linspace(0, 1, count) ** np.exp(random.uniform(-options.warp, options.warp))
    return np.asarray(np.clip(start + warped * (span - 1), 0, length - 1))


def gather(sequence: FloatArray, times: NDArray[np.float64]) -> FloatArray:
    """Frames of (T, 2, 21, 3) at fractional places (L,): between two frames that both show a hand it is interpolated,
    else the nearer one counts."""
    low = np.floor(times).astype(int)
    high = np.minimum(low + 1, len(sequence) - 1)
    part = (times - low).astype(np.float32)[:, None, None, None]
    a, b = sequence[low], sequence[high]
    both = (np.abs(a).sum((2, 3), keepdims=True) > 0) & (np.abs(b).sum((2, 3), keepdims=True) > 0)
    nearer = np.where(part < 0.5, a, b)
    return np.asarray(np.where(both, a * (1 - part) + b * part, nearer), np.float32)


def augment(batch: FloatArray, options: Augmentation, random: np.random.Generator) -> FloatArray:
    """(B, T, 2, 21, 3) to the same shape; missing hands stay missing."""
    present = np.abs(batch).sum((3, 4), keepdims=True) > 0
    count = len(batch)
    unit = np.array([ASPECT, 1, ASPECT], np.float32)
    points = batch * unit
    wrist = points[:, :, :, :1].copy()
    wrist[..., 2] = 0
    relative = points - points[:, :, :, :1]
    palm = np.linalg.norm(relative[:, :, :, 9], axis=3)[..., None, None]
    relative = _other_fingers(relative, options, random)
    view = _views(count, options, random)
    relative = np.einsum("btshc,bdc->btshd", relative, view)
    plane = view[:, :2, :2] / np.maximum(np.linalg.norm(view[:, :2, :2], axis=(1, 2), keepdims=True) / np.sqrt(2), 0.5)
    place = np.einsum("btshc,bdc->btshd", wrist[..., :2] - 0.5, plane) + 0.5
    nearness = 1 + random.uniform(-1, 1, (count, 1, 1, 1, 1)) * options.perspective * relative[..., 2:] / (palm + 1e-6)
    relative[..., :2] *= np.clip(nearness, 0.6, 1.6)
    relative += random.standard_normal(relative.shape, dtype=np.float32) * (options.jitter * palm)
    points = relative.astype(np.float32)
    points[..., :2] += place
    return np.asarray(np.where(present, points / unit, 0), np.float32)


def _views(count: int, options: Augmentation, random: np.random.Generator) -> FloatArray:
    """(B, 3, 3): depth error, rotation in space, then the picture's stretch."""
    tilt, roll = np.radians(options.tilt), np.radians(options.roll)
    angles = [random.uniform(-limit, limit, count) for limit in (tilt, tilt, roll)]
    depth, stretch = (np.exp(random.uniform(-s, s, count)) for s in (options.depth, options.stretch))
    one, zero = np.ones(count), np.zeros(count)
    (cx, cy, cz), (sx, sy, sz) = (np.cos(angles), np.sin(angles))
    about_x = np.stack([one, zero, zero, zero, cx, -sx, zero, sx, cx], 1).reshape(-1, 3, 3)
    about_y = np.stack([cy, zero, sy, zero, one, zero, -sy, zero, cy], 1).reshape(-1, 3, 3)
    about_z = np.stack([cz, -sz, zero, sz, cz, zero, zero, zero, one], 1).reshape(-1, 3, 3)
    scale_in = np.stack([one, one, depth], 1)[:, None, :]
    scale_out = np.stack([np.sqrt(stretch), 1 / np.sqrt(stretch), one], 1)[:, :, None]
    return np.asarray(scale_out * (about_z @ about_y @ about_x) * scale_in, np.float32)


def _other_fingers(relative: FloatArray, options: Augmentation, random: np.random.Generator) -> FloatArray:
    """Bones a little longer or shorter, joints a little more or less bent, the same in all frames of a recording."""
    count = len(relative)
    bones = relative - relative[:, :, :, _PARENT]
    length = np.exp(random.normal(0, options.bone, (count, 1, 1, 21, 1))).astype(np.float32)
    axis = random.normal(0, np.radians(options.bend), (count, 1, 1, 21, 3)).astype(np.float32)
    bones = (bones + np.cross(axis, bones)) * length
    moved = np.zeros_like(relative)
    for joint in range(1, 21):
        moved[:, :, :, joint] = moved[:, :, :, _PARENT[joint]] + bones[:, :, :, joint]
    return moved


def mishaps(batch: FloatArray, lengths: NDArray[np.int64], options: Augmentation, random: np.random.Generator) -> None:
    """Lose frames, lose the second hand, show a resting one, exchange the slots; in place."""
    present = np.abs(batch).sum((3, 4)) > 0
    for i, length in enumerate(lengths):
        hands = present[i, :length].mean(0) > 0.3
        if hands.sum() == 1 and random.random() < options.other_hand:
            _rest_a_hand(batch, i, length, int(np.argmin(hands)), random)
        elif hands.all() and random.random() < options.other_hand:
            begin, end = np.sort(random.integers(0, length + 1, 2))
            batch[i, begin:end, random.integers(2)] = 0
        lost = random.random(length) < random.uniform(0, options.drop)
        if length > 2 and not lost.all():
            batch[i, :length][lost] = 0
        if random.random() < options.swap:
            batch[i] = batch[i, :, ::-1].copy()


def _rest_a_hand(batch: FloatArray, i: int, length: int, slot: int, random: np.random.Generator) -> None:
    """A hand of another recording of the batch, mirrored into the free slot, lies still beside or below."""
    donor = batch[random.integers(len(batch)), 0, random.integers(2)]
    hand = batch[i, :length, 1 - slot]
    seen = np.abs(hand).sum((1, 2)) > 0
    if not donor.any() or not seen.any():
        return
    resting = (donor - donor[:1]) * np.float32(random.uniform(0.6, 1.1))
    resting[:, 0] *= random.choice((-1, 1))
    resting[:, :2] += hand[seen][:, 0, :2].mean(0)
    resting[:, 0] += random.uniform(0.15, 0.5) * (1 if slot == LEFT else -1)
    resting[:, 1] += random.uniform(0.05, 0.5)
    begin = int(random.integers(0, length)) if random.random() < 0.3 else 0
    batch[i, begin:length, slot] = resting


def draw_batch(
    recordings: Recordings,
    chosen: NDArray[np.int64],
    times: list[NDArray[np.float64]],
    options: Augmentation,
    random: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Landmarks (B, T, 2, 21, 3) and mask (B, T) of the chosen recordings at ``times``, padded to the longest."""
    lengths = np.array([len(t) for t in times])
    batch = np.zeros((len(chosen), int(lengths.max()), 2, 21, 3), np.float32)
    for row, (index, places) in enumerate(zip(chosen, times, strict=True)):
        batch[row, : len(places)] = gather(recordings.sequence(int(index)), places)
    mishaps(batch, lengths, options, random)
    mask = (np.arange(batch.shape[1])[None] < lengths[:, None]).astype(np.float32)
    return augment(batch, options, random), mask

"""A word as a film: the hand comes in from below, holds each letter, glides to the next, and leaves.

A doubled letter is not opened and closed but slid sideways, away from the body, as signers do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from edge.errors import UsageError
from export.synthetic.frame import RenderedFrame, render_pose
from export.synthetic.kinematics import Pose, turn_x, turn_y, turn_z
from export.synthetic.poses import LETTERS, letter_pose
from export.synthetic.stills import View
from export.synthetic.style import Style

__all__ = ["TWENTY_SEEDS", "TWENTY_WORDS", "RenderedFrame", "render_word", "word_length"]

TWENTY_WORDS: tuple[str, ...] = (
    "HELLO", "COFFEE", "BUTTER", "APPLE", "QUICK", "WAX", "MOON", "VISIT", "GRASS", "KEY",
    "FOXY", "SUMMER", "BRIDGE", "PUPPY", "NEXT", "QUEEN", "VOWEL", "DARK", "THANKS", "MUG",
)  # fmt: skip
"""The words whose reading is tested, chosen before any was read: no J or Z, every other letter in at least two of them,
ten doubled letters."""
TWENTY_SEEDS = tuple(range(2000, 2020))
"""The seed of each one's style (`Style.draw`); no training picture has these."""

_ENTRY = 0.45  # seconds to come in, and to leave
_DEPTH = 0.36  # metres below its place from which the hand comes
_SLIDE = 0.035  # metres a doubled letter slides
_LIFT = 0.012  # metres it is lifted on the way


@dataclass(frozen=True, slots=True)
class _Instant:
    """A pose on the timeline; ``x`` and ``y`` metres from the middle."""

    pose: Pose
    label: str
    x: float
    y: float


def render_word(
    word: str,
    *,
    style: Style | None = None,
    fps: float = 25,
    hold: float = 1.0,
    transition: float = 0.4,
    view: View | None = None,
) -> Iterator[RenderedFrame]:
    """Draw the word's frames in order.

    ``hold`` and ``transition`` are seconds a letter is held and takes to become the next; ``view`` says from where and
    whose hand, `View()` if not given. Raises UsageError for an empty word or one with a letter that is not drawn.
    """
    style, view = style or Style(), view or View()
    poses = [view.own(letter_pose(letter, style.gender)) for letter in _checked(word)]
    for index, instant in enumerate(_timeline(word, poses, fps, hold, transition)):
        time = index / fps
        sway = (
            turn_y(1.8 * np.sin(2.1 * time))
            @ turn_x(1.5 * np.sin(1.7 * time + 1))
            @ turn_z(1.5 * np.sin(1.3 * time + 2))
        )
        drift = np.array([0.002 * np.sin(2.9 * time), 0.002 * np.sin(2.3 * time + 1), 0.0])
        yield render_pose(
            instant.pose.turned(sway),
            view.at + np.array([instant.x, instant.y, 0.0]) + drift,
            camera=view.camera,
            style=style,
            build=view.build,
            label=instant.label,
            time=time,
            noise_seed=1000 * style.seed + index,
        )


def word_length(word: str, *, fps: float = 25, hold: float = 1.0, transition: float = 0.4) -> int:
    """How many frames `render_word` draws."""
    still, glide, entry = (round(seconds * fps) for seconds in (hold, transition, _ENTRY))
    return len(_checked(word)) * still + (len(word) - 1) * glide + 2 * entry


def _checked(word: str) -> str:
    wrong = sorted(set(word) - set(LETTERS))
    if wrong or not word:
        raise UsageError(
            "this word cannot be rendered",
            where=f"word {word!r}",
            expected=f"one or more of the letters {LETTERS}",
            found=" ".join(wrong) if wrong else "nothing",
            remedy="J and Z are movements and are not drawn; write the word in capitals",
        )
    return word


def _timeline(word: str, poses: list[Pose], fps: float, hold: float, transition: float) -> Iterator[_Instant]:
    still, glide, entry = (round(seconds * fps) for seconds in (hold, transition, _ENTRY))
    # The signer's right is the picture's left.
    slides = np.cumsum([0.0, *(-_SLIDE * (a == b) for a, b in pairwise(word))])
    at = [float(x) for x in slides - slides.mean()]
    for k in range(entry):
        yield _Instant(poses[0], "", at[0], -_DEPTH * (1 - _ease((k + 1) / entry)))
    for i, letter in enumerate(word):
        for _ in range(still):
            yield _Instant(poses[i], letter, at[i], 0.0)
        if i + 1 == len(word):
            break
        for k in range(glide):
            share = _ease((k + 1) / (glide + 1))
            lift = _LIFT * float(np.sin(np.pi * share)) if word[i + 1] == letter else 0.0
            yield _Instant(poses[i].towards(poses[i + 1], share), "", at[i] + share * (at[i + 1] - at[i]), lift)
    for k in range(entry):
        yield _Instant(poses[-1], "", at[-1], -_DEPTH * _ease((k + 1) / entry))


def _ease(t: float) -> float:
    """From 0 to 1 with neither speed nor acceleration at the ends."""
    return t**3 * (t * (6 * t - 15) + 10)

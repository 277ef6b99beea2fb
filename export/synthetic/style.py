"""How a rendered picture looks: whose hand, skin tone, light, background."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from export.synthetic.mesh import GENDERS, Gender

Tone = Literal["light", "medium", "tan", "dark"]
Light = Literal["soft", "side", "top", "dim", "back"]
Background = Literal["plain", "dark", "white", "noisy", "warm"]
Side = Literal["left", "right"]
TONES: tuple[Tone, ...] = get_args(Tone)
LIGHTS: tuple[Light, ...] = get_args(Light)
BACKGROUNDS: tuple[Background, ...] = get_args(Background)


@dataclass(frozen=True, slots=True)
class Style:
    """What a picture looks like. ``seed`` draws what is not named: the background's pattern and the sensor's noise;
    ``hand`` is the signer's hand that signs (a left hand is the mirrored picture of a right one)."""

    tone: Tone = "light"
    light: Light = "soft"
    background: Background = "warm"
    gender: Gender = "male"
    hand: Side = "right"
    seed: int = 0

    @staticmethod
    def draw(
        seed: int,
        *,
        hand: Side = "right",
        tone: Tone | None = None,
        light: Light | None = None,
        background: Background | None = None,
    ) -> Style:
        """A style whose tone, light, background and gender are drawn by ``seed``, all equally likely; what is named is
        kept, and changes nothing else of what is drawn."""
        rng = np.random.default_rng(seed)
        drawn = Style(
            tone=TONES[rng.integers(len(TONES))],
            light=LIGHTS[rng.integers(len(LIGHTS))],
            background=BACKGROUNDS[rng.integers(len(BACKGROUNDS))],
            gender=GENDERS[rng.integers(len(GENDERS))],
            hand=hand,
            seed=seed,
        )
        return replace(
            drawn,
            tone=tone or drawn.tone,
            light=light or drawn.light,
            background=background or drawn.background,
        )

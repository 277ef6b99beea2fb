"""The colours behind the names in `style`: linear RGB of skins, lamps and walls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.synthetic.style import Background, Light, Tone

_Colour = NDArray[np.float32]
_Direction = tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Skin:
    """Reflectance of the back of the hand, the palm and the nails."""

    back: _Colour
    palm: _Colour
    nail: _Colour


@dataclass(frozen=True, slots=True)
class Lamp:
    """A key light and a fill light (directions to them in the world, and their strengths) over an ambient level."""

    direction: _Direction
    strength: float
    ambient: float
    fill: _Direction
    fill_strength: float


@dataclass(frozen=True, slots=True, eq=False)
class Backdrop:
    """Two colours mixed by noise: ``grain`` patches across, ``octaves`` of detail, ``contrast`` between them."""

    one: _Colour
    other: _Colour
    grain: int
    octaves: int = 3
    contrast: float = 1.0


def _rgb(red: float, green: float, blue: float) -> _Colour:
    return np.array([red, green, blue], np.float32)


SKINS: dict[Tone, Skin] = {
    "light": Skin(_rgb(0.62, 0.36, 0.26), _rgb(0.70, 0.43, 0.33), _rgb(0.74, 0.48, 0.40)),
    "medium": Skin(_rgb(0.42, 0.22, 0.135), _rgb(0.56, 0.34, 0.24), _rgb(0.58, 0.38, 0.29)),
    "tan": Skin(_rgb(0.27, 0.135, 0.078), _rgb(0.47, 0.27, 0.185), _rgb(0.45, 0.27, 0.19)),
    "dark": Skin(_rgb(0.085, 0.043, 0.027), _rgb(0.26, 0.145, 0.095), _rgb(0.24, 0.14, 0.09)),
}
LAMPS: dict[Light, Lamp] = {
    "soft": Lamp((-0.5, 0.7, 0.8), 0.75, 0.42, (0.8, 0.1, 0.7), 0.18),
    "side": Lamp((-0.95, 0.2, 0.2), 1.0, 0.20, (0.8, 0.1, 0.7), 0.05),
    "top": Lamp((0.1, 1.0, 0.25), 1.0, 0.28, (0.8, 0.1, 0.7), 0.08),
    "dim": Lamp((-0.5, 0.7, 0.8), 0.16, 0.09, (0.8, 0.1, 0.7), 0.04),
    "back": Lamp((0.4, 0.7, -0.5), 1.1, 0.32, (0.2, 0.1, 0.9), 0.12),
}
BACKDROPS: dict[Background, Backdrop] = {
    "plain": Backdrop(_rgb(0.42, 0.45, 0.48), _rgb(0.46, 0.48, 0.50), 2),
    "dark": Backdrop(_rgb(0.02, 0.025, 0.03), _rgb(0.05, 0.05, 0.06), 2),
    "white": Backdrop(_rgb(0.78, 0.78, 0.76), _rgb(0.88, 0.88, 0.87), 2),
    "noisy": Backdrop(_rgb(0.03, 0.07, 0.12), _rgb(0.75, 0.66, 0.45), 9, octaves=5, contrast=2.2),
    "warm": Backdrop(_rgb(0.45, 0.30, 0.20), _rgb(0.62, 0.45, 0.33), 3),
}

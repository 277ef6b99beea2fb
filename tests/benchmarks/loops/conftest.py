"""A bundle and a landmark recording: the whole loop runs on them within a second, without pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def loop_words(make_bundle: Callable[..., Path], tmp_path: Path) -> list[str]:
    """``--bundle`` and ``--clip``: a hand that is held, rests away, and is held again, in 1.5 seconds."""
    landmarks = np.random.default_rng(0).uniform(0.4, 0.6, (1, 2, 21, 3)).astype(np.float32)
    frames = np.repeat(landmarks, 30, axis=0)
    frames[:, 0] = 0  # one hand
    frames[13:17] = 0
    clip = tmp_path / "held.npz"
    np.savez(clip, landmarks=frames, fps=20.0)
    return ["--bundle", str(make_bundle()), "--clip", str(clip)]

"""A signer spells, wipes, spells on and clears, with the shipped model, which reads all of it as signs too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.types import Hands
from export.synthetic.gestures import MovedHand, film, sweep

FPS = 25
AWAY = (np.zeros((2, 21, 3), np.float32),) * (FPS // 2)


def landmarks(frames: Iterator[Hands]) -> list[np.ndarray]:
    return [hands.landmarks for hands in frames]


def letters(word: str, seed: int) -> list[np.ndarray]:
    """Each letter held in its place, a little apart, with a glide between them."""
    made: list[np.ndarray] = []
    for letter in word:
        held = landmarks(film(FPS, 1.0, right=(MovedHand(seed, letter), lambda time: (-0.05, 0.01 * np.sin(2 * time)))))
        if made:
            made += [(1 - share) * made[-1] + share * held[0] for share in np.linspace(0, 1, 12)[1:-1]]
        made += held
    return [*AWAY, *made, *AWAY]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [4, 10])
def test_a_wipe_takes_back_one_letter_and_both_palms_the_text(demo_bundle: Path, tmp_path: Path, seed: int) -> None:
    wipe = landmarks(film(FPS, 1.6, right=(MovedHand(seed), sweep(0.28))))
    palms = film(
        FPS,
        2.5,
        left=(MovedHand(seed), lambda time: (0.12, 0.0)),
        right=(MovedHand(seed + 1), lambda time: (-0.12, 0.0)),
    )
    frames = [*letters("LOW", seed), *wipe, *AWAY, *letters("VY", seed), *landmarks(palms), *AWAY]
    np.savez(tmp_path / "signer.npz", landmarks=np.stack(frames).astype(np.float32), fps=FPS)

    objects = _run(demo_bundle, tmp_path / "signer.npz")
    actions = [(o["name"], o["origin"]) for o in objects if o["type"] == "action"]
    assert actions == [("undo-letter", "gesture"), ("clear", "gesture")]
    at = {o["name"]: n for n, o in enumerate(objects) if o["type"] == "action"}

    def texts(begin: int, end: int) -> list[str]:
        return [o["text"] for o in objects[begin:end] if o["type"] == "caption"]

    assert "LOW" in texts(0, at["undo-letter"])
    assert texts(at["undo-letter"], len(objects))[0] == "LO", "whatever the open hand was read as is taken back too"
    assert texts(at["clear"], len(objects)) == [""], "nothing of the gesture is left"

    off = _run(demo_bundle, tmp_path / "signer.npz", "--no-gestures")
    assert not [o for o in off if o["type"] == "action"]


def _run(bundle: Path, source: Path, *words: str) -> list[dict[str, object]]:
    command = [sys.executable, "-m", "edge", "run", "--bundle", str(bundle), "--source", str(source), "--json", *words]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]

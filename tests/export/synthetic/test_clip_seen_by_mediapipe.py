import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edge.samples import demo_clip, demo_truth

pytestmark = pytest.mark.reference


def test_mediapipe_finds_the_rendered_hand_where_it_is(reference_python: Path, tmp_path: Path) -> None:
    script, out = Path(__file__).with_name("mediapipe_on_clip.py"), tmp_path / "seen.npz"
    done = subprocess.run(
        [str(reference_python), str(script), str(demo_clip()), str(out)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    with np.load(out, allow_pickle=False) as read:
        seen = read["landmarks"]
    truth = json.loads(demo_truth().read_text())
    size = np.array([truth["width"], truth["height"]])
    joints = np.array([frame["joints"] for frame in truth["frames"]])
    assert len(seen) == len(joints)
    whole = ((joints >= 0) & (joints < size)).all(axis=(1, 2))
    found = np.abs(seen).sum(axis=(1, 2)) > 0
    assert whole.sum() > 150
    assert found[whole].mean() >= 0.98
    error = np.linalg.norm(seen[..., :2] * size - joints, axis=2).mean(axis=1) / np.ptp(joints, axis=1).max(axis=1)
    assert np.mean(error[whole & found]) < 0.08

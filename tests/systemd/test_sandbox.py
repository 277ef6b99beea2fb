"""What the unit forbids is refused, and the runtime lives without it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge.bundle.samples import write_sample


def _run(root: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """The sandbox needs the right to leave the network: root, or a namespace of one's own."""
    prefix = [] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user"]
    command = [sys.executable, root / "tests/systemd/sandbox.py", root / "systemd/fingerpost.service", *words]
    done = subprocess.run(
        [*prefix, *map(str, command)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    if done.stderr.startswith(("no network namespace", "no memory protection")) or "unshare failed" in done.stderr:
        pytest.skip(done.stderr.strip())
    return done


pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def test_what_is_forbidden_is_refused(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = _run(root, "probe", listener.getsockname()[1])
    assert done.stdout.split() == ["executable", "chown", "nice", "network"], done.stderr


def test_a_bundle_is_installed_and_reads_a_recording(root: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    done = _run(root, "install", write_sample(tmp_path / "a.bundle"), "--store", store)
    assert done.returncode == 0, done.stderr
    np.savez(tmp_path / "a.npz", landmarks=np.full((60, 2, 21, 3), 0.5, np.float32), fps=15)
    done = _run(root, "run", "--store", store, "--source", tmp_path / "a.npz", "--headless")
    assert done.returncode == 0, done.stderr
    assert "frames: 60" in done.stdout + done.stderr


@pytest.mark.slow
def test_the_shipped_clip_is_read(root: Path, demo_bundle: Path) -> None:
    done = _run(root, "run", "--bundle", demo_bundle, "--source", "demo", "--headless")
    assert done.returncode == 0, done.stderr
    assert "HELLO" in done.stdout

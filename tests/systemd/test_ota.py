"""The hand-over from Mender and RAUC to `edge install`, called as they call it, the real command line behind it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.bundle.samples import write_sample
from edge.bundle.store import Store

Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def call(tmp_path: Path, root: Path, store: Path) -> Call:
    """Runs a script of systemd/ota with our command line and a systemctl that writes down what it is asked."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "systemctl").write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\n')
    (bin_ / "fingerpost").write_text(f'#!/bin/sh\nexec {sys.executable} -m edge "$@"\n')
    for script in bin_.iterdir():
        script.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{bin_}:{os.environ['PATH']}",
        "FINGERPOST_COMMAND": str(bin_ / "fingerpost"),
        "FINGERPOST_STORE": str(store),
        "FINGERPOST_KEYS": str(tmp_path / "keys"),
        "OMP_NUM_THREADS": "1",
    }

    def run(script: str, *words: object, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [root / "systemd/ota" / script, *map(str, words)],
            env=environment | more, cwd=root, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


def _active(store: Path) -> str | None:
    active = Store(store).status().active
    return active.version if active else None


@pytest.fixture
def work(tmp_path: Path) -> Path:
    for folder in ("files", "tmp"):
        (tmp_path / "work" / folder).mkdir(parents=True)
    return tmp_path / "work"


def _deploy(call: Call, work: Path, serial: int) -> subprocess.CompletedProcess[str]:
    for old in (work / "files").iterdir():
        old.unlink()
    write_sample(work / "files/new.bundle", version=f"{serial}.0.0", serial=serial)
    return call("mender-fingerpost", "ArtifactInstall", work)


def test_mender_installs_restarts_and_takes_back(call: Call, work: Path, store: Path, tmp_path: Path) -> None:
    assert call("mender-fingerpost", "NeedsArtifactReboot", work).stdout == "No\n"
    assert call("mender-fingerpost", "SupportsRollback", work).stdout == "Yes\n"
    for serial in (1, 2):
        done = _deploy(call, work, serial)
        assert done.returncode == 0, done.stderr
        assert _active(store) == f"{serial}.0.0"
    assert (tmp_path / "asked").read_text() == "try-restart fingerpost.service\n" * 2
    assert call("mender-fingerpost", "ArtifactRollback", work).returncode == 0
    assert _active(store) == "1.0.0"
    assert {b.reason for b in Store(store).list()} == {"", "Mender took the deployment back"}
    assert call("mender-fingerpost", "ArtifactRollback", work).returncode == 0
    assert _active(store) == "1.0.0"
    for state in ("ArtifactCommit", "Cleanup", "Download"):
        assert call("mender-fingerpost", state, work).returncode == 0


def test_mender_is_told_when_a_bundle_is_refused(call: Call, work: Path, store: Path) -> None:
    _deploy(call, work, 1)
    (work / "files/new.bundle").write_bytes(b"no bundle")
    done = call("mender-fingerpost", "ArtifactInstall", work)
    assert done.returncode == 4
    assert "not a bundle" in done.stderr
    (work / "files/new.bundle").unlink()
    assert call("mender-fingerpost", "ArtifactInstall", work).returncode == 1
    assert _active(store) == "1.0.0"


def test_mender_is_told_when_a_signature_is_missing(call: Call, work: Path, store: Path) -> None:
    write_sample(work / "files/new.bundle")
    done = call("mender-fingerpost", "ArtifactInstall", work, FINGERPOST_POLICY="require")
    assert done.returncode == 4
    assert "not signed" in done.stderr
    assert _active(store) is None


def test_rauc_installs_what_lies_in_its_bundle(call: Call, store: Path, tmp_path: Path) -> None:
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    assert call("rauc-fingerpost", RAUC_BUNDLE_MOUNT_POINT=str(mounted)).returncode == 0
    assert _active(store) is None
    write_sample(mounted / "a.bundle")
    assert call("rauc-fingerpost", RAUC_BUNDLE_MOUNT_POINT=str(mounted)).returncode == 0
    assert _active(store) == "1.0.0"
    assert call("rauc-fingerpost", RAUC_BUNDLE_MOUNT_POINT="").returncode == 1

"""No picture is ever written or sent: the whole service reads signs where the kernel would refuse either."""

from __future__ import annotations

import ctypes.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("no_writing.py")

pytestmark = pytest.mark.skipif(ctypes.util.find_library("seccomp") is None, reason="libseccomp is not installed")


def run(*words: object, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
        env=os.environ | {"FINGERPOST_POLICY": "off", "PYTHONDONTWRITEBYTECODE": "1"} | more,
    )


def test_what_is_forbidden_is_refused(tmp_path: Path) -> None:
    """Else the tests below would prove nothing: not even OpenCV's own code can write here."""
    done = run("probe", tmp_path)
    assert done.stdout.split() == ["new", "old", "append", "folder", "rename", "opencv", "network", "network6"], (
        done.stderr
    )
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


@pytest.mark.slow
def test_signs_are_read_from_a_camera_where_nothing_can_be_written_or_sent(demo_bundle: Path, tmp_path: Path) -> None:
    """The camera's process, the loop, the networks, captions: all of it, 30 pictures a second of a hand that spells."""
    words = ("run", "--bundle", demo_bundle, "--source", "fake:demo", "--max-frames", "240", "--headless")
    done = run(*words, TMPDIR=str(tmp_path), HOME=str(tmp_path), XDG_CACHE_HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "frames: 240" in done.stdout
    assert "transcript: " in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_service_tells_its_journal_nothing_of_what_was_signed(demo_bundle: Path, tmp_path: Path) -> None:
    words = ("run", "--bundle", demo_bundle, "--source", "demo", "--sentence", "rules")
    supervised = {"NOTIFY_SOCKET": str(tmp_path / "nobody"), "RUNTIME_DIRECTORY": str(tmp_path)}

    def journal(*more: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "edge", *map(str, words), *more],
            capture_output=True,
            text=True,
            check=False,
            timeout=200,
            env=os.environ | {"FINGERPOST_POLICY": "off"} | supervised,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    assert "HELLO" in journal("--log-captions")
    silent = journal()
    assert "frames: 187" in silent
    assert "HELL" not in silent.upper()

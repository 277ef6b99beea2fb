"""The unit is understood to the last word, and leaves a broken-into service as little as possible."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ANALYZE = shutil.which("systemd-analyze")
DROP_INS = ("jetson.conf", "local-network.conf")

pytestmark = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")


@pytest.fixture
def staged(tmp_path: Path, root: Path) -> Path:
    """A system root with the unit installed by our installer and the system's own units, but nothing else."""
    stage = tmp_path / "root"
    subprocess.run([root / "systemd/install.sh", "--root", stage, "--without-package"], check=True, capture_output=True)
    python = stage / "opt/fingerpost/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    units = Path("/usr/lib/systemd/system")
    if not units.is_dir():
        units = Path("/lib/systemd/system")
    shutil.copytree(units, stage / "usr/lib/systemd/system", symlinks=True)
    return stage


def _verify(stage: Path) -> str:
    """Everything `systemd-analyze verify` says about our unit; it exits 0 on unknown keys, so the words decide."""
    done = subprocess.run(
        [str(ANALYZE), "verify", "--man=no", "--recursive-errors=no", f"--root={stage}", "fingerpost.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr + (f"exit {done.returncode}" if done.returncode else "")


def _exposure(unit: Path, threshold: int) -> float:
    done = subprocess.run(
        [str(ANALYZE), "security", "--offline=true", f"--threshold={threshold}", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found, done.stdout
    return float(found[1])


def test_the_unit_is_understood_without_a_word(staged: Path) -> None:
    assert _verify(staged) == ""


def test_an_unknown_key_would_be_noticed(staged: Path) -> None:
    unit = staged / "etc/systemd/system/fingerpost.service"
    unit.write_text(unit.read_text().replace("[Service]\n", "[Service]\nProtectEverything=yes\n"))
    assert "ProtectEverything" in _verify(staged)


def test_a_missing_program_would_be_noticed(staged: Path) -> None:
    (staged / "opt/fingerpost/bin/python").unlink()
    assert "/opt/fingerpost/bin/python" in _verify(staged)


@pytest.mark.parametrize("drop_in", DROP_INS)
def test_each_drop_in_is_understood(staged: Path, root: Path, drop_in: str) -> None:
    folder = staged / "etc/systemd/system/fingerpost.service.d"
    folder.mkdir()
    shutil.copy(root / "systemd" / drop_in, folder)
    assert _verify(staged) == ""


def test_the_service_is_hardly_exposed(root: Path) -> None:
    # The scale goes from 0 to 10, the threshold is in tenths: 30 is what was asked for first, 10 what was reached.
    assert _exposure(root / "systemd/fingerpost.service", 30) <= 1.0


def test_the_command_of_the_unit_is_one_that_the_command_line_knows(root: Path) -> None:
    unit = (root / "systemd/fingerpost.service").read_text()
    command = re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    assert command
    assert command[1].split()[:6] == ["/opt/fingerpost/bin/python", "-I", "-u", "-m", "edge", "run"]

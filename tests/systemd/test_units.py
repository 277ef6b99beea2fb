"""The unit is understood to the last word, and leaves a broken-into service as little as possible."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ANALYZE = shutil.which("systemd-analyze")
UNITS = ("fingerpost.service", "fingerpost-kiosk.service")
DROP_INS = ("jetson.conf", "local-network.conf", "kiosk.conf")
EXPOSURE = 2.0
"""The most that any unit may reach, with any of its drop-ins, on systemd's scale from 0 to 10."""

pytestmark = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")


@pytest.fixture
def staged(tmp_path: Path, root: Path) -> Path:
    """A system root with the units installed by our installer and the system's own units, but nothing else."""
    stage = tmp_path / "root"
    words = ["--root", stage, "--without-package", "--kiosk", "--jetson"]
    subprocess.run([root / "systemd/install.sh", *words], check=True, capture_output=True)
    for name in ("opt/fingerpost/bin/python", "bin/sh"):
        program = stage / name
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    units = Path("/usr/lib/systemd/system")
    if not units.is_dir():
        units = Path("/lib/systemd/system")
    shutil.copytree(units, stage / "usr/lib/systemd/system", symlinks=True)
    return stage


def _verify(stage: Path, unit: str = UNITS[0]) -> str:
    """Everything `systemd-analyze verify` says about a unit; it exits 0 on unknown keys, so the words decide."""
    done = subprocess.run(
        [str(ANALYZE), "verify", "--man=no", "--recursive-errors=no", f"--root={stage}", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr + (f"exit {done.returncode}" if done.returncode else "")


def _exposure(stage: Path, unit: str) -> float:
    """systemd's own figure; it fails by itself above the threshold, which is in tenths."""
    words = ("security", "--offline=true", f"--threshold={EXPOSURE * 10:g}", "--no-pager", f"--root={stage}", unit)
    done = subprocess.run(
        [str(ANALYZE), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found, done.stdout
    return float(found[1])


@pytest.mark.parametrize("unit", UNITS)
def test_each_unit_is_understood_without_a_word_with_all_its_drop_ins(staged: Path, unit: str) -> None:
    assert {path.name for path in staged.glob("etc/systemd/system/*.service.d/*")} == set(DROP_INS)
    assert _verify(staged, unit) == ""


@pytest.mark.parametrize("unit", UNITS)
def test_the_boot_does_not_wait_for_a_camera_or_a_display(root: Path, unit: str) -> None:
    """A target waits for what it wants that has the default dependencies; without them the others must be named."""
    words = (root / "systemd" / unit).read_text().partition("[Service]")[0].splitlines()
    assert "DefaultDependencies=no" in words and "Requires=sysinit.target" in words
    ordered = {key: set(value.split()) for key, _, value in (word.partition("=") for word in words)}
    assert {"sysinit.target", "basic.target"} <= ordered["After"]
    assert "shutdown.target" in ordered["Before"] & ordered["Conflicts"]


def test_an_unknown_key_would_be_noticed(staged: Path) -> None:
    unit = staged / "etc/systemd/system/fingerpost.service"
    unit.write_text(unit.read_text().replace("[Service]\n", "[Service]\nProtectEverything=yes\n"))
    assert "ProtectEverything" in _verify(staged)


def test_a_missing_program_would_be_noticed(staged: Path) -> None:
    (staged / "opt/fingerpost/bin/python").unlink()
    assert "/opt/fingerpost/bin/python" in _verify(staged)


@pytest.mark.parametrize("kept", [(), *((drop_in,) for drop_in in DROP_INS), DROP_INS])
def test_the_service_is_hardly_exposed_whatever_is_opened(staged: Path, kept: tuple[str, ...]) -> None:
    for path in staged.glob("etc/systemd/system/fingerpost.service.d/*"):
        if path.name not in kept:
            path.unlink()
    exposure = _exposure(staged, "fingerpost.service")
    assert exposure <= (EXPOSURE if kept else 1.0)


def test_the_kiosks_browser_is_hardly_exposed(staged: Path) -> None:
    assert _exposure(staged, "fingerpost-kiosk.service") <= EXPOSURE


def test_every_unit_and_drop_in_of_the_repository_is_among_those_that_are_looked_at(root: Path) -> None:
    folder = root / "systemd"
    assert {path.name for path in folder.glob("*.service")} == set(UNITS)
    assert {path.name for path in folder.glob("*.conf")} == {*DROP_INS, "fingerpost.conf"}


def test_a_wide_open_unit_would_be_noticed(staged: Path) -> None:
    unit = staged / "etc/systemd/system/fingerpost.service"
    unit.write_text("\n".join(line for line in unit.read_text().splitlines() if not line.startswith("SystemCall")))
    unit.write_text(unit.read_text().replace("PrivateUsers=yes", "").replace("CapabilityBoundingSet=", ""))
    with pytest.raises(AssertionError):
        _exposure(staged, "fingerpost.service")


def test_starts_are_counted_where_a_restart_keeps_them(root: Path) -> None:
    """Safe mode (`edge.starts`) rests on these."""
    unit = (root / "systemd/fingerpost.service").read_text().splitlines()
    assert {"RuntimeDirectory=fingerpost", "RuntimeDirectoryPreserve=restart", "Restart=always"} <= set(unit)
    assert "StartLimitIntervalSec=0" in unit


def test_the_command_of_the_unit_is_one_that_the_command_line_knows(root: Path) -> None:
    unit = (root / "systemd/fingerpost.service").read_text()
    command = re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    assert command
    assert command[1].split()[:6] == ["/opt/fingerpost/bin/python", "-I", "-u", "-m", "edge", "run"]

"""Installing twice is installing once; uninstalling takes away what was installed and keeps what is the user's."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest


def _run(script: Path, *words: object, code: int = 0) -> str:
    done = subprocess.run([script, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def install(root: Path) -> Path:
    return root / "systemd/install.sh"


@pytest.fixture
def uninstall(root: Path) -> Path:
    return root / "systemd/uninstall.sh"


def _tree(stage: Path) -> dict[str, tuple[int, bytes | None]]:
    return {
        str(path.relative_to(stage)): (path.stat().st_mode, path.read_bytes() if path.is_file() else None)
        for path in sorted(stage.rglob("*"))
    }


def test_installing_twice_gives_the_same_tree_and_the_second_run_does_nothing(install: Path, tmp_path: Path) -> None:
    _run(install, "--root", tmp_path, "--without-package", "--jetson", "--local-network")
    once = _tree(tmp_path)
    assert _run(install, "--root", tmp_path, "--without-package", "--jetson", "--local-network") == ""
    assert _tree(tmp_path) == once
    files = {name for name, (_mode, data) in once.items() if data is not None}
    assert files == {
        "etc/fingerpost/fingerpost.conf",
        "etc/systemd/system/fingerpost.service",
        "etc/systemd/system/fingerpost.service.d/jetson.conf",
        "etc/systemd/system/fingerpost.service.d/local-network.conf",
        "etc/udev/rules.d/71-fingerpost.rules",
        "usr/lib/sysusers.d/fingerpost.conf",
        "usr/lib/tmpfiles.d/fingerpost.conf",
        "usr/local/bin/fingerpost",
    }
    assert "var/lib/fingerpost" in once
    assert "etc/fingerpost/keys" in once


def test_the_kiosk_comes_with_its_page_and_goes_without_a_trace(install: Path, tmp_path: Path) -> None:
    _run(install, "--root", tmp_path, "--without-package")
    without = _tree(tmp_path)
    _run(install, "--root", tmp_path, "--without-package", "--kiosk")
    kiosk = _tree(tmp_path)
    assert _run(install, "--root", tmp_path, "--without-package", "--kiosk") == ""
    assert {name for name, (_mode, data) in kiosk.items() if data is not None and name not in without} == {
        "etc/systemd/system/fingerpost-kiosk.service",
        "etc/systemd/system/fingerpost.service.d/kiosk.conf",
        "etc/systemd/system/fingerpost.service.d/local-network.conf",
        "usr/lib/sysusers.d/fingerpost-kiosk.conf",
    }
    _run(install, "--root", tmp_path, "--without-package")
    assert {k: v for k, v in _tree(tmp_path).items() if v[1] is not None} == {
        k: v for k, v in without.items() if v[1] is not None
    }


def test_the_page_and_the_browser_mean_the_same_address(root: Path) -> None:
    served = (root / "systemd/kiosk.conf").read_text()
    shown = (root / "systemd/fingerpost-kiosk.service").read_text()
    port = re.search(r"--kiosk (\d+)", served)
    assert port and f"FINGERPOST_PAGE=http://127.0.0.1:{port[1]}/ " in shown


def test_each_extra_is_one_of_the_package(root: Path) -> None:
    extras = (root / "systemd/extras").read_text().split()
    section = (root / "pyproject.toml").read_text().partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    assert extras and set(extras) <= set(re.findall(r"^(\w+) = \[", section, re.MULTILINE))


@pytest.mark.parametrize(
    ("words", "installed"),
    [([], ""), (["--with", "mqtt,metrics"], "[mqtt,metrics]"), (["--with", "mqtt", "--kiosk"], "[mqtt,kiosk]")],
)
def test_extras_are_installed_with_the_package(
    install: Path, tmp_path: Path, root: Path, words: list[str], installed: str
) -> None:
    out = _run(install, "--root", tmp_path, "--dry-run", *words)
    assert re.search(rf"pip install --quiet --upgrade {re.escape(str(root) + installed)}$", out, re.MULTILINE)


def test_an_option_that_is_taken_back_takes_its_drop_in_away(install: Path, tmp_path: Path) -> None:
    _run(install, "--root", tmp_path, "--without-package", "--local-network")
    _run(install, "--root", tmp_path, "--without-package")
    assert not (tmp_path / "etc/systemd/system/fingerpost.service.d/local-network.conf").exists()


def test_settings_of_the_device_survive_an_upgrade(install: Path, tmp_path: Path) -> None:
    _run(install, "--root", tmp_path, "--without-package")
    settings = tmp_path / "etc/fingerpost/fingerpost.conf"
    settings.write_text("FINGERPOST_SOURCE=/dev/video7\n")
    _run(install, "--root", tmp_path, "--without-package")
    assert settings.read_text() == "FINGERPOST_SOURCE=/dev/video7\n"


def test_a_dry_run_changes_nothing_and_says_what_it_would(install: Path, uninstall: Path, tmp_path: Path) -> None:
    out = _run(install, "--root", tmp_path, "--dry-run")
    assert "-m venv" in out
    assert "fingerpost.service" in out
    assert not list(tmp_path.iterdir())
    _run(install, "--root", tmp_path, "--without-package")
    before = _tree(tmp_path)
    assert "rm -rf" in _run(uninstall, "--root", tmp_path, "--purge", "--dry-run")
    assert _tree(tmp_path) == before


def test_uninstalling_keeps_bundles_and_settings_unless_purged(install: Path, uninstall: Path, tmp_path: Path) -> None:
    _run(install, "--root", tmp_path, "--without-package", "--jetson")
    (tmp_path / "opt/fingerpost").mkdir(parents=True)
    (tmp_path / "var/lib/fingerpost/record.json").write_text("{}")
    _run(uninstall, "--root", tmp_path)
    left = {name for name, (_mode, data) in _tree(tmp_path).items() if data is not None}
    assert left == {"etc/fingerpost/fingerpost.conf", "var/lib/fingerpost/record.json"}
    assert not (tmp_path / "opt/fingerpost").exists()
    assert _run(uninstall, "--root", tmp_path) == ""
    _run(uninstall, "--root", tmp_path, "--purge")
    assert not [name for name, (_mode, data) in _tree(tmp_path).items() if data is not None]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--nonsense"], "unknown option --nonsense"),
        (["--root"], "--root needs a value"),
        (["--with", "mqtt,telepathy"], "unknown extra telepathy"),
        (["--python", "python-of-nobody"], "apt install python3"),
        (["--package", "/nowhere"], "no package at /nowhere"),
    ],
)
def test_a_mistake_is_said_in_one_line_and_nothing_is_done(
    install: Path, tmp_path: Path, words: list[str], message: str
) -> None:
    out = _run(install, "--dry-run", "--root", tmp_path, *words, code=1)
    assert message in out
    assert out.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_package_is_installed_into_an_environment_of_its_own(install: Path, root: Path, tmp_path: Path) -> None:
    """A wheel with our package's name and nothing in it but a word stands for ours: what matters is where it goes."""
    wheel = tmp_path / "fingerpost-9.9.9-py3-none-any.whl"
    info = "fingerpost-9.9.9.dist-info"
    files = {
        "edge/__init__.py": "",
        "edge/__main__.py": "print('from the stage')",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: fingerpost\nVersion: 9.9.9\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    stage = tmp_path / "stage"
    for _ in range(2):
        _run(install, "--root", stage, "--wheels", tmp_path, "--package", wheel)
    out = subprocess.run(
        [stage / "opt/fingerpost/bin/python", "-I", "-m", "edge"], capture_output=True, text=True, check=True, cwd=root
    )
    assert out.stdout == "from the stage\n"


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize(
    "script", ["install.sh", "uninstall.sh", "fingerpost", "ota/mender-fingerpost", "ota/rauc-fingerpost"]
)
def test_shellcheck_has_nothing_to_say(root: Path, script: str) -> None:
    assert _run(Path(str(shutil.which("shellcheck"))), root / "systemd" / script) == ""

"""The .deb holds all that a device needs, pinned; and its scripts are sound. No device installs it here."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is not installed"),
]


@pytest.fixture(scope="module")
def package(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deb")
    done = subprocess.run(
        [root / "systemd/deb/build-deb", "--output", folder],
        env=os.environ | {"PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (found,) = folder.iterdir()
    return found


@pytest.fixture(scope="module")
def tree(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    subprocess.run(["dpkg-deb", "--raw-extract", package, folder], check=True)
    return folder


def test_it_says_what_it_is_for(package):
    fields = subprocess.run(["dpkg-deb", "--field", package], capture_output=True, text=True, check=True).stdout
    assert re.search(r"^Package: fingerpost$", fields, re.MULTILINE)
    assert re.search(r"^Architecture: arm64$", fields, re.MULTILINE)
    assert "python3 (>= 3.11), python3 (<< 3.12)" in fields


def test_every_wheel_is_for_the_device_and_pinned_by_its_hash(tree):
    wheels = {path.name: path for path in (tree / "usr/share/fingerpost/wheels").iterdir()}
    assert all(name.endswith(("aarch64.whl", "none-any.whl")) for name in wheels), wheels
    lines = (tree / "usr/share/fingerpost/requirements.txt").read_text().splitlines()
    pinned = {line.partition("--hash=sha256:")[2] for line in lines}
    assert pinned == {hashlib.sha256(path.read_bytes()).hexdigest() for path in wheels.values()}
    assert {"numpy", "onnxruntime", "opencv_python_headless", "fingerpost"} <= {line.split("==")[0] for line in lines}
    assert {"starlette", "uvicorn", "paho_mqtt", "prometheus_client"} <= {line.split("==")[0] for line in lines}
    assert not any(line.startswith("torch") for line in lines)


def test_unit_user_and_settings_are_where_systemd_looks(tree):
    for name in (
        "usr/lib/systemd/system/fingerpost.service",
        "usr/lib/systemd/system/fingerpost-kiosk.service",
        "usr/share/fingerpost/fingerpost.service.d/kiosk.conf",
        "usr/lib/sysusers.d/fingerpost.conf",
        "usr/lib/tmpfiles.d/fingerpost.conf",
        "usr/lib/udev/rules.d/71-fingerpost.rules",
        "usr/bin/fingerpost",
        "etc/fingerpost/fingerpost.conf",
    ):
        assert (tree / name).is_file(), name
    assert (tree / "DEBIAN/conffiles").read_text() == "/etc/fingerpost/fingerpost.conf\n"


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_the_scripts_are_sound(root):
    scripts = [root / "systemd/deb" / name for name in ("build-deb", "postinst", "prerm", "postrm")]
    done = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_an_unknown_python_is_refused(root):
    done = subprocess.run([root / "systemd/deb/build-deb", "--for", "2.7"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "Usage" in done.stderr

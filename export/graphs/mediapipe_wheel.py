"""MediaPipe's networks, taken out of the mediapipe wheel.

The wheel (0.10.21, the build for x86-64 Linux, whatever machine runs this) is fetched once by pip and never installed:
it forces an old numpy and its own OpenCV, and has no build for the devices. The networks inside are what matters; they
are copied into the cache folder and the wheel is dropped. Each is known by its sha256, checked on every read before
anything parses it.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from edge.errors import DependencyError, InputError

WHEEL_VERSION = "0.10.21"
WHEEL_SHA256 = "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3"
"""Of the build that is fetched; a wheel given by hand may be another build with the same networks."""

NETWORKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "palm_detection_full": (
            "mediapipe/modules/palm_detection/palm_detection_full.tflite",
            "1b14e9422c6ad006cde6581a46c8b90dd573c07ab7f3934b5589e7cea3f89a54",
        ),
        "palm_detection_lite": (
            "mediapipe/modules/palm_detection/palm_detection_lite.tflite",
            "e9a4aaddf90dda56a87235303cf00e4c2d3fb28725f68fd88772997dac905c18",
        ),
        "hand_landmark_full": (
            "mediapipe/modules/hand_landmark/hand_landmark_full.tflite",
            "11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3",
        ),
        "hand_landmark_lite": (
            "mediapipe/modules/hand_landmark/hand_landmark_lite.tflite",
            "048edd3645c9bf7397d19a9f6e3a42957d6e414c9bea6598030a2e9b624156e6",
        ),
        "face_detection_short_range": (
            "mediapipe/modules/face_detection/face_detection_short_range.tflite",
            "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
        ),
        "face_landmark": (
            "mediapipe/modules/face_landmark/face_landmark.tflite",
            "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
        ),
    }
)
"""Name -> (path in the wheel, sha256)."""

_REMEDY = "put a mediapipe wheel (0.10.18 or 0.10.21) into that folder, or name it with --mediapipe-wheel FILE"


def default_cache() -> Path:
    """``$XDG_CACHE_HOME/fingerpost``, else ``~/.cache/fingerpost``."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "fingerpost"


def fetch_networks(
    names: tuple[str, ...],
    cache: Path | None = None,
    *,
    wheel: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> dict[str, bytes]:
    """The TFLite files of ``names`` (keys of `NETWORKS`), from ``wheel``, else the cache folder, else by pip.

    ``progress`` is told in words what takes long. Raises DependencyError when pip or the network is missing, InputError
    when a wheel is damaged or holds other networks.
    """
    cache = cache or default_cache()
    folder = cache / f"mediapipe-{WHEEL_VERSION}"
    if wheel is not None:
        _unpack(wheel, folder)
    elif any(_cached(folder, name) is None for name in NETWORKS):
        by_hand = sorted(cache.glob("mediapipe-0.10.*.whl"))
        if by_hand:
            _unpack(by_hand[-1], folder)
        else:
            _download(folder, progress)
    found = {name: _cached(folder, name) for name in names}
    if missing := [name for name, data in found.items() if data is None]:
        raise InputError("the networks just written cannot be read back", where=folder, found=", ".join(missing))
    return {name: data for name, data in found.items() if data is not None}


def _cached(folder: Path, name: str) -> bytes | None:
    try:
        data = (folder / f"{name}.tflite").read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == NETWORKS[name][1] else None


def _download(folder: Path, progress: Callable[[str], None] | None) -> None:
    if progress:
        progress(f"fetching MediaPipe's networks (mediapipe {WHEEL_VERSION}, 34 MB, once)")
    _make(folder.parent)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetch-") as temporary:
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"),
            *("--no-deps", "--only-binary=:all:", "--python-version", "3.11", "--implementation", "cp"),
            *("--platform", "manylinux_2_28_x86_64", "--dest", temporary, f"mediapipe=={WHEEL_VERSION}"),
        ]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(temporary).glob("*.whl"))
        if result.returncode or len(wheels) != 1:
            lines = [line for line in result.stderr.splitlines() if line.strip()]
            raise DependencyError(
                "MediaPipe's networks could not be fetched by pip",
                where=folder.parent,
                found=lines[-1].strip()[:200] if lines else f"exit status {result.returncode}",
                remedy=f"check the network connection and pip, or {_REMEDY}",
            )
        digest = _sha256(wheels[0])
        if digest != WHEEL_SHA256:
            raise InputError(
                "the fetched mediapipe wheel is not the known one",
                where=wheels[0].name,
                expected=f"sha256 {WHEEL_SHA256}",
                found=digest,
                remedy=_REMEDY,
            )
        _unpack(wheels[0], folder)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def _unpack(wheel: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            files = {name: _member(archive, wheel, *entry) for name, entry in NETWORKS.items()}
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError("not a readable wheel", where=wheel, found=error, remedy=_REMEDY) from error
    _make(folder)
    for name, data in files.items():
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".new-", delete=False) as file:
            file.write(data)
        Path(file.name).replace(folder / f"{name}.tflite")


def _member(archive: zipfile.ZipFile, wheel: Path, path: str, sha256: str) -> bytes:
    try:
        info = archive.getinfo(path)
    except KeyError:
        raise InputError("not a mediapipe wheel", where=wheel, expected=path, remedy=_REMEDY) from None
    if info.file_size > 64 << 20:
        raise InputError("a network is implausibly large", where=f"{wheel}, {path}", found=f"{info.file_size} bytes")
    data = archive.read(info)
    digest = hashlib.sha256(data).hexdigest()
    if digest != sha256:
        raise InputError(
            "the wheel holds another network", where=f"{wheel}, {path}", expected=sha256, found=digest, remedy=_REMEDY
        )
    return data


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            "the cache folder cannot be made", where=folder, found=error.strerror, remedy="set XDG_CACHE_HOME"
        ) from error

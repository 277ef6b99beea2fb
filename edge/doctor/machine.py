"""The machine under the kiosk: board, system, packages, heat, memory, disk, clock."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

from edge.doctor.finding import Finding, judged
from edge.service.board import Board, Readings

_PACKAGES = ("numpy", "onnxruntime", "opencv-python-headless", "pydantic", "cryptography")
_OPTIONAL = ("tensorrt", "pycuda", "mediapipe", "sentencepiece", "paho-mqtt")
_HOT = 75.0
"""°C; a Raspberry Pi throttles from 80, a Jetson from about 95."""
_LOW_MEMORY = 200e6
_LOW_DISK = 200e6
_OLDEST = (3, 10)


def machine_findings(board: Board) -> Iterator[Finding]:
    """Everything about the machine; nothing here opens a camera or a bundle."""
    cores = len(os.sched_getaffinity(0))
    yield Finding("board", "ok", f"{board.model()}, {platform.machine()}, {cores} cores")
    yield Finding("system", "ok", f"{_system()}, kernel {platform.release()}")
    yield judged(
        "Python",
        platform.python_version(),
        bad=tuple(int(n) for n in platform.python_version_tuple()[:2]) < _OLDEST,
        verdict="fail",
        remedy="install Python 3.10 or later",
    )
    yield from _packages()
    yield from readings_findings(board.read())
    yield _clock()


def readings_findings(readings: Readings) -> Iterator[Finding]:
    """Heat, power, memory and disk."""
    if readings.temperature is None:
        yield Finding("temperature", "ok", "the board does not tell")
    else:
        yield judged(
            "temperature",
            f"{readings.temperature:.0f} °C",
            bad=readings.temperature >= _HOT,
            remedy="give it air or a heat sink: the processor slows down when it gets hotter",
        )
    limits = ", ".join(readings.limits)
    past = ", ".join(readings.past_limits)
    text = f"now: {limits}" if limits else f"since boot: {past}" if past else "nothing holds the processor back"
    low = "low voltage" in (*readings.limits, *readings.past_limits)
    yield judged(
        "power",
        text,
        bad=bool(limits or past),
        remedy="use the board's own power supply and a short cable" if low else "cool the board",
    )
    yield judged(
        "memory",
        f"{_size(readings.memory_available)} of {_size(readings.memory_total)} free",
        bad=readings.memory_available < _LOW_MEMORY,
        remedy="end other programs, or use a board with more memory",
    )
    yield judged(
        "disk",
        f"{_size(readings.disk_free)} of {_size(readings.disk_total)} free where bundles are kept",
        bad=readings.disk_free < _LOW_DISK,
        remedy="remove old bundles (`edge list`, `edge remove`) and logs (`journalctl --vacuum-size=50M`)",
    )


def run(command: Sequence[str]) -> str | None:
    """What a program of the system prints; None when it is not there, fails or hangs."""
    if shutil.which(command[0]) is None:
        return None
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return platform.system()


def _packages() -> Iterator[Finding]:
    found = {name: _version(name) for name in (*_PACKAGES, *_OPTIONAL)}
    missing = [name for name in _PACKAGES if found[name] is None]
    yield judged(
        "packages",
        ", ".join(f"{name} {found[name]}" for name in _PACKAGES if found[name])
        + (f"; missing: {', '.join(missing)}" if missing else ""),
        bad=bool(missing),
        verdict="fail",
        remedy="pip install fingerpost, in the environment that the service uses",
    )
    extra = [f"{name} {found[name]}" for name in _OPTIONAL if found[name]]
    yield Finding("optional packages", "ok", ", ".join(extra) or "none")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _clock(synchronised: Path = Path("/run/systemd/timesync/synchronized")) -> Finding:
    told = run(("timedatectl", "show", "--property=NTPSynchronized", "--value"))
    if synchronised.exists() or (told or "").strip() == "yes":
        return Finding("clock", "ok", "set by the network")
    return Finding(
        "clock",
        "warn",
        "not set by the network",
        "captions and updates need no clock; the times in the journal may be wrong",
    )


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"

"""Which machine a figure is from: without it, a latency means nothing to anybody else."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("fingerpost", "numpy", "onnxruntime", "opencv-python-headless")
_FEATURES = ("avx2", "avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm", "fphp", "asimdhp")
"""Instructions that decide how fast int8 and fp16 are."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The machine and what runs on it. ``cores_allowed`` are those this process may use; ``load`` is the one-minute
    load average when the fingerprint was taken, ``memory_mib`` the machine's memory; unknown is None."""

    board: str
    cpu: str
    architecture: str
    features: tuple[str, ...]
    cores: int
    cores_allowed: int
    governor: str | None
    memory_mib: int | None
    load: float
    system: str
    python: str
    packages: dict[str, str]

    @property
    def line(self) -> str:
        """All that matters, on one line."""
        packages = ", ".join(f"{name} {number}" for name, number in self.packages.items())
        parts = (
            self.board,
            self.cpu,
            f"{self.cores_allowed} of {self.cores} cores",
            f"governor {self.governor or 'unknown'}",
            f"load {self.load:.2f}",
            f"Python {self.python}",
            packages,
        )
        return "; ".join(part for part in parts if part)


def take(root: Path = Path("/")) -> Fingerprint:
    """The fingerprint of this machine; ``root`` is where /proc and /sys are found."""
    info = _cpuinfo(root / "proc/cpuinfo")
    flags = set(info.get("flags", info.get("Features", "")).split())
    return Fingerprint(
        board=_text(root / "proc/device-tree/model") or "",
        cpu=_cpu_name(info),
        architecture=platform.machine(),
        features=tuple(name for name in _FEATURES if name in flags),
        cores=os.cpu_count() or 1,
        cores_allowed=len(os.sched_getaffinity(0)),
        governor=_text(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        memory_mib=_memory(root / "proc/meminfo"),
        load=os.getloadavg()[0],
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        packages={name: found for name in _PACKAGES if (found := _version(name)) is not None},
    )


def _cpu_name(info: dict[str, str]) -> str:
    if "model name" in info:
        return info["model name"]
    if "CPU part" in info:  # arm64 kernels give numbers only
        return f"implementer {info.get('CPU implementer', '?')} part {info['CPU part']}"
    return platform.processor() or "unknown processor"


def _cpuinfo(path: Path) -> dict[str, str]:
    """The fields of the first core, and of the board below the last one."""
    found: dict[str, str] = {}
    for line in (_text(path) or "").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            found.setdefault(name.strip(), value.strip())
    return found


def _memory(path: Path) -> int | None:
    total = _cpuinfo(path).get("MemTotal", "").split()
    return int(total[0]) // 1024 if total else None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace").strip("\0 \n")
    except OSError:  # this kernel or board does not tell
        return None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None

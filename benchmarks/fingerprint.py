"""Which machine a figure is from, and in what state: without it, a latency means nothing to anybody else."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from edge.service.board import Board
from edge.service.power import power_mode

_PACKAGES = ("fingerpost", "numpy", "onnxruntime", "opencv-python-headless")
_OTHERS = ("torch", "ai-edge-litert", "mlcommons-loadgen", "tensorrt", "scipy", "pydantic")
_FEATURES = ("avx2", "avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm", "fphp", "asimdhp")
"""Instructions that decide how fast int8 and fp16 are."""
_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_WAIT_POLICY", "CUDA_VISIBLE_DEVICES")
"""What changes how libraries use the processor."""
_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The machine and what runs on it. ``cores_allowed`` are those this process may use; ``load`` is the one-minute
    load average when the fingerprint was taken, ``memory_mib`` the machine's memory; unknown is None.

    ``governors`` of all cores, each once; ``frequency_mhz`` least and most; ``temperature`` in degrees Celsius and
    ``limits`` (what held the processor back) at ``taken``, UTC; ``virtual``: a hypervisor stands between. ``others``
    are versions of packages that a peer may need; ``variables`` of the environment that change how libraries use the
    processor; ``commit`` of the source, with a ``+`` where files were changed since; ``command`` as it was given.
    """

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
    governors: tuple[str, ...] = ()
    frequency_mhz: tuple[int, int] | None = None
    temperature: float | None = None
    limits: tuple[str, ...] = ()
    virtual: bool = False
    distribution: str = ""
    libc: str = ""
    others: dict[str, str] | None = None
    variables: dict[str, str] | None = None
    commit: str = ""
    command: str = ""
    taken: str = ""
    power: str = ""
    """A Jetson's power mode."""

    @property
    def line(self) -> str:
        """All that matters, on one line."""
        packages = ", ".join(f"{name} {number}" for name, number in self.packages.items())
        parts = (
            self.name,
            self.cpu if self.board else "",
            f"{self.cores_allowed} of {self.cores} cores",
            f"governor {'/'.join(self.governors) or self.governor or 'unknown'}",
            f"power mode {self.power}" if self.power else "",
            f"load {self.load:.2f}",
            f"Python {self.python}",
            packages,
        )
        return "; ".join(part for part in parts if part)

    @property
    def name(self) -> str:
        """Of the kind of machine: the board's, or else the processor's."""
        return self.board or self.cpu

    @property
    def busy(self) -> bool:
        """Whether the machine had more to do than cores when the measuring began."""
        return self.load > self.cores_allowed


def take(root: Path = Path("/")) -> Fingerprint:
    """The fingerprint of this machine; ``root`` is where /proc and /sys are found."""
    info = _cpuinfo(root / "proc/cpuinfo")
    flags = set(info.get("flags", info.get("Features", "")).split())
    readings = Board(root=root, disk=root).read()
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
        packages=_versions(_PACKAGES),
        governors=_each_core(root, "scaling_governor"),
        frequency_mhz=_frequencies(root),
        temperature=readings.temperature,
        limits=readings.limits,
        power=power_mode(root),
        virtual="hypervisor" in flags,
        distribution=_distribution(root / "etc/os-release"),
        libc=" ".join(platform.libc_ver()),
        others=_versions(_OTHERS),
        variables={name: os.environ[name] for name in _VARIABLES if name in os.environ},
        commit=_commit(),
        command=shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]]),
        taken=datetime.now(timezone.utc).isoformat(timespec="seconds"),
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


def _each_core(root: Path, name: str) -> tuple[str, ...]:
    """What the cores say under cpufreq, each answer once."""
    found = (_text(path) for path in sorted(root.glob(f"sys/devices/system/cpu/cpu[0-9]*/cpufreq/{name}")))
    return tuple(dict.fromkeys(text for text in found if text))


def _frequencies(root: Path) -> tuple[int, int] | None:
    low, high = _each_core(root, "cpuinfo_min_freq"), _each_core(root, "cpuinfo_max_freq")
    if not low or not high:
        return None
    return min(map(int, low)) // 1000, max(map(int, high)) // 1000


def _distribution(path: Path) -> str:
    for line in (_text(path) or "").splitlines():
        name, _, value = line.partition("=")
        if name == "PRETTY_NAME":
            return value.strip('"')
    return ""


def _commit() -> str:
    """Of the source that runs, where it is a clone and git is there."""
    if not (_ROOT / ".git").exists():
        return ""
    try:
        words = ["git", "-C", str(_ROOT), "describe", "--always", "--exclude=*", "--abbrev=12", "--dirty=+"]
        return subprocess.run(words, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError):  # a board without git
        return ""


def _text(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace").strip("\0 \n")
    except OSError:  # this kernel or board does not tell
        return None


def _versions(packages: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found

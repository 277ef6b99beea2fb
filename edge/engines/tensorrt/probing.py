"""Whether this machine can run TensorRT, asked in an order in which the question cannot crash the process.

The driver comes first, by ctypes: without one, TensorRT's own runtime may end the process with a segmentation fault.
Then TensorRT is imported and its version compared with those whose interface is used here; between 10.3 and 11 much was
removed, and what `edge.engines.tensorrt` calls is in all of them.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.errors import EngineError

OLDEST, BEFORE = (10, 3), (12, 0)
"""Versions that are accepted: JetPack 6 brings 10.3, JetPack 7 10.13 to 10.16."""

_MAJOR, _MINOR, _INTEGRATED = 75, 76, 18
"""CUdevice_attribute: compute capability's halves, and whether the GPU shares the board's memory."""
_ROOT = Path("/")
_DRIVER_FILES = ("sys/module/nvidia/version", "etc/nv_tegra_release")
_REMEDY = (
    "on a Jetson: sudo apt install nvidia-jetpack (or python3-libnvinfer), and an environment made with "
    "`python3 -m venv --system-site-packages`"
)

Bindings = Any
"""The module ``tensorrt``; it has no types of its own."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """The first GPU: ``capability`` as 8.7, ``driver`` the driver's own version and its CUDA's; ``integrated``: it
    shares the board's memory."""

    name: str
    capability: str
    driver: str
    integrated: bool


@dataclass(frozen=True, slots=True)
class Machine:
    """What an engine fits, and nothing else: TensorRT's version, the GPU, and the board around it."""

    tensorrt: str
    gpu: Gpu
    board: str

    def describe(self) -> str:
        """For people and for what is remembered: all that an engine depends on."""
        return f"TensorRT {self.tensorrt} on {self.gpu.name} ({self.gpu.capability}), {self.gpu.driver}, {self.board}"


def probe(*, root: Path = _ROOT) -> tuple[Bindings, Machine]:
    """TensorRT's module and the machine; raises EngineError, with the remedy, when it cannot run here."""
    gpu = probe_gpu(root=root)
    bindings = load_bindings()
    return bindings, Machine(str(bindings.__version__), gpu, _board(root))


def probe_gpu(load: Callable[[str], Any] = ctypes.CDLL, *, root: Path = _ROOT) -> Gpu:
    """The first GPU by the driver's own library; raises EngineError when there is no driver or no GPU."""
    try:
        cuda = load("libcuda.so.1")
    except OSError as error:
        raise EngineError(
            "there is no NVIDIA driver here",
            expected="libcuda.so.1",
            found=str(error)[:120],
            remedy="a Jetson has it from JetPack; in a container it needs `--runtime nvidia`",
        ) from error
    _ask(cuda.cuInit, 0)
    count, version, device = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    _ask(cuda.cuDeviceGetCount, ctypes.byref(count))
    if count.value < 1:
        raise EngineError("the NVIDIA driver sees no GPU", remedy="see `nvidia-smi` and the groups video and render")
    _ask(cuda.cuDriverGetVersion, ctypes.byref(version))
    _ask(cuda.cuDeviceGet, ctypes.byref(device), 0)
    name = ctypes.create_string_buffer(128)
    _ask(cuda.cuDeviceGetName, name, len(name), device)
    values = []
    for attribute in (_MAJOR, _MINOR, _INTEGRATED):
        value = ctypes.c_int()
        _ask(cuda.cuDeviceGetAttribute, ctypes.byref(value), attribute, device)
        values.append(value.value)
    driver = f"CUDA {version.value // 1000}.{version.value % 1000 // 10}"
    if own := _first_line(root, _DRIVER_FILES):
        driver += f", driver {own}"
    return Gpu(name.value.decode(errors="replace"), f"{values[0]}.{values[1]}", driver, bool(values[2]))


def load_bindings(name: str = "tensorrt") -> Bindings:
    """The module ``tensorrt`` in a version that is known here; raises EngineError."""
    try:
        bindings = importlib.import_module(name)
        version = str(bindings.__version__)
    except Exception as error:  # besides ImportError: whatever a half-installed package does when it is loaded
        found = f"{type(error).__name__}: {str(error).splitlines()[0][:160] if str(error) else ''}"
        raise EngineError("TensorRT cannot be loaded", found=found, remedy=_REMEDY) from error
    if not OLDEST <= _numbers(version) < BEFORE:
        raise EngineError(
            "this TensorRT is not known here",
            expected=f">= {OLDEST[0]}.{OLDEST[1]}, < {BEFORE[0]}",
            found=version,
            remedy="take the one of JetPack 6 or 7, or update Fingerpost",
        )
    return bindings


def _numbers(version: str) -> tuple[int, int]:
    match = re.match(r"(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _ask(function: Callable[..., int], *words: Any) -> None:
    if code := int(function(*words)):
        raise EngineError(
            "the NVIDIA driver refuses",
            where=getattr(function, "__name__", "libcuda"),
            found=f"CUDA error {code}",
            remedy="may this user open /dev/nvidia* or /dev/nvgpu? a Jetson's groups are video and render",
        )


def _first_line(root: Path, names: tuple[str, ...]) -> str:
    for name in names:
        try:
            return (root / name).read_text(errors="replace").splitlines()[0].strip()[:80]
        except (OSError, IndexError):
            continue
    return ""


def _board(root: Path) -> str:
    return (
        _first_line(root, ("proc/device-tree/model", "sys/class/dmi/id/product_name")).strip("\0") or os.uname().machine
    )

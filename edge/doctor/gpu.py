"""The GPU of a Jetson: whether TensorRT runs, and what became of the engines of the active bundle."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.bundle.device_engines import DeviceEngines, engines_folder
from edge.bundle.store import Store
from edge.doctor.finding import Finding, judged
from edge.engines.tensorrt.memory import open_memory
from edge.engines.tensorrt.probing import probe
from edge.errors import FingerpostError
from edge.service.power import power_mode

if TYPE_CHECKING:
    from edge.bundle.device_engines import OpenBackend
    from edge.engines.tensorrt.probing import Machine

_TEGRA = Path("/etc/nv_tegra_release")
_SLOW = "until then the bundle runs on the CPU"


def gpu_findings(
    root: Path,
    *,
    tegra: Path = _TEGRA,
    ask: Callable[[], tuple[Any, Machine]] = probe,
    open_backend: OpenBackend | None = None,
) -> Iterator[Finding]:
    """Nothing on a board that neither is a Jetson nor has TensorRT nor a bundle for one."""
    try:
        bundle = Store(root).active()
    except FingerpostError:
        bundle = None  # `bundle_findings` says why
    try:
        meant = bundle is not None and bundle.manifest.target == "jetson"
        if not meant and not tegra.exists() and importlib.util.find_spec("tensorrt") is None:
            return
        try:
            _, machine = ask()
        except FingerpostError as error:
            yield _missing("TensorRT", error)
            return
        yield Finding("TensorRT", "ok", machine.describe())
        if mode := power_mode():
            yield Finding("power mode", "ok", f"{mode} (nvpmodel); figures hold for one mode only")
        if open_backend is None:
            yield _memory_finding()
        if bundle is not None and meant:
            engines = DeviceEngines(bundle, threads=1, folder=engines_folder(Store(root)), open_backend=open_backend)
            for role, problem in engines.look().items():
                yield judged(f"engine {role}", problem or "built", bad=bool(problem), remedy="edge build-engines")
    finally:
        if bundle is not None:
            bundle.close()


def _memory_finding() -> Finding:
    try:
        memory = open_memory()
    except FingerpostError as error:
        return _missing("GPU memory", error)
    try:
        return Finding("GPU memory", "ok", f"{memory.available() / 1e9:.1f} GB free, through {memory.name}")
    finally:
        memory.close()


def _missing(what: str, error: FingerpostError) -> Finding:
    text = f"{error.what} ({error.found})" if error.found else error.what
    return Finding(what, "warn", text, f"{error.remedy}; {_SLOW}" if error.remedy else _SLOW)

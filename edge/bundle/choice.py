"""Which variant runs here: remembered in the store, tried anew when anything it depends on has changed."""

from __future__ import annotations

import hashlib
import logging
import platform
from pathlib import Path

from edge.bundle.acceptance import Acceptance, EngineFactory, accept
from edge.bundle.manifest import Precision
from edge.bundle.reader import Bundle
from edge.bundle.record import Remembered
from edge.bundle.store import Store
from edge.errors import StoreError, UsageError

_log = logging.getLogger(__name__)
_CPUINFO = Path("/proc/cpuinfo")
_CPU_FIELDS = ("model name", "flags", "Features", "CPU implementer", "CPU part", "CPU revision", "Model")


def onnx_engines(threads: int) -> tuple[EngineFactory, str]:
    """The factory of ONNX Runtime engines with so many threads, and its name for `choose_variant`."""
    import onnxruntime

    from edge.engines.onnx import OnnxEngine

    def make(model: bytes, label: str) -> OnnxEngine:
        return OnnxEngine(model, threads=threads, label=label)

    return make, f"onnxruntime {onnxruntime.__version__}, {threads} threads"


def choose_variant(
    bundle: Bundle, make_engine: EngineFactory, *, runtime: str, store: Store | None = None
) -> Acceptance:
    """The acceptance of a bundle: remembered in the ``store`` that holds it if it still holds, else run now.

    ``runtime`` says what ``make_engine`` makes, with all that speed depends on (see `onnx_engines`).
    Raises CheckFailedError when no variant may run.
    """
    conditions = {
        "bundle": hashlib.sha256(bundle.manifest_bytes).hexdigest(),
        "runtime": runtime,
        "machine": machine(),
    }
    remembered = store.recall(bundle) if store else None
    if remembered and remembered.conditions == conditions:
        return remembered.acceptance
    acceptance = accept(bundle, make_engine)
    if store:
        try:
            store.remember(bundle, Remembered(conditions=conditions, acceptance=acceptance))
        except StoreError as error:
            # Somebody who may only read the store can still run from it; it takes a second longer each time.
            _log.warning("the choice of %s cannot be kept: %s", acceptance.chosen, error)
    return acceptance


def insist(bundle: Bundle, make_engine: EngineFactory, variant: Precision) -> Acceptance:
    """The acceptance of one variant that somebody asked for; raises UsageError when the bundle has none of it.

    It must pass like any other (CheckFailedError), but need not be the fastest.
    """
    have = bundle.manifest.variants("classifier")
    if variant not in have:
        raise UsageError("the bundle has no such variant", where=bundle.path, expected=" or ".join(have), found=variant)
    return accept(bundle, make_engine, variants=(variant,), floor=0.0, budget=0.0)


def machine(cpuinfo: Path = _CPUINFO) -> str:
    """A short name for this kind of processor; another processor, or other features of it, gives another."""
    try:
        lines = cpuinfo.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    facts = sorted({line for line in lines if line.partition(":")[0].strip() in _CPU_FIELDS})
    return f"{platform.machine()} {hashlib.sha256(chr(10).join(facts).encode()).hexdigest()[:16]}"

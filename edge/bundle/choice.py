"""Which variant of each network runs here: remembered in the store, tried anew when anything it depends on has changed.

A choice holds for one bundle on one machine under one runtime. What was tried once is not tried again, and what is not
needed is not tried: a recording of landmarks asks for the classifier only.
"""

from __future__ import annotations

import hashlib
import logging
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from edge.bundle.acceptance import BUDGET_S, Acceptance, EngineFactory, accept
from edge.bundle.manifest import Precision, Role
from edge.bundle.reader import Bundle
from edge.bundle.record import FALLBACK, Remembered
from edge.bundle.store import Store
from edge.errors import BundleError, StoreError, UsageError

_log = logging.getLogger(__name__)
_CPUINFO = Path("/proc/cpuinfo")
_PASSING_S = 0.2
"""Seconds of timing for a choice that nobody keeps, which must not delay every start of a bundle without a store."""
_CPU_FIELDS = ("model name", "flags", "Features", "CPU implementer", "CPU part", "CPU revision", "Model")


@dataclass(frozen=True, slots=True)
class Choices:
    """What runs here, role by role, with the figures that decided it."""

    roles: tuple[Acceptance, ...]

    def acceptance(self, role: Role) -> Acceptance:
        """How the role's choice came about; raises BundleError when the bundle has no such network."""
        for acceptance in self.roles:
            if acceptance.role == role:
                return acceptance
        have = ", ".join(acceptance.role for acceptance in self.roles)
        raise BundleError("the bundle has no such network", expected=role, found=have)

    def chosen(self, role: Role) -> Precision:
        """The precision that runs; raises BundleError when the bundle has no such network."""
        return self.acceptance(role).chosen

    def describe(self) -> str:
        """One line for people: ``classifier int8 (0.64 ms; fp32 1.90 ms), hand int8 (3.70 ms; fp32 6.60 ms)``."""
        return ", ".join(f"{acceptance.role} {acceptance.describe()}" for acceptance in self.roles)


def onnx_engines(threads: int) -> tuple[EngineFactory, str]:
    """The factory of ONNX Runtime engines with so many threads, and its name for `choose_variants`."""
    import onnxruntime

    from edge.engines.onnx import OnnxEngine

    def make(model: bytes, label: str) -> OnnxEngine:
        return OnnxEngine(model, threads=threads, label=label)

    return make, f"onnxruntime {onnxruntime.__version__}, {threads} threads"


def choose_variants(
    bundle: Bundle,
    make_engine: EngineFactory,
    *,
    runtime: str,
    fallback: str = "",
    store: Store | None = None,
    roles: Sequence[Role] | None = None,
) -> Choices:
    """The choice for each of ``roles`` (default: all that the bundle has), in the bundle's order.

    Remembered in the ``store`` that holds the bundle where it still holds, else tried now. ``runtime`` says what
    ``make_engine`` makes, with all that speed depends on (see `onnx_engines`), ``fallback`` why a GPU's runtime is not
    among it; it is kept for `edge status`. A role without golden inputs (bundles
    made before there were any) is not tried: fp32 is taken. Raises CheckFailedError when no variant of a role may run.
    """
    have = tuple(dict.fromkeys(network.role for network in bundle.manifest.networks))
    wanted = have if roles is None else tuple(role for role in have if role in roles)
    conditions = {
        "bundle": bundle.digest,
        "runtime": runtime,
        "tensorrt": _tensorrt(),
        "machine": machine(),
    }
    if fallback:
        conditions[FALLBACK] = fallback
    remembered = store.recall(bundle) if store else None
    known = {}
    if remembered and remembered.conditions == conditions:
        known = {acceptance.role: acceptance for acceptance in remembered.roles}
    if missing := [role for role in wanted if role not in known]:
        golden = bundle.golden()
        budget = BUDGET_S if store else _PASSING_S
        known |= {role: accept(bundle, make_engine, role=role, golden=golden, budget=budget) for role in missing}
        if store:
            kept = tuple(known[role] for role in have if role in known)
            try:
                store.remember(bundle, Remembered(conditions=conditions, roles=kept))
            except StoreError as error:
                # Somebody who may only read the store can still run from it; it takes a second longer each time.
                _log.warning("what was chosen cannot be kept: %s", error)
    return Choices(tuple(known[role] for role in wanted))


def insist(bundle: Bundle, make_engine: EngineFactory, variant: Precision, role: Role = "classifier") -> Acceptance:
    """The acceptance of one variant that somebody asked for; raises UsageError when the bundle has none of it.

    It must pass like any other (CheckFailedError), but need not be the fastest.
    """
    have = bundle.manifest.variants(role)
    if variant not in have:
        raise UsageError("the bundle has no such variant", where=bundle.path, expected=" or ".join(have), found=variant)
    return accept(bundle, make_engine, role=role, variants=(variant,), floor=0.0, budget=0.0)


def machine(cpuinfo: Path = _CPUINFO) -> str:
    """A short name for this kind of processor; another processor, or other features of it, gives another."""
    try:
        lines = cpuinfo.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    facts = sorted({line for line in lines if line.partition(":")[0].strip() in _CPU_FIELDS})
    return f"{platform.machine()} {hashlib.sha256(chr(10).join(facts).encode()).hexdigest()[:16]}"


def _tensorrt() -> str:
    """TensorRT's version, without importing it: that may crash where there is no driver."""
    try:
        return metadata.version("tensorrt")
    except metadata.PackageNotFoundError:
        return "absent"

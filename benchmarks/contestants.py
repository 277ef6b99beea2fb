"""What is measured side by side: the variants of a bundle's classifier, and what others would run instead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from edge.bundle.manifest import Precision, Role
from edge.bundle.reader import Bundle
from edge.engines import Engine, OnnxEngine


@dataclass(frozen=True, slots=True)
class Contestant:
    """One network: ``size`` in bytes as it is stored, ``how`` it was made, ``open(threads)`` makes its engine."""

    name: str
    size: int
    how: str
    open: Callable[[int], Engine]
    peer: bool = False
    """Whether it is somebody else's way."""


def variants(bundle: Bundle, role: Role = "classifier") -> tuple[Contestant, ...]:
    """The variants of one of the bundle's networks on ONNX Runtime."""
    return tuple(
        Contestant(entry.variant, entry.size, entry.quantization, partial(_onnx, bundle, role, entry.variant))
        for entry in bundle.manifest.networks
        if entry.role == role
    )


def reference(contestants: tuple[Contestant, ...]) -> str:
    """The variant that the others are compared with: fp32, or the first where there is none."""
    names = [each.name for each in contestants]
    return "fp32" if "fp32" in names else names[0]


def _onnx(bundle: Bundle, role: Role, variant: Precision, threads: int) -> Engine:
    return OnnxEngine(bundle.network(role, variant), threads=threads, label=f"{bundle.title} {role} {variant}")

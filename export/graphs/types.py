"""What the graph builders hand to the bundler."""

from __future__ import annotations

from dataclasses import dataclass

from edge.bundle.manifest import Licence, Parity, Precision, Role


@dataclass(frozen=True, slots=True)
class BuiltNetwork:
    """One network ready to be bundled: ``model`` is the serialised ONNX file."""

    role: Role
    variant: Precision
    model: bytes
    opset: int
    ir_version: int
    quantization: str = ""
    parity: Parity | None = None
    licence: Licence | None = None

"""TensorRT says no by None, False or -1 and a line in its log; here that becomes an error that tells both."""

from __future__ import annotations

import json
from collections import deque
from typing import Any, TypeVar

from edge.engines.tensorrt.probing import Bindings
from edge.errors import EngineError

_Value = TypeVar("_Value")
_KEPT = 8
_HALF_WORDS = ("fp16", "half", "float16")
_FUSED = ("foreignnode", "myelin", "kgen")
"""Layers that TensorRT fused into code of its own: what they hold inside is not told."""


class PlanError(EngineError):
    """The plan itself does not fit here, now or later: it must be built anew."""


class Lines:
    """The last errors and warnings of TensorRT, newest last; ``logger`` is what TensorRT is given."""

    def __init__(self, bindings: Bindings) -> None:
        self._kept: deque[str] = deque(maxlen=_KEPT)
        kept = self._kept

        def start(logger: Any) -> None:
            bindings.ILogger.__init__(logger)

        def log(_logger: Any, severity: Any, message: str) -> None:
            if severity <= bindings.ILogger.WARNING:
                kept.append(message)

        # A class whose base is known only now.
        self.logger = type("Logger", (bindings.ILogger,), {"__init__": start, "log": log})()

    def last(self) -> str:
        """The newest line, short; empty when there was none."""
        return " ".join(self._kept[-1].split())[:240] if self._kept else ""

    def __contains__(self, words: str) -> bool:
        return any(words in line.lower() for line in self._kept)


def must(
    value: _Value | None,
    what: str,
    lines: Lines,
    *,
    where: object,
    remedy: str = "",
    kind: type[EngineError] = EngineError,
) -> _Value:
    """``value``, unless it is None, False or a negative number: then an error of a ``kind`` with TensorRT's last line.

    A method that answers with nothing at all must not be asked this way.
    """
    if value is None or value is False or (isinstance(value, int) and value < 0):
        raise kind(what, where=where, found=lines.last() or f"TensorRT gave {value}", remedy=remedy or None)
    return value


def obtained_half(information: str) -> str:
    """What the engine inspector's JSON says of float16: ``yes``, ``fused`` (it cannot be seen), or ``no``.

    A strongly typed network is computed as its graph says, so ``no`` means that the graph was not what it should be. A
    plan without details has only names of layers: that counts as ``fused``.
    """
    layers = json.loads(information).get("Layers", [])
    kinds, types = [], []
    for layer in layers:
        if not isinstance(layer, dict):
            kinds.append("foreignnode")
            continue
        kinds.append(f"{layer.get('LayerType', '')} {layer.get('Name', '')}".lower())
        for tensor in (*layer.get("Inputs", []), *layer.get("Outputs", [])):
            types.append(" ".join(str(value) for key, value in tensor.items() if "type" in key.lower()).lower())
    if any(word in text for text in types for word in _HALF_WORDS):
        return "yes"
    return "fused" if any(word in kind for kind in kinds for word in _FUSED) else "no"

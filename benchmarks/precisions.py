"""Precisions that the bundle does not carry, made from its float32 network on the spot, so that all stand side by side.

They are made as the export makes them. Static int8 measures its ranges on rendered pictures, and for models that take
no pictures on the bundle's golden inputs: its agreement on those is then flattered, its accuracy on data is not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from benchmarks.contestants import Contestant
from benchmarks.latency import golden_feeds
from edge.bundle.reader import Bundle
from edge.engines import Engine, OnnxEngine
from edge.errors import BundleError

NAMES = ("fp16", "int8-dynamic", "int8-static")
_NETWORK = "/network/"
"""Scope of the nodes behind the preprocessing, in graphs that the export traced from PyTorch."""


def made_here(bundle: Bundle, names: Sequence[str]) -> tuple[Contestant, ...]:
    """Contestants of the named precisions; raises BundleError without float32, InputError for a network that cannot be
    converted, CheckFailedError for one that ONNX Runtime dies of."""
    if not names:
        return ()
    if "fp32" not in bundle.manifest.variants("classifier"):
        raise BundleError("other precisions are made from float32", where=bundle.path, expected="an fp32 classifier")
    fp32 = bundle.network("classifier", "fp32")
    return tuple(_made(bundle, fp32, name) for name in dict.fromkeys(names))


def _made(bundle: Bundle, fp32: bytes, name: str) -> Contestant:
    from export.graphs import fp16, parity, quantize, static_int8

    keep_float = _outside_network(fp32)
    label = f"{bundle.title} {name}"
    if name == "fp16":
        model, how = fp16.to_fp16(fp32, keep_float=keep_float).model, fp16.DESCRIPTION
        parity.check_loads(model, label=label)
    elif name == "int8-dynamic":
        model, how = quantize.to_int8(fp32, keep_float=keep_float), quantize.DESCRIPTION
    else:
        from export.calibration import calibration_inputs

        contract = bundle.manifest.input
        pictures = calibration_inputs(contract) if contract.image_size is not None else golden_feeds(bundle)
        model, how = static_int8.to_static_int8(fp32, pictures, keep_float=keep_float), static_int8.DESCRIPTION

    def opened(threads: int) -> Engine:
        return OnnxEngine(model, threads=threads, label=label)

    return Contestant(name, len(model), f"made here: {how}", opened)


def _outside_network(fp32: bytes) -> Callable[[str], bool]:
    """Which nodes stay in float: the preprocessing, where it can be told apart."""
    import onnx

    graph = onnx.load_from_string(fp32).graph
    scoped = any(node.name.startswith(_NETWORK) for node in graph.node)
    return partial(_not_under, _NETWORK if scoped else "")


def _not_under(scope: str, node: str) -> bool:
    return not node.startswith(scope)

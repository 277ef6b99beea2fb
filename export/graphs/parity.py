"""How a variant compares with what it was made from, on the golden inputs.

Every variant runs on ONNX Runtime one input at a time, as the device runs it (a dynamically quantised network rounds by
the range of the whole batch, so a batch would give other numbers). Differences are those of the file's own output,
logits or probabilities as the manifest says.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

import numpy as np

from edge.bundle.manifest import Parity, Precision
from edge.engines import OnnxEngine
from edge.errors import CheckFailedError
from edge.types import AnyArray

FP32_DIFFERENCE = 1e-3
FP32_AGREEMENT = 0.99
FP16_BATCH_DIFFERENCE = 5e-2
"""Half precision sums in another order for another batch size."""


def run_each(model: bytes, inputs: Mapping[str, AnyArray], *, label: str) -> AnyArray:
    """Outputs (N, classes) of a serialised graph, one input of the batch at a time; raises EngineError."""
    engine = OnnxEngine(model, label=label)
    count = len(next(iter(inputs.values())))
    try:
        name = engine.outputs[0].name
        outputs = [engine.run({k: v[i : i + 1] for k, v in inputs.items()})[name] for i in range(count)]
    finally:
        engine.close()
    return np.concatenate(outputs)


def run_batch(model: bytes, inputs: Mapping[str, AnyArray], *, label: str) -> AnyArray:
    """Outputs (N, classes) of a serialised graph, all inputs at once; raises EngineError."""
    engine = OnnxEngine(model, label=label)
    try:
        return engine.run(inputs)[engine.outputs[0].name]
    finally:
        engine.close()


def compare(reference: AnyArray, outputs: AnyArray, *, against: str) -> Parity:
    """Largest absolute difference and share of equal labels of two sets of outputs (N, classes)."""
    return Parity(
        max_abs_diff=float(np.abs(outputs.astype(np.float64) - reference.astype(np.float64)).max()),
        label_agreement=float((outputs.argmax(axis=1) == reference.argmax(axis=1)).mean()),
        n=len(reference),
        against=against,
    )


def check_floor(parity: Parity, variant: Precision, *, label: str, least_agreement: float = 0.0) -> None:
    """Raise CheckFailedError when a variant is not what it should be.

    float32 must be the same computation: no output off by more than 1e-3, labels equal on 99 %. The others may differ,
    by as much as ``least_agreement`` allows; what the device makes of them it decides by its own acceptance test.
    """
    agreement = parity.label_agreement or 0.0
    if variant == "fp32" and (parity.max_abs_diff > FP32_DIFFERENCE or agreement < FP32_AGREEMENT):
        expected = f"a difference of <= {FP32_DIFFERENCE:g} and >= {FP32_AGREEMENT:.0%} equal labels"
    elif agreement < least_agreement:
        expected = f">= {least_agreement:.0%} equal labels"
    else:
        return
    raise CheckFailedError(
        f"the {variant} network does not agree with {parity.against}",
        where=label,
        expected=expected,
        found=f"{parity.max_abs_diff:.3g} and {agreement:.1%} on {parity.n} inputs",
        remedy="nothing was written; report this with the model if it is one of ours",
    )


def check_loads(model: bytes, *, label: str) -> None:
    """Load a graph in a process of its own; raises CheckFailedError when ONNX Runtime dies of it.

    Some float16 graphs kill ONNX Runtime with a signal while it loads them (see `export.graphs.fp16`), which no
    ``except`` catches; what would do that to a device must not be bundled.
    """
    script = (
        "import sys, onnxruntime as o; s = o.SessionOptions(); s.log_severity_level = 4;"
        "o.InferenceSession(sys.stdin.buffer.read(), s, providers=['CPUExecutionProvider'])"
    )
    result = subprocess.run([sys.executable, "-c", script], input=model, capture_output=True, check=False)
    if result.returncode:
        last = result.stderr.decode(errors="replace").strip().splitlines()
        raise CheckFailedError(
            "ONNX Runtime cannot load the network",
            where=label,
            found=last[-1][:160] if last and result.returncode > 0 else f"killed by signal {-result.returncode}",
            remedy="report this with the model",
        )

"""How a variant compares with what it was made from, on the golden inputs.

float32 and int8 run on ONNX Runtime one input at a time, as the device runs them (a dynamically quantised network
rounds by the range of the whole batch, so a batch would give other numbers). float16 is run as `export.graphs.half`
says. Differences are those of the file's output, logits or probabilities as the manifest says.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

import numpy as np

from edge.bundle.manifest import Parity
from edge.engines import OnnxEngine
from edge.errors import CheckFailedError
from edge.types import AnyArray

FP32_DIFFERENCE = 1e-3
FP32_AGREEMENT = 0.99
FP16_DIFFERENCE = 0.02
"""Of a probability."""
FP16_AGREEMENT = 0.995


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


def check_fp32(parity: Parity, *, label: str) -> None:
    """Raise CheckFailedError when float32 is not the same computation: an output off by > 1e-3, or < 99 % same labels.

    The other variants may differ; what a device makes of them it decides by its own acceptance test.
    """
    agreement = parity.label_agreement or 0.0
    if parity.max_abs_diff > FP32_DIFFERENCE or agreement < FP32_AGREEMENT:
        raise CheckFailedError(
            f"the fp32 network does not agree with {parity.against}",
            where=label,
            expected=f"a difference of <= {FP32_DIFFERENCE:g} and >= {FP32_AGREEMENT:.0%} equal labels",
            found=f"{parity.max_abs_diff:.3g} and {agreement:.1%} on {parity.n} inputs",
            remedy="nothing was written; report this with the model if it is one of ours",
        )


def check_fp16(reference: AnyArray, outputs: AnyArray, *, logits: bool, label: str) -> None:
    """Raise CheckFailedError when float16 loses accuracy: < 99.5 % same labels, or a probability off by > 0.02.

    ``reference`` and ``outputs`` (N, classes), float32's and float16's; ``logits`` says whether they still need a
    softmax. Numbers that are not finite fail.
    """
    finite = bool(np.isfinite(outputs).all())
    agreement = float((outputs.argmax(axis=1) == reference.argmax(axis=1)).mean())
    have, want = ((_probabilities(each) if logits else each.astype(np.float64)) for each in (outputs, reference))
    worst = float(np.abs(have - want).max()) if finite else float("inf")
    if not finite or worst > FP16_DIFFERENCE or agreement < FP16_AGREEMENT:
        raise CheckFailedError(
            "the network loses accuracy in fp16" if finite else "the network overflows in fp16",
            where=label,
            expected=f"probabilities within {FP16_DIFFERENCE:g} and >= {FP16_AGREEMENT:.1%} equal labels",
            found=f"{worst:.3g} and {agreement:.1%} on {len(reference)} golden inputs",
            remedy="nothing was written; export it with --target pi, or train it with activations that stay small",
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


def _probabilities(logits: AnyArray) -> AnyArray:
    raised = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))

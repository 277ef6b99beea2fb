"""A classifier on its way into a bundle: one float32 graph, its variants for the target, and how each of them compares.

A `Classifier` is made from a PyTorch network (`from_torch`) or from an ONNX file (`from_onnx`); from there on the
two are the same thing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import onnx

from edge.bundle.manifest import InputContract, Label, Licence, Precision, Target, Task
from edge.errors import CheckFailedError, FingerpostError, InputError
from edge.types import AnyArray
from export.graphs import fp16, parity, quantize
from export.graphs.onnx_input import OnnxFile
from export.graphs.torch_onnx import export_module, run_module, stamp
from export.graphs.types import BuiltNetwork
from export.labels import check_count

if TYPE_CHECKING:
    from export.models.base import LoadedModel

VARIANTS: Mapping[Target, tuple[Precision, ...]] = {
    "pi": ("fp32", "int8"),
    "cpu": ("fp32", "int8"),
    "jetson": ("fp32", "fp16"),
}
_NETWORK = "/network/"
"""Scope of the nodes behind the preprocessing in a graph that `export_module` wrote."""
_SEVERAL = 8


@dataclass(frozen=True, slots=True)
class Classifier:
    """One classifier: ``fp32`` the serialised graph, ``reference`` what it must compute, by ``against``."""

    model: str
    task: Task
    contract: InputContract
    labels: tuple[Label, ...]
    output: Literal["logits", "probabilities"]
    fp32: bytes
    reference: Callable[[Mapping[str, AnyArray]], AnyArray]
    against: str
    parameters: int
    checkpoint: str = ""
    checkpoint_sha256: str | None = None
    licence: str = ""
    licences: tuple[Licence, ...] = ()
    notes: tuple[str, ...] = ()
    model_card: str = ""
    measurements: tuple[Mapping[str, Any], ...] = ()
    scoped: bool = True
    """Whether preprocessing can be told apart by the nodes' names."""


def from_torch(loaded: LoadedModel) -> Classifier:
    """Export a PyTorch network; raises what `export_module` raises."""
    import torch

    return Classifier(
        model=loaded.family,
        task=loaded.task,
        contract=loaded.contract,
        labels=loaded.labels,
        output="logits",
        fp32=export_module(loaded.module, loaded.contract, label=loaded.family),
        reference=lambda inputs: run_module(loaded.module, inputs, loaded.contract),
        against=f"PyTorch {torch.__version__}",
        parameters=loaded.parameters,
        checkpoint=loaded.checkpoint,
        checkpoint_sha256=loaded.checkpoint_sha256,
        licence=loaded.licence,
        licences=loaded.licences,
        notes=loaded.notes,
        model_card=loaded.model_card,
        measurements=loaded.measurements,
    )


def from_onnx(file: OnnxFile, labels: tuple[Label, ...], *, name: str) -> Classifier:
    """Take a user's ONNX file as it is."""
    return Classifier(
        model=name,
        task=file.task,
        contract=file.contract,
        labels=labels,
        output=file.output,
        fp32=file.model,
        reference=lambda inputs: parity.run_each(file.original, inputs, label=name),
        against=f"{name} as it was given",
        parameters=file.parameters,
        checkpoint=name,
        checkpoint_sha256=file.sha256,
        notes=file.notes,
        scoped=False,
    )


def build_variants(
    classifier: Classifier,
    target: Target,
    inputs: Mapping[str, AnyArray],
    facts: Mapping[str, object],
    *,
    progress: Callable[[str], None] = lambda text: None,
) -> tuple[tuple[BuiltNetwork, ...], AnyArray]:
    """The target's variants with their parity on ``inputs``, and the float32 outputs (N, classes) for `golden.npz`.

    ``facts`` are written into each file. Raises CheckFailedError when float32 is not what it was made from.
    """
    reference = classifier.reference(inputs)
    check_count(classifier.labels, reference.shape[-1], where="--labels", model=classifier.model)
    networks: list[BuiltNetwork] = []
    golden: AnyArray | None = None
    for variant in VARIANTS[target]:
        progress(f"classifier, {variant}")
        try:
            model, how = _variant(classifier, variant)
        except InputError as error:
            if variant == "fp32":
                raise
            progress(f"no {variant}: {error.what}")
            continue
        model = stamp(model, {**facts, "variant": variant})
        if variant == "fp16":
            parity.check_loads(model, label=f"{classifier.model} fp16")
        outputs = parity.run_each(model, inputs, label=f"{classifier.model} {variant}")
        golden = outputs if golden is None else golden
        measured = parity.compare(reference, outputs, against=classifier.against)
        parity.check_floor(measured, variant, label=classifier.model)
        _check_batches(classifier, model, variant, inputs, outputs)
        proto = onnx.load_from_string(model)
        networks.append(
            BuiltNetwork(
                role="classifier",
                variant=variant,
                model=model,
                opset=next(o.version for o in proto.opset_import if o.domain == ""),
                ir_version=proto.ir_version,
                quantization=how,
                parity=measured,
            )
        )
    if golden is None:
        raise FingerpostError("no variant was built", where=classifier.model)
    return tuple(networks), golden


def _variant(classifier: Classifier, variant: Precision) -> tuple[bytes, str]:
    def keep_float(node: str) -> bool:
        return classifier.scoped and not node.startswith(_NETWORK)

    if variant == "int8":
        return quantize.to_int8(classifier.fp32, keep_float=keep_float), quantize.DESCRIPTION
    if variant == "fp16":
        return fp16.to_fp16(classifier.fp32, keep_float=keep_float), fp16.DESCRIPTION
    return classifier.fp32, ""


def _check_batches(
    classifier: Classifier, model: bytes, variant: Precision, inputs: Mapping[str, AnyArray], outputs: AnyArray
) -> None:
    """A file that says its batch is free must take several inputs at once and give each its own result."""
    if variant == "int8" or any(tensor.shape[0] is not None for tensor in classifier.contract.tensors):
        return  # dynamic int8 rounds by the range of the whole batch: its results may differ
    count = min(_SEVERAL, len(outputs))
    together = parity.run_batch(model, {k: v[:count] for k, v in inputs.items()}, label=classifier.model)
    worst = parity.compare(outputs[:count], together, against="one at a time").max_abs_diff
    limit = parity.FP32_DIFFERENCE if variant == "fp32" else parity.FP16_BATCH_DIFFERENCE
    if not worst <= limit:
        raise CheckFailedError(
            f"the {variant} network gives other results for several inputs at once",
            where=classifier.model,
            expected=f"a difference of <= {limit:g}",
            found=f"{worst:.3g} at batch {count}",
        )

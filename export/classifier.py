"""A classifier on its way into a bundle: one float32 graph, its variants for the target, and how each of them compares.

A `Classifier` is made from a PyTorch network (`from_torch`) or from an ONNX file (`from_onnx`); from there on the
two are the same thing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import onnx

from edge.bundle.manifest import InputContract, Label, Licence, Parity, Precision, Target, Task
from edge.errors import CheckFailedError, DependencyError, InputError
from edge.types import AnyArray
from export.calibration import calibration_inputs
from export.graphs import fp16, half, parity, quantize, static_int8
from export.graphs.onnx_input import OnnxFile
from export.graphs.subnormal import flush_subnormals
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
class Variants:
    """What was built: ``networks``, the float32 ``outputs`` (N, classes), and why a variant is missing, for people."""

    networks: tuple[BuiltNetwork, ...]
    outputs: AnyArray
    notes: tuple[str, ...]


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
    calibration: Callable[[], Mapping[str, AnyArray]] | None = None
    """Makes the inputs that static int8 is calibrated on; None: int8 is dynamic."""
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
        fp32=flush_subnormals(export_module(loaded.module, loaded.contract, label=loaded.family)),
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
        calibration=partial(calibration_inputs, loaded.contract) if loaded.calibrate else None,
    )


def from_onnx(file: OnnxFile, labels: tuple[Label, ...], *, name: str) -> Classifier:
    """Take a user's ONNX file as it is."""
    return Classifier(
        model=name,
        task=file.task,
        contract=file.contract,
        labels=labels,
        output=file.output,
        fp32=flush_subnormals(file.model),
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
) -> Variants:
    """The target's variants with their parity on ``inputs``.

    ``facts`` are written into each file. Raises CheckFailedError when float32 is not what it was made from, and when
    float16 loses accuracy. A variant that cannot be made is left out: a device can do without it.
    """
    reference = classifier.reference(inputs)
    check_count(classifier.labels, reference.shape[-1], where="--labels", model=classifier.model)
    _check_finite(reference, classifier)
    progress("classifier, fp32")
    outputs = parity.run_each(classifier.fp32, inputs, label=classifier.model)
    _check_finite(outputs, classifier)
    full = parity.compare(reference, outputs, against=classifier.against)
    parity.check_fp32(full, label=classifier.model)
    _check_batch(classifier, inputs, outputs)
    # TensorRT reads float32 too, on a board whose GPU gains nothing by float16.
    fp32 = fp16.pictures_first(classifier.fp32) if "fp16" in VARIANTS[target] else classifier.fp32
    networks = [_built(fp32, "fp32", "", full, facts)]
    notes: list[str] = []
    for variant in VARIANTS[target][1:]:
        progress(f"classifier, {variant}")
        try:
            network, remarks = _converted(classifier, variant, inputs, reference, facts)
            networks.append(network)
            notes.extend(remarks)
        except (InputError, DependencyError) as error:
            notes.append(f"there is no {variant} variant: {error.what}")
    return Variants(tuple(networks), outputs, tuple(notes))


def _converted(
    classifier: Classifier,
    variant: Precision,
    inputs: Mapping[str, AnyArray],
    reference: AnyArray,
    facts: Mapping[str, object],
) -> tuple[BuiltNetwork, tuple[str, ...]]:
    def keep_float(node: str) -> bool:
        return classifier.scoped and not node.startswith(_NETWORK)

    label = f"{classifier.model} {variant}"
    notes: tuple[str, ...] = ()
    if variant == "int8" and classifier.calibration is not None:
        pictures = classifier.calibration()
        model = static_int8.to_static_int8(classifier.fp32, pictures, keep_float=keep_float)
        how, against = static_int8.DESCRIPTION, classifier.against
        outputs = parity.run_each(model, inputs, label=label)
    elif variant == "int8":
        model, how = quantize.to_int8(classifier.fp32, keep_float=keep_float), quantize.DESCRIPTION
        outputs = parity.run_each(model, inputs, label=label)
        against = classifier.against
    else:
        converted = fp16.to_fp16(classifier.fp32, keep_float=keep_float)
        model, how, notes = converted.model, fp16.DESCRIPTION, converted.notes
        parity.check_loads(model, label=label)
        few = half.chosen(model, len(reference))
        runs = half.run_in_half(model, {name: array[few] for name, array in inputs.items()}, label=label)
        outputs = next(iter(runs.values()))
        reference, against = reference[few], f"{classifier.against}, in half arithmetic"
        parity.check_fp16(reference, outputs, logits=classifier.output == "logits", label=label)
    if not np.isfinite(outputs).all():
        raise InputError(f"the network overflows in {variant}", where=classifier.model)
    return _built(model, variant, how, parity.compare(reference, outputs, against=against), facts), notes


def _built(model: bytes, variant: Precision, how: str, measured: Parity, facts: Mapping[str, object]) -> BuiltNetwork:
    stamped = stamp(model, {**facts, "variant": variant})
    proto = onnx.load_from_string(stamped)
    return BuiltNetwork(
        role="classifier",
        variant=variant,
        model=stamped,
        opset=next(o.version for o in proto.opset_import if o.domain == ""),
        ir_version=proto.ir_version,
        quantization=how,
        parity=measured,
    )


def _check_finite(outputs: AnyArray, classifier: Classifier) -> None:
    if not np.isfinite(outputs).all():
        raise CheckFailedError(
            "the network gives numbers that are not finite",
            where=classifier.model,
            found=f"{int((~np.isfinite(outputs)).any(axis=1).sum())} of {len(outputs)} golden inputs",
            remedy="the golden inputs are hands of the shipped clip: check the model's preprocessing",
        )


def _check_batch(classifier: Classifier, inputs: Mapping[str, AnyArray], outputs: AnyArray) -> None:
    """A file that says its batch is free must take several inputs at once and give each its own result."""
    if any(tensor.shape[0] is not None for tensor in classifier.contract.tensors):
        return
    count = min(_SEVERAL, len(outputs))
    together = parity.run_batch(classifier.fp32, {k: v[:count] for k, v in inputs.items()}, label=classifier.model)
    worst = parity.compare(outputs[:count], together, against="one at a time").max_abs_diff
    if not worst <= parity.FP32_DIFFERENCE:
        raise CheckFailedError(
            "the network gives other results for several inputs at once",
            where=classifier.model,
            expected=f"a difference of <= {parity.FP32_DIFFERENCE:g}",
            found=f"{worst:.3g} at batch {count}",
        )

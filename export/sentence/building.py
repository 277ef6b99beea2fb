"""From a T5 folder to the sentence part of a bundle: two graphs, in float32 and int8, each compared with PyTorch.

PyTorch decodes a few prompts greedily, and every variant scores the same tokens. Dynamic int8 leaves the second matrix
of a gated feed-forward block in float32, as those who publish these models do: its inputs have outliers that eight bits
cannot hold. An int8 network after which another token is the likeliest too often is left out.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

from edge.bundle.manifest import Licence, Parity, Precision, Role, SentenceModel
from edge.engines import OnnxEngine
from edge.errors import CheckFailedError, InputError
from edge.language.tokens import SentencePieceTokenizer
from edge.types import AnyArray
from export.graphs.quantize import DESCRIPTION, to_int8
from export.graphs.torch_onnx import IR_VERSION, OPSET
from export.graphs.types import BuiltNetwork
from export.sentence.cases import PROMPT, Case, Reference
from export.sentence.reading import T5Folder

TOKENIZER = "sentence-tokenizer.model"
ENCODER: Role = "sentence-encoder"
DECODER: Role = "sentence-decoder"
_MAX_BYTES = 1 << 30
"""Of one graph in float32: a protocol buffer ends at 2 GiB, and a board has little more memory than this."""
_TOLERANCE = 1e-3
"""Largest difference of float32 from PyTorch, as a share of the largest value (at least 1)."""
_AGREEMENT = 0.9
"""Least share of steps at which int8 must find the same token likeliest."""


@dataclass(frozen=True, slots=True)
class BuiltSentence:
    """What goes into a bundle (nothing, without a model); ``documents`` and ``golden`` arrays by name."""

    networks: tuple[BuiltNetwork, ...] = ()
    settings: SentenceModel | None = None
    documents: Mapping[str, bytes] = field(default_factory=dict)
    golden: Mapping[str, AnyArray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def build_sentence(
    folder: T5Folder, *, licence: str = "", progress: Callable[[str], None] = lambda text: None
) -> BuiltSentence:
    """Convert, quantise and compare; raises InputError, DependencyError, or CheckFailedError when float32 differs."""
    reference = Reference(folder, SentencePieceTokenizer(folder.tokenizer, where=folder.path))
    _check_size(reference, folder.path)
    cases = reference.cases()
    source = f"{folder.weights}, sha256 {folder.sha256}"
    origin = Licence(subject="sentence model", spdx=licence or "NOASSERTION", source=source)
    networks, notes = [], []
    for role in (ENCODER, DECODER):
        progress(f"{role} to ONNX")
        graph = _encoder_graph(reference, cases[0]) if role == ENCODER else _decoder_graph(reference, cases[0])
        for variant, model in _variants(graph).items():
            progress(f"{role}, {variant}")
            parity = _parity(role, model, reference, cases)
            if variant == "fp32":
                _check(role, parity, cases)
            elif (parity.label_agreement or 0) < _AGREEMENT:
                notes.append(
                    f"there is no {role} {variant}: the next token is the same in {parity.label_agreement:.0%}"
                )
                continue
            quantization = DESCRIPTION if variant == "int8" else ""
            networks.append(BuiltNetwork(role, variant, model, OPSET, IR_VERSION, quantization, parity, origin))
    settings = SentenceModel(tokenizer=TOKENIZER, start=folder.start, end=folder.end, prompt=PROMPT)
    return BuiltSentence(tuple(networks), settings, {TOKENIZER: folder.tokenizer}, reference.golden(), tuple(notes))


def _check_size(reference: Reference, where: Path) -> None:
    for module in (reference.encoder, reference.decoder):
        size = 4 * sum(tensor.numel() for tensor in module.state_dict().values())
        if size > _MAX_BYTES:
            raise InputError(
                f"the model's {type(module).__name__.lower()} is too large for a device",
                where=where,
                expected=f"<= {_MAX_BYTES} bytes",
                found=size,
                remedy="take a smaller one",
            )


def _encoder_graph(reference: Reference, case: Case) -> bytes:
    axes = {"tokens": {1: "prompt"}, "cross_keys": {3: "prompt"}, "cross_values": {3: "prompt"}}
    return _graph(reference.encoder, {"tokens": case.tokens}, axes, outputs=tuple(case.cross))


def _decoder_graph(reference: Reference, case: Case) -> bytes:
    # Two sequences and two tokens of past, so that neither is taken for a constant.
    step = case.steps[2]
    feeds = {name: array if "cross" in name else np.repeat(array, 2, axis=0) for name, array in step.feeds.items()}
    past, longer = {0: "sequences", 3: "past"}, {0: "sequences", 3: "tokens"}
    # A prompt is encoded once; every sequence looks at it, or (golden inputs) each at its own.
    cross = {0: "prompts", 3: "prompt"}
    axes = {
        "tokens": {0: "sequences"}, "logits": {0: "sequences"}, "cross_keys": cross, "cross_values": cross,
        "past_keys": past, "past_values": past, "keys": longer, "values": longer,
    }  # fmt: skip
    return _graph(reference.decoder, feeds, axes, outputs=tuple(step.outputs))


def _graph(
    module: nn.Module, feeds: Mapping[str, AnyArray], axes: Mapping[str, Mapping[int, str]], *, outputs: Sequence[str]
) -> bytes:
    with tempfile.TemporaryDirectory(prefix="fingerpost-sentence-") as folder:
        path = Path(folder) / "model.onnx"
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # the exporter announces its successor
            torch.onnx.export(
                module,
                tuple(torch.from_numpy(array) for array in feeds.values()),
                path,
                dynamo=False,
                opset_version=OPSET,
                input_names=list(feeds),
                output_names=list(outputs),
                dynamic_axes={name: dict(of) for name, of in axes.items()},
            )
        proto = onnx.load(path)
    proto.ir_version = min(proto.ir_version, IR_VERSION)
    return bytes(proto.SerializeToString(deterministic=True))


def _variants(graph: bytes) -> dict[Precision, bytes]:
    gated = any("wi_1" in node.name for node in onnx.load_from_string(graph).graph.node)
    return {"fp32": graph, "int8": to_int8(graph, keep_float=lambda name: gated and "/wo/" in name)}


def _parity(role: Role, model: bytes, reference: Reference, cases: Sequence[Case]) -> Parity:
    """Largest difference of any output, and the share of steps at which the same token is the likeliest."""
    engine = OnnxEngine(model, label=role)
    differences: list[float] = []
    same: list[bool] = []

    def run(feeds: Mapping[str, AnyArray], want: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        found = engine.run(feeds)
        differences.extend(float(np.abs(found[name] - value).max()) for name, value in want.items())
        return found

    try:
        for case in cases:
            if role == ENCODER:
                same += reference.next_tokens(case, run({"tokens": case.tokens}, case.cross))
                continue
            for step in case.steps:
                found = run(step.feeds, step.outputs)
                same.append(int(found["logits"].argmax()) == int(step.outputs["logits"].argmax()))
    finally:
        engine.close()
    return Parity(
        max_abs_diff=max(differences),
        label_agreement=sum(same) / len(same),
        n=len(same),
        against=f"PyTorch {torch.__version__}, next token",
    )


def _check(role: Role, parity: Parity, cases: Sequence[Case]) -> None:
    outputs = [case.cross for case in cases] if role == ENCODER else [s.outputs for case in cases for s in case.steps]
    limit = _TOLERANCE * max(1.0, *(float(np.abs(array).max()) for each in outputs for array in each.values()))
    if not parity.max_abs_diff <= limit or parity.label_agreement != 1:
        raise CheckFailedError(
            f"the {role} does not compute what PyTorch does",
            expected=f"a difference of <= {limit:.3g} and always the same next token",
            found=f"{parity.max_abs_diff:.3g}, the same in {parity.label_agreement:.1%} of {parity.n}",
            remedy="nothing was written; report this with the model",
        )

"""From a T5 folder to the sentence part of a bundle: two graphs, in float32 and int8, each compared with PyTorch.

Both are compared on prompts like those of a kiosk: PyTorch decodes a few greedily, and every variant scores the same
tokens. Dynamic int8 leaves the second matrix of a gated feed-forward block in float32, as those who publish these
models do: its inputs have outliers that eight bits cannot hold.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from edge.bundle.manifest import Licence, Parity, Precision, Role, SentenceModel
from edge.engines import OnnxEngine
from edge.errors import CheckFailedError, InputError
from edge.language.tokens import SentencePieceTokenizer
from edge.types import AnyArray
from export.graphs.quantize import DESCRIPTION, to_int8
from export.graphs.torch_onnx import IR_VERSION, OPSET
from export.graphs.types import BuiltNetwork
from export.sentence.network import Decoder, Encoder
from export.sentence.reading import T5Folder

PROMPT = (
    "Here are a sequence of words obtained from a sign language recognition model. Take this sequence of words and "
    "output a plausible sentence in natural English that the user could possibly be trying to communicate: {keywords}"
)
"""Of the fifth seed system (`002_0397612b06afd826.txt`, section 6), where FLAN-T5 is asked with it."""
TOKENIZER = "sentence-tokenizer.model"
_SAMPLES = ("hello", "I, hungry", "you, name, what", "please, help, father", "thank you, coffee, water, tea")
_STEPS = 12
_MAX_BYTES = 1 << 30
"""Of one graph in float32: a protocol buffer ends at 2 GiB, and a board has little more memory than this."""
_TOLERANCE = 1e-4
"""Largest difference of float32 from PyTorch, as a share of the largest value (at least 1)."""


@dataclass(frozen=True, slots=True)
class BuiltSentence:
    """What goes into a bundle; ``documents`` by name."""

    networks: tuple[BuiltNetwork, ...]
    settings: SentenceModel
    documents: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class _Case:
    """A prompt and what PyTorch makes of it: feeds and outputs of the encoder, and of the decoder step by step."""

    prompt: dict[str, AnyArray]
    cross: dict[str, AnyArray]
    steps: list[tuple[dict[str, AnyArray], AnyArray]]


def build_sentence(
    folder: T5Folder, *, licence: str = "", progress: Callable[[str], None] = lambda text: None
) -> BuiltSentence:
    """Convert, quantise and compare; raises InputError, DependencyError, or CheckFailedError when float32 differs."""
    tokenizer = SentencePieceTokenizer(folder.tokenizer, where=folder.path)
    encoder, decoder = Encoder(folder.model).eval(), Decoder(folder.model).eval()
    for module in (encoder, decoder):
        size = 4 * sum(tensor.numel() for tensor in module.state_dict().values())
        if size > _MAX_BYTES:
            raise InputError(
                f"the model's {type(module).__name__.lower()} is too large for a device",
                where=folder.path,
                expected=f"<= {_MAX_BYTES} bytes",
                found=size,
                remedy="take a smaller one",
            )
    with torch.no_grad():
        cases = [_case(encoder, decoder, tokenizer, folder, words) for words in _SAMPLES]
        progress("sentence encoder and decoder to ONNX")
        graphs: dict[Role, bytes] = {
            "sentence-encoder": _encoder_graph(encoder, cases[0]),
            "sentence-decoder": _decoder_graph(decoder, cases[0]),
        }
    origin = Licence(
        subject="sentence model", spdx=licence or "NOASSERTION", source=f"{folder.weights}, sha256 {folder.sha256}"
    )
    networks = []
    for role, graph in graphs.items():
        for variant, model in _variants(graph).items():
            progress(f"{role}, {variant}")
            parity = _parity(role, model, cases, label=f"{role} {variant}")
            if variant == "fp32":
                _check(role, parity, cases)
            quantization = DESCRIPTION if variant == "int8" else ""
            networks.append(BuiltNetwork(role, variant, model, OPSET, IR_VERSION, quantization, parity, origin))
    settings = SentenceModel(tokenizer=TOKENIZER, start=folder.start, end=folder.end, prompt=PROMPT)
    return BuiltSentence(tuple(networks), settings, {TOKENIZER: folder.tokenizer})


def _encoder_graph(encoder: Encoder, case: _Case) -> bytes:
    return _graph(
        encoder,
        case.prompt,
        {"tokens": {1: "prompt"}, "cross_keys": {3: "prompt"}, "cross_values": {3: "prompt"}},
        outputs=("cross_keys", "cross_values"),
    )


def _decoder_graph(decoder: Decoder, case: _Case) -> bytes:
    # Two sequences and two tokens of past, so that neither is taken for a constant.
    feeds = dict(case.steps[2][0])
    feeds["tokens"] = np.repeat(feeds["tokens"], 2, axis=0)
    for name in ("past_keys", "past_values"):
        feeds[name] = np.repeat(feeds[name], 2, axis=1)
    past, longer = {1: "sequences", 3: "past"}, {1: "sequences", 3: "tokens"}
    axes = {
        "tokens": {0: "sequences"}, "logits": {0: "sequences"},
        "past_keys": past, "past_values": past, "keys": longer, "values": longer,
        "cross_keys": {3: "prompt"}, "cross_values": {3: "prompt"},
    }  # fmt: skip
    return _graph(decoder, feeds, axes, outputs=("logits", "keys", "values"))


def _graph(
    module: nn.Module, feeds: Mapping[str, AnyArray], axes: Mapping[str, Mapping[int, str]], *, outputs: Sequence[str]
) -> bytes:
    with tempfile.TemporaryDirectory(prefix="fingerpost-sentence-") as folder:
        path = Path(folder) / "model.onnx"
        with warnings.catch_warnings():
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


def _case(encoder: Encoder, decoder: Decoder, tokenizer: SentencePieceTokenizer, folder: T5Folder, words: str) -> _Case:
    """PyTorch decodes one prompt greedily; the end token is no reason to stop, as only numbers are wanted."""
    tokens = np.array([[*tokenizer.encode(PROMPT.replace("{keywords}", words)), folder.end]], np.int64)
    cross = encoder(torch.from_numpy(tokens))
    config = folder.model.config
    past = torch.zeros(config.num_decoder_layers, 1, config.num_heads, 0, config.d_kv)
    keys, values, last = past, past, torch.tensor([[folder.start]])
    steps = []
    for _ in range(_STEPS):
        feeds = _arrays(
            ("tokens", "past_keys", "past_values", "cross_keys", "cross_values"), (last, keys, values, *cross)
        )
        logits, keys, values = decoder(last, keys, values, *cross)
        steps.append((feeds, logits.numpy()))
        last = logits.argmax(dim=1, keepdim=True)
    return _Case({"tokens": tokens}, _arrays(("cross_keys", "cross_values"), cross), steps)


def _arrays(names: Sequence[str], tensors: Sequence[Tensor]) -> dict[str, AnyArray]:
    return {name: tensor.numpy() for name, tensor in zip(names, tensors, strict=True)}


def _parity(role: Role, model: bytes, cases: Sequence[_Case], *, label: str) -> Parity:
    engine = OnnxEngine(model, label=label)
    differences, agreed = [], []
    try:
        for case in cases:
            if role == "sentence-encoder":
                found = engine.run(case.prompt)
                differences += [float(np.abs(found[name] - want).max()) for name, want in case.cross.items()]
                continue
            for feeds, want in case.steps:
                logits = engine.run(feeds)["logits"]
                differences.append(float(np.abs(logits - want).max()))
                agreed.append(bool((logits.argmax(axis=1) == want.argmax(axis=1)).all()))
    finally:
        engine.close()
    return Parity(
        max_abs_diff=max(differences),
        label_agreement=sum(agreed) / len(agreed) if agreed else None,
        n=len(agreed) or len(cases),
        against=f"PyTorch {torch.__version__}",
    )


def _check(role: Role, parity: Parity, cases: Sequence[_Case]) -> None:
    values = [want for case in cases for want in (case.cross.values() if role == "sentence-encoder" else
                                                  [logits for _, logits in case.steps])]  # fmt: skip
    limit = _TOLERANCE * max(1.0, *(float(np.abs(value).max()) for value in values))
    if not parity.max_abs_diff <= limit:
        raise CheckFailedError(
            f"the {role} does not compute what PyTorch does",
            expected=f"a difference of <= {limit:.3g}",
            found=f"{parity.max_abs_diff:.3g}",
            remedy="nothing was written; report this with the model",
        )

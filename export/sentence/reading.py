"""Reading a local T5 folder, as its library saves it: ``config.json``, weights, tokenizer.

No code in the folder is run: weights are safetensors, or a ``pytorch_model.bin`` read with the restricted unpickler.
The tokenizer is a SentencePiece file, ``spiece.model``; where there is only a ``tokenizer.json`` (which newer releases
write), it is put into that form, so that the device needs one small package and not two.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from edge.errors import DependencyError, InputError
from export.checkpoints.reading import Checkpoint, load_weights, read_checkpoint
from export.sentence.network import T5, T5Config

_ARCHITECTURE = "T5ForConditionalGeneration"
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_SPIECE, _JSON = "spiece.model", "tokenizer.json"
_ACTIVATIONS: Mapping[str, Literal["relu", "gated-gelu"]] = {"relu": "relu", "gated-gelu": "gated-gelu"}
_SHARED = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight")
_UNUSED = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"
"""In old files; never used."""


@dataclass(frozen=True, slots=True)
class T5Folder:
    """A model that was read: ``tokenizer`` the bytes of a SentencePiece file; ``start`` and ``end`` its tokens."""

    path: Path
    model: T5
    tokenizer: bytes
    start: int
    end: int
    weights: str
    sha256: str


def read_folder(path: Path) -> T5Folder:
    """Read a model's folder; raises InputError that names the file or field that is missing or does not fit."""
    if not path.is_dir():
        raise InputError("no such model folder", where=path, expected=f"a folder with {', '.join(_expected())}")
    facts = _facts(path / "config.json")
    config = _config(facts, path / "config.json")
    tokenizer = _tokenizer(path)
    weights = next((path / name for name in _WEIGHTS if (path / name).is_file()), None)
    if weights is None:
        raise InputError(
            "the model's weights are missing",
            where=path,
            expected=" or ".join(_WEIGHTS),
            found="weights in several files" if list(path.glob("*.index.json")) else "neither",
            remedy="save the model again, in one file",
        )
    checkpoint = read_checkpoint(weights)
    model = T5(config)
    load_weights(model, Checkpoint(weights, checkpoint.sha256, _named(checkpoint.tensors)))
    model.eval()
    return T5Folder(
        path,
        model,
        tokenizer,
        start=_token(facts, "decoder_start_token_id", 0, config, path),
        end=_token(facts, "eos_token_id", 1, config, path),
        weights=weights.name,
        sha256=checkpoint.sha256,
    )


def _expected() -> tuple[str, ...]:
    return ("config.json", " or ".join(_WEIGHTS), f"{_SPIECE} or {_JSON}")


def _facts(path: Path) -> Mapping[str, Any]:
    facts = _json(path)
    architectures = facts.get("architectures") or []
    if facts.get("model_type") != "t5" or architectures not in ([], [_ARCHITECTURE]):
        raise InputError(
            "the folder holds another kind of model",
            where=path,
            expected=_ARCHITECTURE,
            found=", ".join(map(str, architectures)) or f"model_type {facts.get('model_type')}",
            remedy="give a T5 or FLAN-T5 model",
        )
    return facts


def _config(facts: Mapping[str, Any], where: Path) -> T5Config:
    def number(name: str, default: int | None = None) -> int:
        value = facts.get(name)
        value = default if value is None else value
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 20:
            raise InputError("the configuration cannot be used", where=where, expected=f"a size {name}", found=value)
        return value

    activation = facts.get("feed_forward_proj", "relu")
    if activation not in _ACTIVATIONS:
        raise InputError("an unknown activation", where=where, expected=" or ".join(_ACTIVATIONS), found=activation)
    layers = number("num_layers")
    return T5Config(
        vocab_size=number("vocab_size"),
        d_model=number("d_model"),
        d_kv=number("d_kv"),
        d_ff=number("d_ff"),
        num_layers=layers,
        num_decoder_layers=number("num_decoder_layers", layers),
        num_heads=number("num_heads"),
        buckets=number("relative_attention_num_buckets", 32),
        max_distance=number("relative_attention_max_distance", 128),
        epsilon=float(facts.get("layer_norm_epsilon", 1e-6)),
        activation=_ACTIVATIONS[activation],
        # Newer files say it outright; in older ones it goes with the shared embedding.
        scaled=bool(facts.get("scale_decoder_outputs", facts.get("tie_word_embeddings", True))),
    )


def _token(facts: Mapping[str, Any], name: str, default: int, config: T5Config, path: Path) -> int:
    value = facts.get(name)
    value = default if value is None else value
    if not isinstance(value, int) or not 0 <= value < config.vocab_size:
        raise InputError("the configuration cannot be used", where=path / "config.json", expected=f"a token {name}",
                         found=value)  # fmt: skip
    return value


def _named(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors in float32 under the names of `T5`; an output layer that is shared is written out."""
    named = {name: tensor.float() for name, tensor in tensors.items() if name not in (*_SHARED, _UNUSED)}
    embedding = named.get("shared.weight")
    if embedding is None and _SHARED[0] in tensors:
        embedding = named["shared.weight"] = tensors[_SHARED[0]].float()
    if "lm_head.weight" not in named and embedding is not None:
        named["lm_head.weight"] = embedding
    return named


def _tokenizer(path: Path) -> bytes:
    if (path / _SPIECE).is_file():
        return (path / _SPIECE).read_bytes()
    if (path / _JSON).is_file():
        return spiece_of(_json(path / _JSON), where=path / _JSON)
    raise InputError("the model's tokenizer is missing", where=path, expected=f"{_SPIECE} or {_JSON}")


def spiece_of(tokenizer: Mapping[str, Any], *, where: Path) -> bytes:
    """The SentencePiece file of a ``tokenizer.json``; raises InputError when it is not of SentencePiece's kind."""
    try:
        pb: Any = import_module("sentencepiece.sentencepiece_model_pb2")  # generated, without types
    except ImportError as error:
        raise DependencyError(
            "the tokenizer needs sentencepiece", remedy="install it with: pip install 'fingerpost[sentence]'"
        ) from error
    model = tokenizer.get("model") or {}
    pieces, unknown = model.get("vocab"), model.get("unk_id")
    if model.get("type") != "Unigram" or not isinstance(pieces, list) or not isinstance(unknown, int):
        raise InputError("the tokenizer is not T5's", where=where, expected="a Unigram model with a vocabulary",
                         found=model.get("type"), remedy=f"put the model's {_SPIECE} beside it")  # fmt: skip
    added = {entry["content"] for entry in tokenizer.get("added_tokens") or [] if entry.get("special")}
    proto = pb.ModelProto()
    for index, (text, score) in enumerate(pieces):
        kind = pb.ModelProto.SentencePiece.NORMAL
        if index == unknown:
            kind = pb.ModelProto.SentencePiece.UNKNOWN
        elif text in added:
            kind = pb.ModelProto.SentencePiece.CONTROL
        proto.pieces.add(piece=text, score=score, type=kind)
    proto.trainer_spec.model_type = pb.TrainerSpec.UNIGRAM
    proto.trainer_spec.unk_id = unknown
    charsmap = _charsmap(tokenizer.get("normalizer"))
    proto.normalizer_spec.name = "nmt_nfkc" if charsmap else "identity"
    proto.normalizer_spec.precompiled_charsmap = charsmap
    proto.normalizer_spec.add_dummy_prefix = True
    proto.normalizer_spec.remove_extra_whitespaces = True
    proto.normalizer_spec.escape_whitespaces = True
    return bytes(proto.SerializeToString())


def _charsmap(normalizer: Mapping[str, Any] | None) -> bytes:
    """The table of replaced characters, alone or within a sequence; empty when there is none."""
    steps = (normalizer or {}).get("normalizers", [normalizer] if normalizer else [])
    return next((base64.b64decode(s["precompiled_charsmap"]) for s in steps if s.get("type") == "Precompiled"), b"")


def _json(path: Path) -> Mapping[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError("a file of the model is missing", where=path.parent, expected=path.name) from error
    except (OSError, ValueError) as error:
        raise InputError("a file of the model cannot be read", where=path, found=str(error)[:120]) from error
    if not isinstance(value, dict):
        raise InputError("a file of the model cannot be read", where=path, expected="a JSON object")
    return value

"""What is read from a model's folder, and what is refused in one line."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from edge.errors import InputError
from edge.language.tokens import SentencePieceTokenizer
from export.sentence.building import build_sentence
from export.sentence.reading import read_folder

from .conftest import make


def change(folder: Path, **facts: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | facts))


def drop(folder: Path, name: str) -> None:
    (folder / name).unlink()


class Code:
    """A pickle that would run something."""

    def __reduce__(self) -> tuple[object, ...]:
        return (print, ("code ran",))


SPOILT = {
    "no config": (lambda f: drop(f, "config.json"), "config.json"),
    "config is no JSON": (lambda f: (f / "config.json").write_text("{"), "cannot be read"),
    "another architecture": (lambda f: change(f, architectures=["T5EncoderModel"]), "T5EncoderModel"),
    "another type": (lambda f: change(f, model_type="bart", architectures=None), "bart"),
    "no size": (lambda f: change(f, d_model=None), "d_model"),
    "absurd size": (lambda f: change(f, num_heads=-1), "num_heads"),
    "another activation": (lambda f: change(f, feed_forward_proj="gated-silu"), "gated-silu"),
    "sizes of another model": (lambda f: change(f, d_ff=48), "does not fit"),
    "a start that is no token": (lambda f: change(f, decoder_start_token_id=4000), "decoder_start_token_id"),
    "no weights": (lambda f: drop(f, "model.safetensors"), "weights are missing"),
    "cut weights": (lambda f: (f / "model.safetensors").write_bytes(b"0" * 99), "damaged"),
    "no tokenizer": (lambda f: drop(f, "spiece.model"), "tokenizer is missing"),
}


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_spoilt_folder_is_an_input_error_that_names_what(flan: Path, spoil: str) -> None:
    action, said = SPOILT[spoil]
    action(flan)
    with pytest.raises(InputError, match=said) as error:
        read_folder(flan)
    assert "\n" not in str(error.value)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such model folder"):
        read_folder(tmp_path / "nowhere")


def test_a_pickle_that_needs_code_is_refused(flan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drop(flan, "model.safetensors")
    (flan / "pytorch_model.bin").write_bytes(pickle.dumps({"shared.weight": Code()}, protocol=2))
    with pytest.raises(InputError, match=r"pytorch_model\.bin"):
        read_folder(flan)
    assert "code ran" not in capsys.readouterr().out


def test_weights_in_a_bin_file_in_half_precision_and_with_old_names_are_read(flan: Path) -> None:
    tensors = load_file(flan / "model.safetensors")
    bias = "layer.{}.{}.relative_attention_bias.weight"
    old = {
        "decoder.block.0." + bias.format(1, "EncDecAttention"): tensors[
            "decoder.block.0." + bias.format(0, "SelfAttention")
        ]
    }
    torch.save({name: tensor.bfloat16() for name, tensor in (tensors | old).items()}, flan / "pytorch_model.bin")
    drop(flan, "model.safetensors")
    folder = read_folder(flan)
    assert folder.model.shared.weight.dtype == torch.float32
    torch.testing.assert_close(folder.model.shared.weight, tensors["shared.weight"], atol=0.02, rtol=0.01)


def test_a_shared_output_layer_may_be_left_out_of_the_file(tmp_path: Path) -> None:
    tied = make(tmp_path / "tied", "relu")
    weights = tied.folder / "model.safetensors"
    tensors = load_file(weights)
    copies = ("lm_head.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight")
    save_file({name: tensor for name, tensor in tensors.items() if name not in copies}, weights)
    torch.testing.assert_close(read_folder(tied.folder).model.lm_head.weight, tied.model.lm_head.weight)


TEXTS = ("hello, my name is what", "I am  hungry ", "xyz € é ﬁ", "", "Take this sequence: coffee, tea")


def test_a_tokenizer_json_alone_gives_the_same_tokens(flan: Path) -> None:
    from transformers import T5Tokenizer

    T5Tokenizer.from_pretrained(flan, extra_ids=28).save_pretrained(flan)
    assert (flan / "tokenizer.json").is_file()
    library = T5Tokenizer.from_pretrained(flan)
    (flan / "spiece.model").unlink(missing_ok=True)
    ours = SentencePieceTokenizer(read_folder(flan).tokenizer)
    for text in TEXTS:
        assert [*ours.encode(text), 1] == library(text).input_ids, text
    assert ours.decode(ours.encode("my name is")) == "my name is"


def test_a_tokenizer_of_another_kind_is_refused(flan: Path) -> None:
    drop(flan, "spiece.model")
    (flan / "tokenizer.json").write_text(json.dumps({"model": {"type": "BPE", "vocab": {}}}))
    with pytest.raises(InputError, match="BPE"):
        read_folder(flan)


def test_a_model_for_a_workstation_is_refused_with_its_size(flan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = read_folder(flan)
    monkeypatch.setattr("export.sentence.building._MAX_BYTES", 10_000)
    with pytest.raises(InputError, match="too large"):
        build_sentence(folder)

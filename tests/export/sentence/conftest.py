"""Small random T5 models, saved as their own library saves them, and the answers that it gives."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"

import pytest
import sentencepiece
import torch
from safetensors.torch import save_file

from export.sentence.cases import PROMPT

_TEXT = (
    *PROMPT.split(". "),
    "hello my name is what is your name I am hungry please help father thank you",
    "coffee water tea 0123456789 , . : ? the quick brown fox jumps over the lazy dog",
)


def spiece() -> bytes:
    """A tokenizer of a hundred pieces, with T5's numbers for padding, end and unknown."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(_TEXT * 3),
        model_writer=model,
        vocab_size=100,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    return model.getvalue()


@dataclass(frozen=True)
class Made:
    """A folder and the model that is in it."""

    folder: Path
    model: Any


def make(folder: Path, kind: str, seed: int = 0, **more: Any) -> Made:
    """A random model of T5 1.0 (``relu``: one embedding for everything) or of FLAN-T5's kind (``gated``)."""
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(seed)
    tied = kind == "relu"
    config = T5Config(
        vocab_size=128, d_model=24, d_kv=8, d_ff=40, num_layers=3, num_decoder_layers=2, num_heads=4,
        decoder_start_token_id=0, feed_forward_proj="relu" if tied else "gated-gelu", tie_word_embeddings=tied, **more,
    )  # fmt: skip
    model = T5ForConditionalGeneration(config).eval()
    if not tied:
        model.lm_head.weight = torch.nn.Parameter(torch.randn(128, 24))
    folder.mkdir(parents=True)
    config.architectures = ["T5ForConditionalGeneration"]
    config.save_pretrained(folder)
    save_file({name: tensor.clone() for name, tensor in model.state_dict().items()}, folder / "model.safetensors")
    (folder / "spiece.model").write_bytes(spiece())
    return Made(folder, model)


@pytest.fixture(scope="session", params=["relu", "gated"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Both kinds in turn."""
    return make(tmp_path_factory.mktemp("t5") / request.param, request.param)


@pytest.fixture
def flan(tmp_path: Path) -> Path:
    """A folder of FLAN-T5's kind that a test may spoil."""
    return make(tmp_path / "flan", "gated").folder

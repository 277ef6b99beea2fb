"""What the device computes is what the library of these models computes: numbers, greedy tokens, beams."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from edge.engines import OnnxEngine
from edge.language.fake import FakeSentencer
from edge.language.search import SearchSettings, generate
from edge.language.t5 import PromptedDecoder, Prompting, T5Sentencer
from edge.language.tokens import SentencePieceTokenizer
from edge.language.words import Composed
from export.sentence.building import BuiltSentence, build_sentence
from export.sentence.network import distance_buckets
from export.sentence.reading import read_folder

from .conftest import Made

STEPS = 14
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(made: Made) -> BuiltSentence:
    return build_sentence(read_folder(made.folder), licence="Apache-2.0")


def engines(built: BuiltSentence, variant: str) -> tuple[OnnxEngine, OnnxEngine]:
    models = {(network.role, network.variant): network.model for network in built.networks}
    encoder, decoder = (
        models.get((role, variant)) or models[role, "fp32"] for role in ("sentence-encoder", "sentence-decoder")
    )
    return OnnxEngine(encoder), OnnxEngine(decoder)


def search(built: BuiltSentence, prompt: list[int], *, variant: str = "fp32", **settings: object) -> tuple[int, ...]:
    encoder, decoder = engines(built, variant)
    cross = encoder.run({"tokens": np.array([prompt])})
    bound = PromptedDecoder(decoder, cross["cross_keys"], cross["cross_values"])
    limits = SearchSettings(tokens=STEPS, seconds=600, **settings)
    return generate(bound, start=0, end=1, settings=limits).tokens


def prompts(count: int = 3) -> list[list[int]]:
    rng = np.random.default_rng(5)
    return [[*rng.integers(3, 100, rng.integers(3, 60)).tolist(), 1] for _ in range(count)]


def expected(made: Made, prompt: list[int], beams: int) -> tuple[int, ...]:
    """Start, end and padding taken off the library's answer."""
    with torch.no_grad():
        out = made.model.generate(
            torch.tensor([prompt]), num_beams=beams, do_sample=False, max_new_tokens=STEPS, early_stopping=False,
            length_penalty=1.0,
        )  # fmt: skip
    tokens = out[0].tolist()[1:]
    return tuple(tokens[: tokens.index(1)] if 1 in tokens else tokens)


def test_greedy_gives_the_tokens_that_the_library_gives(made: Made, built: BuiltSentence) -> None:
    for prompt in prompts():
        assert search(built, prompt) == expected(made, prompt, 1)


@pytest.mark.parametrize("beams", [4])
def test_beams_give_the_tokens_that_the_library_gives(made: Made, built: BuiltSentence, beams: int) -> None:
    for prompt in prompts():
        assert search(built, prompt, beams=beams) == expected(made, prompt, beams)


def test_every_logit_is_that_of_the_library_also_far_back(made: Made, built: BuiltSentence) -> None:
    encoder, decoder = engines(built, "fp32")
    prompt = np.random.default_rng(0).integers(3, 100, (1, 180))  # further than the largest distance
    words = np.random.default_rng(1).integers(3, 100, (1, 150))
    words[0, 0] = 0
    with torch.no_grad():
        want = made.model(input_ids=torch.from_numpy(prompt), decoder_input_ids=torch.from_numpy(words)).logits.numpy()
    cross = encoder.run({"tokens": prompt})
    bound = PromptedDecoder(decoder, cross["cross_keys"], cross["cross_values"])
    past = bound.empty()
    for step in range(words.shape[1]):
        logits, past = bound(words[:, step], past)
        np.testing.assert_allclose(logits, want[:, step], atol=2e-4)


def test_int8_is_smaller_and_says_nearly_the_same(built: BuiltSentence) -> None:
    sizes = {(n.role, n.variant): len(n.model) for n in built.networks}
    parities = {(n.role, n.variant): n.parity for n in built.networks}
    for role in ("sentence-encoder", "sentence-decoder"):
        assert parities[role, "fp32"].max_abs_diff < 1e-4
        assert parities[role, "fp32"].label_agreement == 1
    small = [role for role, variant in sizes if variant == "int8"]
    # What says another token too often is left out, and the export says so: random weights may lose one of them.
    assert small
    assert len(small) + len(built.notes) == 2
    assert all("int8" in note and "%" in note for note in built.notes)
    for role in small:
        assert sizes[role, "int8"] < sizes[role, "fp32"]
        assert parities[role, "int8"].label_agreement >= 0.9
        assert 1e-4 < parities[role, "int8"].max_abs_diff < 5
    for prompt in prompts(1):
        assert len(search(built, prompt, variant="int8", beams=3)) <= STEPS


def test_a_sentence_is_asked_for_with_the_prompt_and_bounded(made: Made, built: BuiltSentence) -> None:
    encoder, decoder = engines(built, "fp32")
    tokenizer = SentencePieceTokenizer(built.documents["sentence-tokenizer.model"])
    settings = built.settings
    assert settings is not None
    prompting = Prompting(settings.prompt, settings.start, settings.end)
    t5 = T5Sentencer(
        encoder, decoder, tokenizer, prompting, fallback=FakeSentencer(), settings=SearchSettings(tokens=9)
    )
    asked = [*tokenizer.encode(settings.prompt.replace("{keywords}", "hello, I, hungry")), 1]
    text = tokenizer.decode(search_limit(made, asked, 9)).strip()
    assert t5.compose(["hello", "I", "hungry"]) == (
        Composed(text, "t5") if text else Composed("hello+I+hungry", "fake")
    )
    assert t5.compose([]) == Composed("", "t5")
    assert t5.compose(["word"] * 2000).text
    hasty = T5Sentencer(
        encoder, decoder, tokenizer, prompting, fallback=FakeSentencer(), settings=SearchSettings(seconds=0)
    )
    assert hasty.compose(["hello", "you"]) == Composed("hello+you", "fake")


def search_limit(made: Made, prompt: list[int], limit: int) -> list[int]:
    with torch.no_grad():
        tokens = made.model.generate(torch.tensor([prompt]), max_new_tokens=limit, do_sample=False, num_beams=1)
    return [token for token in tokens[0].tolist()[1:] if token != 1]


@pytest.mark.parametrize("bidirectional", [True, False])
def test_distances_fall_into_the_librarys_buckets(bidirectional: bool) -> None:
    from transformers.models.t5.modeling_t5 import T5Attention

    distances = torch.arange(-400, 401)
    want = T5Attention._relative_position_bucket(distances, bidirectional, 32, 128)
    have = distance_buckets(distances, buckets=32, max_distance=128, bidirectional=bidirectional)
    assert have.tolist() == want.tolist()

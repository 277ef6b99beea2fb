"""The T5 sentencer with fake networks: what it asks, what it does with the answer, and how it fails."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from edge.engines import FakeEngine
from edge.errors import BundleError, DependencyError
from edge.language.fake import FakeSentencer, FakeTokenizer
from edge.language.search import SearchSettings
from edge.language.t5 import Prompting, T5Sentencer
from edge.language.tokens import SentencePieceTokenizer
from edge.language.words import Composed

ANSWER = "I am hungry"
SIZE = 600


class Model:
    """An encoder that remembers its prompt and a decoder that says `ANSWER`, or nothing."""

    def __init__(self, answer: str = ANSWER) -> None:
        self.tokenizer = FakeTokenizer()
        self.prompts: list[list[int]] = []
        self._answer = [*self.tokenizer.encode(answer), 1]
        self.encoder, self.decoder = FakeEngine(self._encode), FakeEngine(self._decode)

    def sentencer(self, prompt: str = "say: {keywords}", **settings: object) -> T5Sentencer:
        return T5Sentencer(
            self.encoder,
            self.decoder,
            self.tokenizer,
            Prompting(prompt, start=0, end=1),
            fallback=FakeSentencer(),
            settings=SearchSettings(**settings),
        )

    def _encode(self, feeds):
        self.prompts.append(feeds["tokens"][0].tolist())
        cross = np.zeros((1, 2, 3, feeds["tokens"].shape[1], 4), np.float32)
        return {"cross_keys": cross, "cross_values": cross}

    def _decode(self, feeds):
        said = feeds["past_keys"].shape[3]
        keys = np.zeros((len(feeds["tokens"]), 2, 3, said + 1, 4), np.float32)
        logits = np.zeros((len(feeds["tokens"]), SIZE), np.float32)
        logits[:, self._answer[min(said, len(self._answer) - 1)]] = 9
        return {"logits": logits, "keys": keys, "values": keys}


@pytest.mark.parametrize("beams", [1, 3])
def test_the_words_go_into_the_prompt_and_the_answer_comes_out(beams: int) -> None:
    model = Model()
    assert model.sentencer(beams=beams).compose(["me", "hungry"]) == Composed(ANSWER, "t5")
    assert model.prompts == [[*model.tokenizer.encode("say: me, hungry"), 1]]


def test_of_more_words_than_fit_the_last_are_asked_for() -> None:
    model = Model()
    words = [f"w{number}" for number in range(400)]
    assert model.sentencer().compose(words).by == "t5"
    (prompt,) = model.prompts
    assert len(prompt) == 256
    assert model.tokenizer.decode(prompt).endswith("w398, w399")
    assert model.tokenizer.decode(prompt).startswith("say: w")


def test_an_empty_answer_and_one_that_takes_too_long_are_left_to_the_rules() -> None:
    assert Model("").sentencer().compose(["me", "you"]) == Composed("me+you", "fake")
    assert Model().sentencer(seconds=0.0).compose(["me", "you"]) == Composed("me+you", "fake")


def test_no_words_are_no_question() -> None:
    model = Model()
    assert model.sentencer().compose([]).text == ""
    assert model.encoder.runs == 0


def test_closing_frees_both_networks() -> None:
    model = Model()
    model.sentencer().close()
    assert model.encoder.closed
    assert model.decoder.closed


def test_a_tokenizer_that_is_none_is_a_bundle_error() -> None:
    with pytest.raises(BundleError, match="no SentencePiece model"):
        SentencePieceTokenizer(b"junk", where="x.bundle/tokenizer")


def test_a_missing_package_is_one_line_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    with pytest.raises(DependencyError, match=r"sentencepiece, which is not installed.*fingerpost\[sentence\]"):
        SentencePieceTokenizer(b"")

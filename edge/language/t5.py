"""A sentence by a T5 model: prompt, encoder once, decoder token by token.

The networks are those that `export.sentence` writes. The encoder takes ``tokens`` int64 (1, prompt) and gives what the
decoder's layers attend to: ``cross_keys`` and ``cross_values``, float32 (1, layers, heads, prompt, key size). The
decoder takes them, the last ``tokens`` (sequences, 1) and the past, ``past_keys`` and ``past_values`` (sequences,
layers, heads, tokens so far, key size), which is empty at first; it gives ``logits`` (sequences, vocabulary) and the
longer past, ``keys`` and ``values``.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.engines.base import Engine
from edge.language.search import Past, SearchSettings, TokenArray, generate
from edge.language.sentence import Sentencer
from edge.language.tokens import Tokenizer
from edge.language.words import Composed
from edge.types import AnyArray, FloatArray

BY = "t5"
"""The name of these models in a sentence's ``by``."""
KEYWORDS = "{keywords}"
"""Stands for the words in a prompt."""
_MAX_PROMPT = 256
"""Tokens; of more words than fit, the first are left out: what was signed last matters most."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prompting:
    """How a model is asked: ``prompt`` with `KEYWORDS` in it, the tokens a sentence begins after and ends with."""

    prompt: str
    start: int
    end: int


class T5Sentencer:
    """Asks the model; what it gives no whole sentence for in time, ``fallback`` says.

    Owns the engines: `close` it.
    """

    def __init__(
        self,
        encoder: Engine,
        decoder: Engine,
        tokenizer: Tokenizer,
        prompting: Prompting,
        *,
        fallback: Sentencer,
        settings: SearchSettings | None = None,
    ) -> None:
        self._encoder, self._decoder = encoder, decoder
        self._tokenizer = tokenizer
        self._prompting = prompting
        self._fallback = fallback
        self._settings = settings or SearchSettings()

    def compose(self, words: Sequence[str]) -> Composed:
        """The model's sentence; raises EngineError when a network fails."""
        if not words:
            return Composed("", BY)
        cross = self._encoder.run({"tokens": np.array([self._prompt(words)], np.int64)})
        decoder = PromptedDecoder(self._decoder, cross["cross_keys"], cross["cross_values"])
        found = generate(decoder, start=self._prompting.start, end=self._prompting.end, settings=self._settings)
        text = self._tokenizer.decode(found.tokens).strip()
        if found.ended == "time":
            _log.warning("the model gave no sentence in %.1f s; the rules make it", self._settings.seconds)
        return Composed(text, BY) if text and found.ended != "time" else self._fallback.compose(words)

    def close(self) -> None:
        """Free both networks."""
        self._encoder.close()
        self._decoder.close()

    def _prompt(self, words: Sequence[str]) -> list[int]:
        """The prompt's tokens with the end token, as T5 was trained to read."""
        for first in range(len(words)):
            text = self._prompting.prompt.replace(KEYWORDS, ", ".join(words[first:]))
            tokens = self._tokenizer.encode(text)
            if len(tokens) < _MAX_PROMPT:
                return [*tokens, self._prompting.end]
        return [*tokens[: _MAX_PROMPT - 1], self._prompting.end]


class PromptedDecoder:
    """The decoder with the encoded prompt (`edge.language.search.NextToken`)."""

    def __init__(self, engine: Engine, cross_keys: AnyArray, cross_values: AnyArray) -> None:
        self._engine = engine
        self._cross = {"cross_keys": cross_keys, "cross_values": cross_values}

    def empty(self) -> Past:
        """The past of one sequence that has not begun."""
        one, layers, heads, _prompt, size = self._cross["cross_keys"].shape
        nothing = np.zeros((one, layers, heads, 0, size), np.float32)
        return Past(nothing, nothing)

    def __call__(self, tokens: TokenArray, past: Past) -> tuple[FloatArray, Past]:
        """Logits (sequences, vocabulary) and the new past."""
        feeds = {"tokens": tokens[:, None], "past_keys": past.keys, "past_values": past.values} | self._cross
        results = self._engine.run(feeds)
        return results["logits"], Past(results["keys"], results["values"])

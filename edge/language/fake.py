"""A tokenizer of words and a sentencer that joins them, for tests and for trying things out."""

from __future__ import annotations

from collections.abc import Sequence

from edge.language.words import Composed


class FakeTokenizer:
    """One token a word, numbered as they come; 0 and 1 are left for start and end."""

    def __init__(self) -> None:
        self._words: list[str] = ["<start>", "<end>"]

    def encode(self, text: str) -> list[int]:
        """The words' numbers."""
        words = text.split()
        self._words += [word for word in dict.fromkeys(words) if word not in self._words]
        return [self._words.index(word) for word in words]

    def decode(self, tokens: Sequence[int]) -> str:
        """The words."""
        return " ".join(self._words[token] for token in tokens if 1 < token < len(self._words))


class FakeSentencer:
    """Joins the words with ``+`` and remembers what it was given."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def compose(self, words: Sequence[str]) -> Composed:
        """The words with ``+`` between them."""
        self.asked.append(tuple(words))
        return Composed("+".join(words), "fake")

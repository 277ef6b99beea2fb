"""Text to the tokens of a T5 model and back, by SentencePiece."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from edge.errors import BundleError, DependencyError


class Tokenizer(Protocol):
    """Text to tokens and back; without the end token."""

    def encode(self, text: str) -> list[int]:
        """The tokens of a text."""
        ...

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens; those that stand for no text are left out."""
        ...


class SentencePieceTokenizer:
    """``model`` is a SentencePiece file, checked by whoever read it; ``where`` names it in errors.

    Raises DependencyError without the package `sentencepiece`, BundleError when the file is no such model.
    """

    def __init__(self, model: bytes, *, where: object = None) -> None:
        try:
            from sentencepiece import SentencePieceProcessor
        except ImportError as error:
            raise DependencyError(
                "the sentence model of this bundle needs sentencepiece, which is not installed",
                remedy="install it with: pip install 'fingerpost[sentence]'",
            ) from error
        try:
            self._processor = SentencePieceProcessor(model_proto=model)
        except (RuntimeError, ValueError) as error:
            raise BundleError(
                "the tokenizer is no SentencePiece model", where=where, found=str(error)[:120] or f"{len(model)} bytes"
            ) from error

    def encode(self, text: str) -> list[int]:
        """The tokens of a text."""
        return list(self._processor.encode(text))

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens; those beyond the model's pieces (T5 has a hundred markers there) are left out."""
        size = self._processor.get_piece_size()
        return str(self._processor.decode([token for token in tokens if token < size]))

"""From signs to text: letters join to words, word signs to sentences, keys edit."""

from edge.language.composer import Composer

__all__ = ["Composer"]

"""What the recogniser must know of a class: how it is signed and what it does."""

from __future__ import annotations

from dataclasses import dataclass

from edge.types import EventKind

NOTHING = "nothing"
"""A key of this name means that no sign is being made."""


@dataclass(frozen=True, slots=True)
class LabelInfo:
    """One class of the model.

    ``kind``: a letter is spelled, a word stands for itself, a key acts on the text. ``moving``: the sign is a
    movement (most words, J, Z), else a held shape. ``text``: what is written, where it is not the name.
    """

    name: str
    kind: EventKind
    moving: bool = False
    text: str | None = None

"""The Output protocol: what a run tells, item by item, to whoever shows it."""

from __future__ import annotations

from typing import Protocol, TypeAlias

from edge.summary import Summary
from edge.types import Caption, Sentence, SignEvent, State

Item: TypeAlias = SignEvent | Caption | Sentence | State | Summary


class Output(Protocol):
    """Shows what happens. Items come in the order in which they happened; a caption follows the sign that caused it."""

    def show(self, item: Item) -> None:
        """Show one item now, without buffering."""
        ...

    def close(self) -> None:
        """Nothing more comes; give back the terminal or the connection."""
        ...

"""An output and a viewer that collect, for tests."""

from __future__ import annotations

from edge.outputs.base import Item
from edge.summary import Summary
from edge.types import Caption, Guess, Hands, Sentence, SignEvent, State


class FakeOutput:
    """Keeps every item in ``items``; the properties pick one kind."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.closed = False

    def show(self, item: Item) -> None:
        """Keep it."""
        self.items.append(item)

    def close(self) -> None:
        """Remember that nothing more comes."""
        self.closed = True

    @property
    def signs(self) -> list[str]:
        """The labels of the signs, in order."""
        return [item.label for item in self.items if isinstance(item, SignEvent)]

    @property
    def captions(self) -> list[str]:
        """The texts of the captions, in order."""
        return [item.text for item in self.items if isinstance(item, Caption)]

    @property
    def sentences(self) -> list[str]:
        """The texts of the sentences, in order."""
        return [item.text for item in self.items if isinstance(item, Sentence)]

    @property
    def states(self) -> list[str]:
        """The names of the states, in order."""
        return [item.name for item in self.items if isinstance(item, State)]

    @property
    def summary(self) -> Summary:
        """The one summary; fails when there is none, or more."""
        (summary,) = (item for item in self.items if isinstance(item, Summary))
        return summary


class FakeViewer:
    """Keeps what it saw in ``seen``."""

    def __init__(self) -> None:
        self.seen: list[tuple[Hands, Guess | None]] = []

    def view(self, hands: Hands, guess: Guess | None) -> None:
        """Keep it."""
        self.seen.append((hands, guess))

    @property
    def guesses(self) -> list[str | None]:
        """The labels that were guessed, in order; None where there was no guess."""
        return [guess.label if guess else None for _, guess in self.seen]

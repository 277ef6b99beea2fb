"""An output that collects, for tests."""

from __future__ import annotations

from edge.outputs.base import Item
from edge.summary import Summary
from edge.types import Caption, Sentence, SignEvent, State


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

"""The Output protocol: what a run tells, item by item, to whoever shows it; and the Viewer, who sees the hands too.

Order: an `edge.types.Action` that was done comes before the `Caption` that it caused, a `SignEvent` likewise. A caption
carries the whole text; `Suggestions` and `Past` carry the whole list. ``Speak`` asks whoever can to say a text; others
let it pass, as they do with every item that they do not know.
"""

from __future__ import annotations

from typing import Protocol, TypeAlias

from edge.summary import Summary
from edge.types import Action, Caption, Guess, Hands, Past, Sentence, SignEvent, Speak, State, Suggestions

Item: TypeAlias = SignEvent | Caption | Sentence | State | Summary | Action | Suggestions | Speak | Past


class Output(Protocol):
    """Shows what happens. Items come in the order in which they happened; a caption follows the sign that caused it.

    The loop waits for `show`: an output that may be slow (a network, a loudspeaker) takes the item and works on in a
    thread of its own.
    """

    def show(self, item: Item) -> None:
        """Show one item now, without buffering."""
        ...

    def close(self) -> None:
        """Nothing more comes; give back the terminal or the connection."""
        ...


class Viewer(Protocol):
    """Sees every frame's hands and what is made of them; an output may be one too."""

    def view(self, hands: Hands, guess: Guess | None) -> None:
        """A frame's hands and the present guess, None where there is none. Called in the loop: cheap, never blocks."""
        ...

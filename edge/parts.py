"""The parts of a run, by what the loop needs of them.

`edge.runtime` and `edge.dialogue` know these protocols only; `edge.assembly` puts the real parts in, tests put theirs.
Landmarker, output, viewer and notifier have their protocols in their own rooms, beside their fakes.
"""

from __future__ import annotations

from typing import Protocol

from edge.summary import FrameTimes
from edge.types import Action, Gesture, Guess, Hands, Sentence, SignEvent, State, Suggestions


class Recogniser(Protocol):
    """Hands in, decided signs and states out."""

    @property
    def finite(self) -> bool:
        """Whether all numbers that were computed so far were finite."""
        ...

    @property
    def guess(self) -> Guess | None:
        """What the hand seems to show now, undecided; None where nothing can be said. Costs nothing."""
        ...

    def push(self, hands: Hands) -> list[SignEvent | State]:
        """Take the next frame's hands."""
        ...

    def finish(self) -> list[SignEvent | State]:
        """The scene has ended: decide what is pending. A frame pushed afterwards begins a new one."""
        ...


class Trial(Protocol):
    """Judges the bundle that runs."""

    def frame(self, *, finite: bool) -> None:
        """A frame went through; raises CheckFailedError when the run must end."""
        ...


class Observer(Protocol):
    """Somebody who looks at every frame's times."""

    def frame(self, times: FrameTimes, /) -> None:
        """A frame went through the loop. Cheap."""
        ...


class Health(Protocol):
    """Watches how the service does."""

    @property
    def interval(self) -> float:
        """Least time in seconds from one frame to the next."""
        ...

    def tick(self) -> None:
        """Time passed without a frame."""
        ...


class Condition(Protocol):
    """Something that the device may be in, beside what it reads (`edge.types.BESIDE`)."""

    def changes(self, now: float) -> list[State]:
        """What began or ended since the last call; ``now`` in seconds of the source. Cheap: called for every frame."""
        ...


class Gestures(Protocol):
    """Watches the hands for gestures that ask for something."""

    def push(self, hands: Hands) -> Gesture | None:
        """Take the next frame's hands; the gesture that they have just completed."""
        ...


class Composer(Protocol):
    """Signs in, the whole text out; states too, because hands that were away end a word."""

    def apply(self, result: SignEvent | State, /) -> str:
        """Take the next result; the whole text after it."""
        ...

    def act(self, action: Action, /) -> str:
        """Do what somebody asks of the text; the whole text after it."""
        ...

    def take_back(self, since: float, /) -> str:
        """Forget the latest signs, those that ended at ``since`` (seconds of the source) or later."""
        ...

    def new_scene(self) -> None:
        """Time on the source begins anew."""
        ...


class Sentences(Protocol):
    """Says when a sentence is due, and makes it."""

    def due(self, now: float, /) -> list[Sentence]:
        """The sentences that are done at a time of the source. Never waits for a live source."""
        ...

    def ask(self, now: float, /) -> bool:
        """Make one of what was signed since the last; False when that is nothing."""
        ...

    def finish(self, now: float, /) -> list[Sentence]:
        """The sentences of what is left at the end."""
        ...


class Suggester(Protocol):
    """Knows what the word that is being spelled may become."""

    def changed(self, now: float, /) -> Suggestions | None:
        """The suggestions at a time of the source; None while they are those of the last call."""
        ...

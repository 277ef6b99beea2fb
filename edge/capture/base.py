"""The Source protocol: where pictures come from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol, TypeAlias, TypeVar

from edge.types import Frame, Hands, State

Delivers: TypeAlias = Literal["frames", "hands", "holistic"]
"""Pictures, hands that somebody found before, or such hands with the face beside them."""

T_co = TypeVar("T_co", covariant=True)


class Stream(Protocol[T_co]):
    """Delivers items in the order of their time. A live stream drops items rather than queue them; a file delivers
    every one.

    Iterating opens nothing: what cannot be opened says so when it is made (SourceError). A stream is iterated once.
    """

    @property
    def delivers(self) -> Delivers:
        """What the items are."""
        ...

    @property
    def live(self) -> bool:
        """Whether the items happen now (a camera) or were recorded."""
        ...

    @property
    def length(self) -> int | None:
        """How many items there will be, where that is known."""
        ...

    @property
    def dropped(self) -> int:
        """How many items were thrown away so far because a newer one came before they were asked for."""
        ...

    def __iter__(self) -> Iterator[T_co]:
        """Deliver the items; ends with the file, or when the stream is closed."""
        ...

    def close(self) -> None:
        """Release the device or the file; a running iteration ends. Another thread or a signal handler may call it."""
        ...


class Source(Stream[Frame | State], Protocol):
    """A stream of pictures. A camera that is away for a while delivers a `State` now and then instead."""


class HandsSource(Stream[Hands], Protocol):
    """A stream of hands that somebody found before: a landmark recording."""

"""The Source protocol: where pictures come from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from edge.types import Frame


class Source(Protocol):
    """Delivers frames in order. A live source drops pictures rather than queue them; a file delivers every one.

    Iterating opens nothing: a source that cannot be opened says so when it is made (SourceError).
    """

    @property
    def live(self) -> bool:
        """Whether the pictures happen now (a camera) or were recorded."""
        ...

    @property
    def length(self) -> int | None:
        """How many frames there will be, where that is known."""
        ...

    def __iter__(self) -> Iterator[Frame]:
        """Deliver the frames; ends with the file, or when the source is closed."""
        ...

    def close(self) -> None:
        """Release the device or the file; a running iteration ends."""
        ...

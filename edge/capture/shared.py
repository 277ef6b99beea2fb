"""The newest picture of one process, seen by another.

Anonymous shared memory (memfd) with three slots and an eventfd as door bell: the writer fills the slot that nobody can
be reading, then publishes its number and rings. There is no lock that a killed process could leave behind, no name that
could outlive both, and no queue: what the reader did not take in time is overwritten, and counted.
"""

from __future__ import annotations

import mmap
import os
import select
import struct
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from edge.errors import SourceError
from edge.types import UInt8Array

SLOTS = 3
CAPACITY = 1920 * 1080 * 3
"""Bytes of the largest picture. Pages that no picture touches cost nothing."""

_PUBLISHED = struct.Struct("=Q")
_SLOT = struct.Struct("=dII")
_LINE = 64
_DATA = 4096


@dataclass(frozen=True, slots=True)
class Picture:
    """``image`` uint8 (H, W, 3) BGR, the reader's own; ``captured`` monotonic seconds, which all processes share;
    ``number`` counts from 1 in the order of publishing."""

    image: UInt8Array
    captured: float
    number: int


class SharedPictures:
    """One writer's newest picture for one reader; `create` in the reader, `attach` in the writer's process."""

    def __init__(self, memory: int, bell: int, capacity: int) -> None:
        self.descriptors = (memory, bell)
        """Inherited by the writer's process (``pass_fds``)."""
        self.capacity = capacity
        self._map = mmap.mmap(memory, _DATA + SLOTS * capacity)
        self._bell = bell
        self._poll = select.poll()
        self._poll.register(bell, select.POLLIN)
        self._taken = 0

    @classmethod
    def create(cls, capacity: int = CAPACITY) -> SharedPictures:
        """Fresh memory, with nothing published."""
        memory = os.memfd_create("fingerpost-pictures")
        os.ftruncate(memory, _DATA + SLOTS * capacity)
        return cls(memory, os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC), capacity)

    @classmethod
    def attach(cls, memory: int, bell: int, capacity: int) -> SharedPictures:
        """The memory behind inherited descriptors."""
        return cls(memory, bell, capacity)

    @property
    def published(self) -> int:
        """How many pictures were published so far."""
        return int(_PUBLISHED.unpack_from(self._map, 0)[0])

    def publish(self, image: UInt8Array, captured: float) -> None:
        """Make ``image`` the newest; raises SourceError when it is larger than the capacity."""
        if image.nbytes > self.capacity:
            raise SourceError(
                "the camera's pictures are too large",
                expected=f"at most {self.capacity / 1e6:.1f} MB",
                found=f"{image.shape[1]}x{image.shape[0]}",
                remedy="ask the camera for a smaller size",
            )
        number = self.published + 1
        slot = number % SLOTS
        view = np.frombuffer(self._map, np.uint8, image.nbytes, _DATA + slot * self.capacity)
        np.copyto(view.reshape(image.shape), image)
        _SLOT.pack_into(self._map, _LINE * (1 + slot), captured, image.shape[1], image.shape[0])
        _PUBLISHED.pack_into(self._map, 0, number)
        # The system call also orders the writes above before it, on processors that would not.
        os.eventfd_write(self._bell, 1)

    def newest(self, timeout: float) -> Picture | None:
        """A picture that was not taken before, after at most ``timeout`` seconds; None when there is none."""
        if self.published == self._taken and not self._poll.poll(timeout * 1000):
            return None
        with suppress(BlockingIOError):  # rung before, and that picture is taken already
            os.eventfd_read(self._bell)
        while (number := self.published) != self._taken:
            picture = self._copy(number)
            # One that was overwritten while it was copied may be torn; a newer one is there then.
            if self.published < number + SLOTS - 1:
                self._taken = number
                return picture
        return None

    def close(self) -> None:
        """Give up memory and bell."""
        self._map.close()
        for descriptor in self.descriptors:
            os.close(descriptor)

    def _copy(self, number: int) -> Picture:
        slot = number % SLOTS
        captured, width, height = _SLOT.unpack_from(self._map, _LINE * (1 + slot))
        view = np.frombuffer(self._map, np.uint8, width * height * 3, _DATA + slot * self.capacity)
        return Picture(view.reshape(height, width, 3).copy(), captured, number)

    def __repr__(self) -> str:
        return f"<SharedPictures: {self.published} published, {self._taken} taken last>"

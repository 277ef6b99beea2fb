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

from edge.capture.raw import RawPicture
from edge.errors import SourceError

SLOTS = 3
CAPACITY = 1920 * 1080 * 3
"""Bytes of the largest picture. Pages that no picture touches cost nothing."""

_PUBLISHED = struct.Struct("=Q")
_SLOT = struct.Struct("=d4sIIII")
"""captured, code, width, height, stride, bytes."""
_LINE = 64
_DATA = 4096


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

    def publish(self, picture: RawPicture) -> None:
        """Make ``picture`` the newest; raises SourceError when it is larger than the capacity."""
        size = len(picture.data)
        if size > self.capacity:
            raise SourceError(
                "the camera's pictures are too large",
                expected=f"at most {self.capacity / 1e6:.1f} MB",
                found=f"{picture.width}x{picture.height}",
                remedy="ask the camera for a smaller size",
            )
        number = self.published + 1
        slot = number % SLOTS
        begin = _DATA + slot * self.capacity
        self._map[begin : begin + size] = picture.data
        words = (picture.captured, picture.code.encode(), picture.width, picture.height, picture.stride, size)
        _SLOT.pack_into(self._map, _LINE * (1 + slot), *words)
        _PUBLISHED.pack_into(self._map, 0, number)
        # The system call also orders the writes above before it, on processors that would not.
        os.eventfd_write(self._bell, 1)

    def newest(self, timeout: float) -> RawPicture | None:
        """The reader's own copy of a picture that it has not taken yet, after at most ``timeout`` seconds; or None."""
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

    def _copy(self, number: int) -> RawPicture:
        slot = number % SLOTS
        captured, code, width, height, stride, size = _SLOT.unpack_from(self._map, _LINE * (1 + slot))
        begin = _DATA + slot * self.capacity
        # Writable, because what is made of it may share its memory.
        data = bytearray(memoryview(self._map)[begin : begin + size])
        return RawPicture(data, code.decode(), width, height, stride, captured, number)

    def __repr__(self) -> str:
        return f"<SharedPictures: {self.published} published, {self._taken} taken last>"

"""Disks that fail, for tests: the power is cut at a chosen step, or no space is left."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from edge.bundle.files import RealFiles


class PowerCut(BaseException):
    """The power failed. Not an Exception: no clean-up code may run after it as if nothing had happened."""


@dataclass
class _Unsure:
    """A name in ``folder`` that was changed but not synced, and how to take that back."""

    folder: Path
    undo: Callable[[Path], None]


class PowerCutFiles:
    """A disk whose power fails at step ``at`` (counted from 1; a write has two steps: half written, written).

    With ``forget``, names made, replaced or removed since the last sync of their folder are as before, as a journal
    that was not flushed leaves them. ``steps`` counts, so that a test can first learn how many there are.
    """

    def __init__(self, at: int = 0, *, forget: bool = False) -> None:
        self._disk = RealFiles()
        self._at, self._forget = at, forget
        self._unsure: list[_Unsure] = []
        self.steps = 0
        self.dead = False

    def write(self, path: Path, pieces: Iterable[bytes]) -> None:
        """Make a new file; the power may fail when half of it is written."""
        data = b"".join(pieces)
        self._step(lambda: _put(path, data[: len(data) // 2]))
        self._disk.write(path, [data])
        self._unsure.append(_Unsure(path.parent, lambda folder: self._disk.remove(folder / path.name)))
        self._step()

    def make_folder(self, path: Path) -> None:
        """Make a folder."""
        self._step()
        self._disk.make_folder(path)

    def link(self, path: Path, target: str) -> None:
        """Make a symbolic link."""
        self._step()
        self._disk.link(path, target)
        self._unsure.append(_Unsure(path.parent, lambda folder: self._disk.remove(folder / path.name)))

    def replace(self, path: Path, to: Path) -> None:
        """Rename in one step."""
        self._step()
        put_back = _keeper(to)
        self._disk.replace(path, to)
        self._moved(path, to)

        def undo(_folder: Path) -> None:
            if to.is_symlink() or to.exists():
                self._disk.replace(to, path)
                self._moved(to, path)
            put_back()

        self._unsure.append(_Unsure(to.parent, undo))

    def sync(self, folder: Path) -> None:
        """Make the names in a folder sure."""
        self._step()
        self._disk.sync(folder)
        self._unsure = [change for change in self._unsure if change.folder != folder]

    def remove(self, path: Path) -> None:
        """Remove a file, link or whole folder."""
        self._step()
        self._disk.remove(path)

    def free(self, path: Path) -> int:
        """Bytes that may still be written."""
        return self._disk.free(path)

    def _step(self, half_done: Callable[[], None] | None = None) -> None:
        if self.dead:
            raise PowerCut
        self.steps += 1
        if self.steps == self._at:
            self.dead = True
            if half_done:
                half_done()
            if self._forget:
                for change in reversed(self._unsure):
                    change.undo(change.folder)
            raise PowerCut

    def _moved(self, folder: Path, to: Path) -> None:
        for change in self._unsure:
            if change.folder == folder:
                change.folder = to


class FullDiskFiles(RealFiles):
    """A disk with ``space`` bytes left."""

    def __init__(self, space: int) -> None:
        self._space = space

    def free(self, path: Path) -> int:
        """Bytes that may still be written."""
        return self._space


def _keeper(path: Path) -> Callable[[], None]:
    """A function that puts back what lies at ``path`` now, if that is a link or a file."""
    if path.is_symlink():
        target = path.readlink()
        return lambda: path.symlink_to(target)
    if path.is_file():
        data = path.read_bytes()
        return lambda: _put(path, data)
    return lambda: None


def _put(path: Path, data: bytes) -> None:
    path.write_bytes(data)

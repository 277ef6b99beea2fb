"""The few changes the store makes to a disk, each one step that power may interrupt.

``RealFiles`` does them; `edge.bundle.fake` does them until the power fails at a chosen step.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from edge.errors import StoreError
from edge.ownership import give_to_owner_of


class Files(Protocol):
    """Changes to a disk. A name that was made, replaced or removed is only sure after `sync` of its folder."""

    def write(self, path: Path, pieces: Iterable[bytes]) -> None:
        """Make a new file, its content synced."""
        ...

    def make_folder(self, path: Path) -> None:
        """Make a folder and its parents; harmless when it is there."""
        ...

    def link(self, path: Path, target: str) -> None:
        """Make a symbolic link."""
        ...

    def replace(self, path: Path, to: Path) -> None:
        """Rename in one step, over a file or link that is there."""
        ...

    def sync(self, folder: Path) -> None:
        """Make the names in a folder sure."""
        ...

    def remove(self, path: Path) -> None:
        """Remove a file, link or whole folder; harmless when it is not there."""
        ...

    def free(self, path: Path) -> int:
        """Bytes that may still be written."""
        ...


class RealFiles:
    """The disk. Errors of the operating system become StoreErrors that name the file."""

    def write(self, path: Path, pieces: Iterable[bytes]) -> None:
        """Make a new file, its content synced."""
        with _explained(path):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
            with os.fdopen(descriptor, "wb") as file:
                for piece in pieces:
                    file.write(piece)
                file.flush()
                give_to_owner_of(path.parent, path)
                os.fsync(file.fileno())

    def make_folder(self, path: Path) -> None:
        """Make a folder and its parents; harmless when it is there."""
        if path.is_dir():
            return
        with _explained(path):
            self.make_folder(path.parent)
            path.mkdir(mode=0o755, exist_ok=True)
            give_to_owner_of(path.parent, path)

    def link(self, path: Path, target: str) -> None:
        """Make a symbolic link."""
        with _explained(path):
            path.symlink_to(target)
            give_to_owner_of(path.parent, path)

    def replace(self, path: Path, to: Path) -> None:
        """Rename in one step, over a file or link that is there."""
        with _explained(to):
            path.replace(to)

    def sync(self, folder: Path) -> None:
        """Make the names in a folder sure."""
        with _explained(folder):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def remove(self, path: Path) -> None:
        """Remove a file, link or whole folder; harmless when it is not there."""
        with _explained(path):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def free(self, path: Path) -> int:
        """Bytes that may still be written."""
        with _explained(path):
            return shutil.disk_usage(path).free


class _explained:  # noqa: N801  (a context manager reads as a word)
    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError):
            raise _explain(error, self._path) from error


def _explain(error: OSError, path: Path) -> StoreError:
    remedy = {
        13: "run it as the store's owner or with sudo, or name another store with --store",
        1: "run it as the store's owner or with sudo, or name another store with --store",
        28: "free some space, or remove old bundles with `edge remove`",
        30: "the file system is mounted read-only: mount it writable, or name another store with --store",
    }.get(error.errno or 0, "check the disk and the folder's permissions")
    return StoreError("the store cannot be changed", where=path, found=error.strerror, remedy=remedy)

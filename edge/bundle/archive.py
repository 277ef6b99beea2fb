"""The two things a bundle's files can lie in: the ``.bundle`` file and the folder it was unpacked into."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from edge.bundle.plain_zip import CHUNK, FILE_NAME, MAX_ENTRIES, ZipArchive
from edge.errors import BundleError


class Archive(Protocol):
    """Named files, flat."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        ...

    @property
    def sizes(self) -> Mapping[str, int]:
        """Size in bytes of every file."""
        ...

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of one file, a piece at a time; raises BundleError when they cannot be read."""
        ...

    def whole(self, name: str) -> bytes:
        """One small file at once, agreeing with the archive's own checksum where it has one; raises BundleError."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


def open_archive(path: Path) -> Archive:
    """Open a ``.bundle`` file or an unpacked folder; raises BundleError."""
    return FolderArchive(path) if path.is_dir() else ZipArchive(path)


class FolderArchive:
    """An unpacked bundle."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sizes: Mapping[str, int] = dict(self._list())

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of one file, a piece at a time."""
        where = self.path / name
        try:
            with os.fdopen(os.open(where, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW), "rb") as file:
                yield from iter(lambda: file.read(CHUNK), b"")
        except OSError as error:
            raise BundleError("a file of the bundle cannot be read", where=where, found=error.strerror) from error

    def whole(self, name: str) -> bytes:
        """One small file at once."""
        return b"".join(self.chunks(name))

    def close(self) -> None:
        """Nothing is held open."""

    def _list(self) -> Iterator[tuple[str, int]]:
        try:
            with os.scandir(self.path) as found:
                entries = sorted(found, key=lambda entry: entry.name)
            if len(entries) > MAX_ENTRIES:
                raise BundleError("not an unpacked bundle", where=self.path, expected=f"<= {MAX_ENTRIES} files",
                                  found=len(entries))  # fmt: skip
            for entry in entries:
                if not entry.is_file(follow_symlinks=False) or not FILE_NAME.fullmatch(entry.name):
                    raise BundleError("not an unpacked bundle", where=self.path, expected="plain files",
                                      found=entry.name)  # fmt: skip
                yield entry.name, entry.stat(follow_symlinks=False).st_size
        except OSError as error:
            raise BundleError("the bundle's folder cannot be read", where=self.path, found=error.strerror) from error

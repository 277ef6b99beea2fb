"""The ``.bundle`` file: a zip that any zip tool can open, in the plainest form there is.

Entries are stored, one after the other, each byte belonging to exactly one of them, headers to the bit as
`write_archive` writes them. Every file begins at a multiple of `ALIGNMENT`, so that it can be mapped as it lies.
Python's `zipfile` repairs, skips and decompresses; what a device trusts should not depend on what a tolerant reader
makes of an odd file, so the few fixed records of a plain zip are read and written here (APPNOTE.TXT 6.3, sections
4.3.7, 4.3.12 and 4.3.16). As nothing is compressed and nothing overlaps, a bundle can never hold more than its own
size. Nothing is believed here about content: hashes are the reader's business.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from edge.errors import BundleError

CHUNK = 1 << 20
MAX_ENTRIES = 128
MAX_BYTES = 2 << 30
ALIGNMENT = 64
"""Bytes; what ONNX Runtime and processors' vector units ask of tensors in memory."""
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,126}", re.ASCII)

_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_PADDING = struct.Struct("<3H")
_PADDING_ID = 0xD935
"""The extra field that Android's zip tools align with: its id and length, the alignment, then zeros."""
_MAX_DIRECTORY = 64 << 10
_STORED = 0
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_UNIX = 3
_NEEDS = 20
_DOS_EPOCH = (0, 0x21)
"""Midnight of 1980-01-01: the same files make the same bundle whenever they are packed."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One file of the zip, and the only two records that may describe it."""

    name: str
    offset: int
    size: int
    crc: int

    def local(self) -> bytes:
        """The header in front of the file's bytes, as long as it takes for them to be aligned."""
        name = self.name.encode("ascii")
        gap = -(self.offset + _LOCAL.size + len(name) + _PADDING.size) % ALIGNMENT
        padding = _PADDING.pack(_PADDING_ID, _PADDING.size - 4 + gap, ALIGNMENT) + bytes(gap)
        record = (b"PK\x03\x04", _NEEDS, 0, _STORED, *_DOS_EPOCH, self.crc, self.size, self.size)
        return _LOCAL.pack(*record, len(name), len(padding)) + name + padding

    def central(self) -> bytes:
        """The entry in the directory."""
        name = self.name.encode("ascii")
        made_by, attributes = _UNIX << 8 | _NEEDS, (stat.S_IFREG | 0o644) << 16
        sizes = (self.crc, self.size, self.size, len(name), 0, 0, 0, 0)
        record = (b"PK\x01\x02", made_by, _NEEDS, 0, _STORED, *_DOS_EPOCH, *sizes, attributes, self.offset)
        return _CENTRAL.pack(*record) + name


class ZipArchive:
    """A ``.bundle`` file, open for reading."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise BundleError(
                "the bundle cannot be opened", where=path, found=error.strerror, remedy="check the path"
            ) from error
        try:
            entries, start = self._directory()
            self._offsets = self._locate(entries, start)
        except BaseException:
            self.close()
            raise
        self.sizes: Mapping[str, int] = {entry.name: entry.size for entry in entries}
        self._sums = {entry.name: entry.crc for entry in entries}

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of one file, a piece at a time."""
        offset, left = self._offsets[name], self.sizes[name]
        while left:
            piece = self._bytes(offset, min(CHUNK, left))
            offset, left = offset + len(piece), left - len(piece)
            yield piece

    def whole(self, name: str) -> bytes:
        """One small file at once, agreeing with its CRC: all that guards a manifest nobody signed."""
        data = b"".join(self.chunks(name))
        if zlib.crc32(data) != self._sums[name]:
            raise BundleError(
                "a file of the bundle was changed",
                where=f"{self.path}/{name}",
                expected=f"crc32 {self._sums[name]:08x}",
                found=f"{zlib.crc32(data):08x}",
                remedy=_AGAIN,
            )
        return data

    def close(self) -> None:
        """Close the file; harmless when closed already."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _bytes(self, offset: int, size: int) -> bytes:
        try:
            piece = os.pread(self._fd, size, offset)
        except OSError as error:
            raise BundleError("the bundle cannot be read", where=self.path, found=error.strerror) from error
        if len(piece) != size:
            raise self._truncated(f"the file ends {size - len(piece)} bytes early")
        return piece

    def _truncated(self, found: str) -> BundleError:
        return BundleError("the bundle is cut short or has bytes added", where=self.path, found=found, remedy=_AGAIN)

    def _directory(self) -> tuple[list[_Entry], int]:
        status = os.fstat(self._fd)
        if not stat.S_ISREG(status.st_mode):
            raise BundleError("not a bundle", where=self.path, expected="a file", found="something else")
        size = status.st_size
        if size > MAX_BYTES:
            raise BundleError("the bundle is too large", where=self.path, expected=f"<= {MAX_BYTES} bytes", found=size)
        if size < _END.size or self._bytes(0, 4) != b"PK\x03\x04":
            found = "an empty file" if size == 0 else f"{size} bytes that are no zip"
            raise BundleError("not a bundle", where=self.path, expected="a zip", found=found, remedy=_AGAIN)
        end = size - _END.size
        magic, disk, first_disk, here, total, length, start, comment = _END.unpack(self._bytes(end, _END.size))
        if magic != b"PK\x05\x06" or comment:
            raise self._truncated("no end of the zip's directory at the end of the file")
        if disk or first_disk or here != total or not 0 < total <= MAX_ENTRIES or length > _MAX_DIRECTORY:
            raise BundleError(
                "the bundle's directory is not plain",
                where=self.path,
                expected=f"1 to {MAX_ENTRIES} files",
                found=total,
            )
        if start + length != end:
            raise self._truncated(f"a directory that ends at byte {start + length}, not {end}")
        return self._parse(self._bytes(start, length), total, start), start

    def _parse(self, directory: bytes, total: int, start: int) -> list[_Entry]:
        entries: list[_Entry] = []
        others: list[str] = []
        position = 0
        for _ in range(total):
            if position + _CENTRAL.size > len(directory):
                raise self._truncated("a directory that lacks entries")
            record = _CENTRAL.unpack_from(directory, position)
            flags, method, crc, size, n_name, n_extra, n_comment = (record[i] for i in (3, 4, 7, 9, 10, 11, 12))
            name = self._name(directory[position + _CENTRAL.size : position + _CENTRAL.size + n_name])
            self._refuse_kind(name, record[1] >> 8, record[15] >> 16, flags, method)
            entry = _Entry(name, record[16], size, crc)
            end = position + _CENTRAL.size + n_name + n_extra + n_comment
            if directory[position:end] != entry.central():
                others.append(name)
            entries.append(entry)
            position = end
        if others:  # said last, as it is the least that can be wrong with a zip
            raise BundleError(
                "the bundle is damaged or was zipped again",
                where=self.path,
                expected="the zip headers that the export writes",
                found=f"others for {others[0]}",
                remedy="use the file as it was exported",
            )
        names = [entry.name for entry in entries]
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise BundleError("the bundle holds a file twice", where=self.path, found=twice)
        if position != len(directory):
            raise self._truncated("a directory with bytes that belong to no entry")
        return entries

    def _name(self, raw: bytes) -> str:
        text = raw.decode("utf-8", "backslashreplace")
        if FILE_NAME.fullmatch(text):
            return text
        if "/" in text or "\\" in text or text in ("", ".", ".."):
            what = "a file of the bundle would land outside its folder"
        else:
            what = "a file of the bundle has a name that is not allowed"
        raise BundleError(what, where=self.path, expected="a plain file name", found=repr(text[:80]))

    def _refuse_kind(self, name: str, system: int, mode: int, flags: int, method: int) -> None:
        if system == _UNIX and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            kind = "a symbolic link" if stat.S_ISLNK(mode) else "not a regular file"
            raise BundleError("the bundle holds something else than files", where=self.path, found=f"{name}, {kind}")
        if flags & _ENCRYPTED:
            raise BundleError("a file of the bundle is encrypted", where=self.path, found=name)
        if method != _STORED:
            raise BundleError(
                "a file of the bundle is compressed", where=self.path, expected="a bundle as it was exported",
                found=f"{name}, method {method}", remedy="use the exported file, not one that was zipped again",
            )  # fmt: skip

    def _locate(self, entries: list[_Entry], start: int) -> dict[str, int]:
        """Offsets of the data; checks that files lie one after the other, each behind a header like the directory's."""
        offsets: dict[str, int] = {}
        free = 0
        for entry in entries:
            if entry.offset < free:
                raise BundleError("files of the bundle overlap", where=self.path, found=f"{entry.name} and another")
            header = entry.local()
            end = entry.offset + len(header) + entry.size
            if entry.offset > free or end > start:
                raise self._truncated(f"{entry.name} at bytes {entry.offset} to {end}, not {free} to {start} at most")
            if self._bytes(entry.offset, len(header)) != header:
                found = f"two different headers of {entry.name}"
                raise BundleError("the bundle is damaged", where=self.path, found=found, remedy=_AGAIN)
            offsets[entry.name] = entry.offset + len(header)
            free = end
        if free != start:
            raise self._truncated(f"{start - free} bytes before the directory that belong to no file")
        return offsets


def write_archive(file: IO[bytes], parts: Mapping[str, bytes]) -> None:
    """Write named bytes in the order given, in the one form that `ZipArchive` reads. Names are not checked."""
    entries: list[_Entry] = []
    offset = 0
    for name, data in parts.items():
        entry = _Entry(name, offset, len(data), zlib.crc32(data))
        offset += file.write(entry.local()) + file.write(data)
        entries.append(entry)
    directory = b"".join(entry.central() for entry in entries)
    file.write(directory)
    file.write(_END.pack(b"PK\x05\x06", 0, 0, len(entries), len(entries), len(directory), offset, 0))


_AGAIN = "copy or export the bundle again"

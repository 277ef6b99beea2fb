"""Reading a bundle: the manifest first, and no other byte before its hash is checked.

``open_bundle`` takes a ``.bundle`` file or the folder it was unpacked into. It reads the manifest and nothing else, so
it is cheap; ``Bundle.read`` hands out one file after checking its size and SHA-256, every time anew; ``Bundle.verify``
checks all of them and names what is missing, extra or changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from pydantic import ValidationError
from pydantic_core import from_json

from edge.bundle.archive import Archive, open_archive
from edge.bundle.manifest import SCHEMA_VERSION, FileEntry, Manifest, Precision, Role
from edge.bundle.npz import read_npz
from edge.errors import BundleError
from edge.types import AnyArray

MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
MAX_MANIFEST = 4 << 20
_MAX_SIGNATURE = 4 << 10


@dataclass(frozen=True, slots=True)
class Difference:
    """One file that is not as the manifest says; hashes are None where there is no file or no entry."""

    file: str
    kind: Literal["missing", "extra", "changed"]
    expected: str | None = None
    found: str | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.file} (expected {self.expected or 'none'}, found {self.found or 'none'})"


class Bundle:
    """An open bundle; close it, or use it in a ``with``."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.path = archive.path
        self.manifest_bytes = self._small(MANIFEST, MAX_MANIFEST)
        self.manifest = parse_manifest(self.manifest_bytes, where=archive.path)

    @property
    def title(self) -> str:
        """Name and version, for people."""
        return f"{self.manifest.name} {self.manifest.version}"

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest, which holds the hash of all else: what tells two bundles apart."""
        return hashlib.sha256(self.manifest_bytes).hexdigest()

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(self._archive.sizes.values())

    def signature(self) -> bytes | None:
        """The bytes of the signature over `manifest_bytes`, or None when the bundle is not signed."""
        return self._small(SIGNATURE, _MAX_SIGNATURE) if SIGNATURE in self._archive.sizes else None

    def read(self, entry: FileEntry) -> bytes:
        """The bytes of one file, handed out only after size and SHA-256 agree; raises BundleError."""
        data = b"".join(self.chunks(entry))
        found = hashlib.sha256(data).hexdigest()
        if found != entry.sha256:
            raise self._changed(entry, found)
        return data

    def chunks(self, entry: FileEntry) -> Iterator[bytes]:
        """The bytes of one file piece by piece; raises BundleError after the last piece when the hash is wrong."""
        self._check_size(entry)
        sha = hashlib.sha256()
        for piece in self._archive.chunks(entry.file):
            sha.update(piece)
            yield piece
        if sha.hexdigest() != entry.sha256:
            raise self._changed(entry, sha.hexdigest())

    def network(self, role: Role, variant: Precision) -> bytes:
        """The serialised ONNX file of a role in a precision; raises BundleError when the bundle has none."""
        entry = self.manifest.network(role, variant)
        if entry is None:
            have = ", ".join(f"{n.role} {n.variant}" for n in self.manifest.networks)
            raise BundleError("no such network", where=self.path, expected=f"{role} {variant}", found=have)
        return self.read(entry)

    def golden(self) -> dict[str, AnyArray]:
        """The golden inputs and outputs by name; never unpickled."""
        return read_npz(self.read(self.manifest.golden), where=f"{self.path}/{self.manifest.golden.file}")

    def differences(self) -> tuple[Difference, ...]:
        """Every file that is missing, extra or changed; reads and hashes the whole bundle."""
        entries = {entry.file: entry for entry in self.manifest.files}
        result = []
        for name, entry in entries.items():
            if name not in self._archive.sizes:
                result.append(Difference(name, "missing", expected=entry.sha256))
            elif (found := self._hash(name)) != entry.sha256 or self._archive.sizes[name] != entry.size:
                result.append(Difference(name, "changed", entry.sha256, found))
        for name in self._archive.sizes:
            if name not in entries and name not in (MANIFEST, SIGNATURE):
                result.append(Difference(name, "extra", found=self._hash(name)))
        return tuple(result)

    def verify(self) -> None:
        """Check every file; raises BundleError that lists what is missing, extra and changed."""
        differences = self.differences()
        if differences:
            raise BundleError(
                "the bundle is not what its manifest says",
                where=self.path,
                found="; ".join(str(difference) for difference in differences),
                remedy="copy or export the bundle again",
            )

    def close(self) -> None:
        """Let go of the file."""
        self._archive.close()

    def __enter__(self) -> Bundle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Bundle {self.title} at {self.path}>"

    def _hash(self, name: str) -> str:
        sha = hashlib.sha256()
        for piece in self._archive.chunks(name):
            sha.update(piece)
        return sha.hexdigest()

    def _check_size(self, entry: FileEntry) -> None:
        size = self._archive.sizes.get(entry.file)
        if size is None:
            raise BundleError("a file of the bundle is missing", where=self.path, expected=entry.file)
        if size != entry.size:
            raise BundleError(
                "a file of the bundle has another size", where=f"{self.path}/{entry.file}",
                expected=f"{entry.size} bytes", found=f"{size}", remedy="copy or export the bundle again",
            )  # fmt: skip

    def _changed(self, entry: FileEntry, found: str) -> BundleError:
        return BundleError(
            "a file of the bundle was changed", where=f"{self.path}/{entry.file}",
            expected=f"sha256 {entry.sha256}", found=found, remedy="copy or export the bundle again",
        )  # fmt: skip

    def _small(self, name: str, limit: int) -> bytes:
        size = self._archive.sizes.get(name)
        if size is None:
            raise BundleError("nothing in it says what it is", where=self.path, expected=f"a {name}", found="none")
        if size > limit:
            raise BundleError("a file of the bundle is too large", where=f"{self.path}/{name}",
                              expected=f"<= {limit} bytes", found=size)  # fmt: skip
        return self._archive.whole(name)


def open_bundle(path: Path) -> Bundle:
    """Open a ``.bundle`` file or an unpacked bundle; raises BundleError when it is neither, damaged or too new."""
    archive = open_archive(path)
    try:
        return Bundle(archive)
    except BaseException:
        archive.close()
        raise


def parse_manifest(data: bytes, *, where: object) -> Manifest:
    """The manifest, or a BundleError that names the first field that is off."""
    place = f"{where}/{MANIFEST}"
    try:
        raw = from_json(data)
    except ValueError as error:
        raise BundleError("the manifest is no JSON", where=place, found=error) from error
    _refuse_newer(raw, place)
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "manifest"
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise BundleError(
            f"the manifest is not valid: {field}: {first['msg']}{more}", where=place,
            found=_short(first["input"]), remedy="export the bundle again",
        ) from error  # fmt: skip


def _refuse_newer(raw: Any, place: str) -> None:
    if not isinstance(raw, dict):
        raise BundleError("the manifest is no JSON object", where=place, found=_short(raw))
    version = raw.get("schema_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BundleError("the manifest has no schema version", where=place, expected=f"1 to {SCHEMA_VERSION}",
                          found=_short(version))  # fmt: skip
    if version > SCHEMA_VERSION:
        tools = raw.get("tools")
        wrote = tools.get("fingerpost") if isinstance(tools, dict) else None
        release = f"Fingerpost {_short(wrote)}, which wrote it," if wrote else "a newer Fingerpost"
        raise BundleError(
            "the bundle is newer than this Fingerpost", where=place, expected=f"schema <= {SCHEMA_VERSION}",
            found=f"schema {_short(version)}", remedy=f"{release} or any later release reads it: upgrade the device",
        )  # fmt: skip


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."

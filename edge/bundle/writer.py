"""Writing a bundle: the same files give the same bytes, the manifest first, the others in its order."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from edge.bundle.manifest import FileEntry, Manifest
from edge.bundle.plain_zip import write_archive
from edge.bundle.reader import MANIFEST, SIGNATURE
from edge.errors import BundleError, InputError


def file_entry(name: str, data: bytes) -> FileEntry:
    """The manifest's entry for a file of this content."""
    return FileEntry(file=name, sha256=hashlib.sha256(data).hexdigest(), size=len(data))


def bundle_file_name(manifest: Manifest) -> str:
    """``<name>-<version>-<target>.bundle``."""
    return f"{manifest.name}-{manifest.version}-{manifest.target}.bundle"


def manifest_json(manifest: Manifest) -> bytes:
    """The manifest's bytes: what is signed, and what `write_bundle` writes."""
    return manifest.model_dump_json(indent=1).encode() + b"\n"


def write_bundle(path: Path, manifest: Manifest, files: Mapping[str, bytes], *, signature: bytes | None = None) -> None:
    """Write a bundle at ``path``, whole or not at all.

    ``files`` holds exactly the files the manifest names; ``signature`` is what `export.signing` makes of
    `manifest_json`. Raises BundleError when a file is missing, extra or not what the manifest says; InputError when
    the disk refuses.
    """
    entries = {entry.file: entry for entry in manifest.files}
    wrong = sorted(entries.keys() ^ files.keys()) or sorted(
        name for name, data in files.items() if file_entry(name, data).sha256 != entries[name].sha256
    )
    if wrong:
        raise BundleError("the files are not those of the manifest", where=path, found=", ".join(wrong))
    parts = {MANIFEST: manifest_json(manifest)}
    if signature is not None:
        parts[SIGNATURE] = signature
    parts |= {name: files[name] for name in entries}
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("wb") as file:
            write_archive(file, parts)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise InputError("the bundle cannot be written", where=path, found=error.strerror) from error
    finally:
        temporary.unlink(missing_ok=True)

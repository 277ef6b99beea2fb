"""The files of the pages, read once: what a request names is looked up here and never on the disk."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file with its media type."""

    data: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class PageFiles:
    """All files by name; ``version`` changes when one of them does, and open pages then load themselves again."""

    files: Mapping[str, PageFile]
    version: str


def page_files() -> PageFiles:
    """The files that are shipped."""
    folder = files("edge.outputs.kiosk").joinpath("pages")
    found = {
        entry.name: PageFile(entry.read_bytes(), _TYPES[suffix])
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if (suffix := entry.name[entry.name.rfind(".") :]) in _TYPES
    }
    digest = hashlib.sha256(b"".join(name.encode() + file.data for name, file in found.items())).hexdigest()
    return PageFiles(MappingProxyType(found), digest[:16])

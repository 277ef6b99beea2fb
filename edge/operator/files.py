"""Small JSON files in the state folder: written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.bundle.files import RealFiles
from edge.errors import StoreError

_LIMIT = 64 * 1024


def read_object(path: Path) -> dict[str, Any] | None:
    """The object in a file, None when there is no file. Raises StoreError for anything else in it."""
    try:
        data = path.read_bytes()
        value = json.loads(data) if len(data) <= _LIMIT else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError("this file cannot be read", where=path, found=error, remedy="remove it") from error
    if not isinstance(value, dict):
        raise StoreError("this file holds no settings", where=path, expected="a JSON object", remedy="remove it")
    return value


def write_object(path: Path, value: Mapping[str, Any]) -> None:
    """Replace the file in one step. Raises StoreError when the folder cannot be written."""
    files = RealFiles()
    new = path.with_name(f".{path.name}.new")
    files.make_folder(path.parent)
    files.remove(new)
    files.write(new, [json.dumps(dict(value), indent=2).encode() + b"\n"])
    files.replace(new, path)
    files.sync(path.parent)

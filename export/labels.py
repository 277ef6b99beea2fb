"""The names of a model's classes, in the order of its outputs, from whatever file people keep them in.

``.txt`` holds one name a line; ``.json`` a list, ``{"0": "A", ...}`` or ``{"A": 0, ...}``; ``.npy`` an array of
strings, also the object arrays that scikit-learn's ``LabelEncoder.classes_`` is usually saved as: `export.npy_strings`
reads those without running what a pickle says.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge.bundle.manifest import Label
from edge.errors import InputError
from export.npy_strings import read_strings

MAX_BYTES = 4 << 20
_LONGEST = 64
_KEYS = frozenset({"space", "del", "delete", "backspace", "nothing", "blank"})
_MOVING_LETTERS = frozenset("JZ")
_FORMATS = ".txt, .json or .npy"


def label(name: str) -> Label:
    """What a class name means: one letter is a letter (J and Z move), space/del/nothing are keys, the rest words.

    Underscores are written as spaces: ``thank_you`` gives the text ``thank you``.
    """
    if len(name) == 1 and name.isascii() and name.isalpha():
        letter = name.upper()
        return Label(
            name=name, kind="letter", moving=letter in _MOVING_LETTERS, text=None if letter == name else letter
        )
    if name.lower() in _KEYS:
        return Label(name=name, kind="key")
    text = name.replace("_", " ").strip()
    return Label(name=name, kind="word", moving=True, text=text if text and text != name else None)


def read_labels(path: Path) -> tuple[Label, ...]:
    """The labels of a file; raises InputError when it cannot be read, is empty, or a name is missing or there twice."""
    return checked_labels(_names(path), where=path)


def checked_labels(names: Sequence[object], *, where: object) -> tuple[Label, ...]:
    """Labels for names that somebody wrote down; raises InputError as `read_labels` does."""
    if not names:
        raise InputError("there are no labels", where=where, expected="one name per class", found="none")
    for position, name in enumerate(names):
        if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST or not name.isprintable():
            raise InputError(
                f"label {position} is not a name",
                where=where,
                expected=f"1 to {_LONGEST} printable characters",
                found=repr(name)[:80],
            )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(
            "labels appear twice",
            where=where,
            expected="every class named once",
            found=", ".join(str(name) for name in twice[:5]) + (", ..." if len(twice) > 5 else ""),
        )
    return tuple(label(str(name)) for name in names)


def check_count(labels: Sequence[Label], classes: int, *, where: object, model: object) -> None:
    """Raise InputError when a model with ``classes`` outputs cannot have these labels."""
    if len(labels) != classes:
        raise InputError(
            "the number of labels is not the model's number of classes",
            where=where,
            expected=f"{classes} labels for {model}",
            found=f"{len(labels)}",
            remedy="give the labels that the checkpoint was trained with",
        )


def _names(path: Path) -> list[object]:
    suffix = path.suffix.lower()
    if suffix not in (".txt", ".json", ".npy"):
        raise InputError("labels of an unknown format", where=path, expected=_FORMATS, found=suffix or "no suffix")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(
                "the labels file is too large", where=path, expected=f"<= {MAX_BYTES} bytes", found=path.stat().st_size
            )
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            "the labels cannot be read", where=path, found=error.strerror, remedy="check the path"
        ) from error
    if suffix == ".npy":
        return list(read_strings(data, where=path))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("the labels are no text", where=path, expected="UTF-8", found=error.reason) from error
    return _from_json(text, path) if suffix == ".json" else list(_lines(text))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.rstrip().splitlines()]


def _from_json(text: str, path: Path) -> list[object]:
    expected = 'a list of names, {"0": name, ...} or {name: 0, ...}'
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError("the labels are no JSON", where=path, expected=expected, found=error) from error
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        raise InputError("the labels are in an unknown form", where=path, expected=expected, found=type(value).__name__)
    if value and all(type(index) is int for index in value.values()):
        pairs = [(index, name) for name, index in value.items()]
    elif all(key.isascii() and key.isdigit() for key in value):
        pairs = [(int(key), name) for key, name in value.items()]
    else:
        raise InputError("the labels are in an unknown form", where=path, expected=expected, found="another object")
    pairs.sort(key=lambda pair: pair[0])
    indices = [index for index, _ in pairs]
    if indices != list(range(len(pairs))):
        odd = next(have for want, have in enumerate(indices) if want != have)
        raise InputError(
            "the labels' indices have gaps or repeat",
            where=path,
            expected=f"0 to {len(pairs) - 1}, each once",
            found=f"{odd} where {indices.index(odd)} should be",
        )
    return [name for _, name in pairs]

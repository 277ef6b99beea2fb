"""What lies beside a checkpoint: its configuration, figures, model card and labels.

``model_config.json`` may say ``preprocess``, ``labels``, ``licence`` (SPDX), ``licences`` of what the weights were made
from, and ``aspect`` (width / height of the pictures that landmarks refer to); other entries are not looked at.
``metrics.json`` may hold ``measurements``, as in the manifest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.bundle.manifest import Label, Licence
from edge.errors import InputError
from export.labels import checked_labels

CONFIG = "model_config.json"
LABEL_FILES = ("labels.json", "labels.txt", "label_encoder_classes.npy", "sign_to_prediction_index_map.json")


@dataclass(frozen=True, slots=True)
class Beside:
    """The files' contents; ``labels_file`` is not read, ``labels`` are those of the configuration."""

    folder: Path
    preprocess: str | None
    labels: tuple[Label, ...] | None
    labels_file: Path | None
    licence: str
    licences: tuple[Licence, ...]
    aspect: float | None
    model_card: str
    measurements: tuple[Mapping[str, Any], ...]

    @property
    def config(self) -> Path:
        """Where the configuration lies."""
        return self.folder / CONFIG


def look_beside(checkpoint: Path) -> Beside:
    """What lies in the checkpoint's folder; raises InputError when a file there cannot be understood."""
    folder = checkpoint.parent
    where = folder / CONFIG
    config = _json(where)
    card = folder / "MODEL_CARD.md"
    return Beside(
        folder=folder,
        preprocess=_text(config, "preprocess", where),
        labels=_labels(config["labels"], where) if "labels" in config else None,
        labels_file=next((folder / name for name in LABEL_FILES if (folder / name).is_file()), None),
        licence=_text(config, "licence", where) or _text(config, "license", where) or "",
        licences=_licences(config.get("licences", []), where),
        aspect=_aspect(config.get("aspect"), where),
        model_card=card.read_text("utf-8", errors="replace") if card.is_file() else "",
        measurements=_measurements(folder / "metrics.json"),
    )


def _measurements(path: Path) -> tuple[Mapping[str, Any], ...]:
    value = _json(path).get("measurements", [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InputError("measurements are not a list of objects", where=path, remedy="mend or remove it")
    return tuple(value)


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError("cannot be read as JSON", where=path, found=error, remedy="mend or remove it") from error
    if not isinstance(value, dict):
        raise InputError("not a JSON object", where=path, found=type(value).__name__, remedy="mend or remove it")
    return value


def _text(config: Mapping[str, Any], key: str, where: Path) -> str | None:
    value = config.get(key)
    if value is not None and not isinstance(value, str):
        raise InputError(f"{key} is no text", where=where, found=type(value).__name__, remedy="mend or remove it")
    return value


def _labels(value: Any, where: Path) -> tuple[Label, ...]:
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        try:
            return tuple(Label.model_validate(item) for item in value)
        except ValueError as error:
            raise InputError("the labels are not valid", where=where, found=str(error).splitlines()[0]) from error
    if not isinstance(value, list):
        raise InputError("the labels are not a list", where=where, found=type(value).__name__)
    return checked_labels(value, where=where)


def _licences(value: Any, where: Path) -> tuple[Licence, ...]:
    try:
        return tuple(Licence.model_validate(item) for item in value)
    except (TypeError, ValueError) as error:
        raise InputError("licences are not valid", where=where, found=str(error).splitlines()[0]) from error


def _aspect(value: Any, where: Path) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.1 < value < 10:
        raise InputError("aspect is no width / height", where=where, expected="0.1 to 10", found=value)
    return float(value)

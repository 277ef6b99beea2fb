"""The model families that the export knows by name."""

from __future__ import annotations

from edge.errors import UsageError
from export.models import dexnet, keras_cnn, resnet18, seed000, shipped, signs
from export.models.base import ModelFamily

_FAMILIES = (
    shipped.FAMILY,
    seed000.FAMILY,
    *keras_cnn.FAMILIES,
    resnet18.FAMILY,
    dexnet.FAMILY,
    dexnet.FAMILY_V2,
    *signs.FAMILIES,
)


def families() -> tuple[ModelFamily, ...]:
    """Every family; the first is the shipped model's, the default."""
    return _FAMILIES


def family(name: str) -> ModelFamily:
    """The family of that name; `UsageError` that lists the known ones otherwise."""
    for entry in _FAMILIES:
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in _FAMILIES)
    raise UsageError(
        "no such model", found=name, expected=f"one of {known}", remedy="see python -m export --list-models"
    )

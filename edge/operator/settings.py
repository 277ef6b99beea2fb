"""What the operator chose, kept in the state folder and read when a run starts.

A choice of the operator's wins over the command line of the service: it is the newer one, made by somebody who stands
in front of the device. `edge settings` shows and changes the same file.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from edge.config import RunSettings
from edge.errors import StoreError, UsageError
from edge.operator.files import read_object, write_object

NAME = "settings.json"
LOWEST, HIGHEST = 0.2, 0.95
"""Thresholds outside of this read everything, or nothing."""
_SOURCE_LIMIT = 500
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OperatorSettings:
    """None where nothing was chosen. ``source`` as ``edge run --source``; ``confidence`` the least share of a letter,
    ``moving_confidence`` of a moving sign (`edge.recognition.settings`)."""

    source: str | None = None
    confidence: float | None = None
    moving_confidence: float | None = None

    def changed(self, wanted: Mapping[str, Any]) -> OperatorSettings:
        """With some fields changed, None to take a choice back. Raises UsageError for what cannot be meant."""
        unknown = set(wanted) - set(asdict(self))
        if unknown:
            raise UsageError("there is no such setting", found=", ".join(sorted(map(str, unknown))))
        for name, value in wanted.items():
            if value is not None:
                _check(name, value)
        return replace(self, **wanted)


def read_settings(folder: Path) -> OperatorSettings:
    """The choices in a state folder. Raises StoreError for a file that cannot be read, UsageError for wrong values."""
    return OperatorSettings().changed(read_object(folder / NAME) or {})


def write_settings(folder: Path, settings: OperatorSettings) -> None:
    """Keep the choices. Raises StoreError when the folder cannot be written."""
    write_object(folder / NAME, {name: value for name, value in asdict(settings).items() if value is not None})


def with_operators_choices(settings: RunSettings) -> RunSettings:
    """The run's settings with the operator's; a file that is damaged is named, and the kiosk starts without it."""
    try:
        chosen = read_settings(settings.store)
    except (StoreError, UsageError) as error:
        _log.warning("the operator's settings are left out: %s", error)
        return settings
    wanted = {name: value for name, value in asdict(chosen).items() if value is not None}
    if wanted:
        words = " ".join(f"{name}={value}" for name, value in wanted.items())
        _log.info("settings=%s %s", settings.store / NAME, words)
    return replace(settings, **wanted)


def _check(name: str, value: Any) -> None:
    if name == "source":
        if not isinstance(value, str) or not 0 < len(value) <= _SOURCE_LIMIT or not value.isprintable():
            raise UsageError("this is no source", found=repr(value)[:80])
    elif not isinstance(value, int | float) or not LOWEST <= value <= HIGHEST:
        raise UsageError("this is no threshold", where=name, expected=f"{LOWEST} to {HIGHEST}", found=repr(value)[:80])

"""The store's memory: what became of each bundle, and the highest serial that was ever committed."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json

from edge.bundle.acceptance import Acceptance
from edge.errors import StoreError

BundleState = Literal["installed", "refused", "trial", "committed", "rolled-back"]
"""Unpacked; unpacked but unfit for this machine; running until it has proved itself; proved; found wanting."""
RECORD = "record.json"
FALLBACK = "fallback"
"""The condition that says why nothing was tried on the GPU that a bundle is for; absent where that is not so."""


class Note(BaseModel):
    """What became of one bundle; ``starts`` counts how often it was started while on trial."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    state: BundleState
    reason: str = ""
    starts: int = 0


class Remembered(BaseModel):
    """What was accepted, role by role, and the conditions it holds under: runtime, machine, bundle."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    conditions: dict[str, str]
    roles: tuple[Acceptance, ...] = ()


class Record(BaseModel):
    """What is known of each bundle, by ``name/version-serial``.

    ``serials``: per name the highest committed serial, below which nothing is let in.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    notes: dict[str, Note] = {}
    serials: dict[str, int] = {}
    accepted: dict[str, Remembered] = {}

    def note(self, key: str) -> Note:
        """The note of a bundle. One without a note counts as committed: a lost record must not start a roll-back."""
        return self.notes.get(key, Note(state="committed"))

    def with_note(self, key: str, note: Note) -> Record:
        """The record with one note replaced."""
        return self.model_copy(update={"notes": {**self.notes, key: note}})

    def without(self, key: str) -> Record:
        """The record with one bundle forgotten; what was committed stays a floor for serials."""
        notes = {k: note for k, note in self.notes.items() if k != key}
        accepted = {k: remembered for k, remembered in self.accepted.items() if k != key}
        return self.model_copy(update={"notes": notes, "accepted": accepted})

    def with_acceptance(self, key: str, remembered: Remembered) -> Record:
        """The record with one acceptance replaced."""
        return self.model_copy(update={"accepted": {**self.accepted, key: remembered}})

    def with_serial(self, name: str, serial: int) -> Record:
        """The record with the highest serial of a name raised, never lowered."""
        return self.model_copy(update={"serials": {**self.serials, name: max(serial, self.serials.get(name, 0))}})


def read_record(root: Path) -> Record:
    """The record at ``root``; an empty one when there is none or it is damaged: the links are the truth.

    Figures of another release that mean nothing here are forgotten, and measured again; notes and serials stay.
    """
    try:
        data = (root / RECORD).read_bytes()
        raw = from_json(data)
        try:
            return Record.model_validate(raw)
        except ValidationError:
            return Record.model_validate({**raw, "accepted": {}} if isinstance(raw, dict) else raw)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # a ValidationError is a ValueError
        return Record()
    except OSError as error:
        raise StoreError("the store cannot be read", where=root / RECORD, found=error.strerror) from error

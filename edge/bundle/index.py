"""``index.json``: which bundles a folder or a web address offers, so that a device need not fetch them to know.

The index is not signed and not trusted: it only says what to fetch. What was fetched must be signed, and its own
manifest must keep the index's word.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.bundle.layout import Installed, StoreStatus
from edge.bundle.manifest import FileEntry, Name, Target, Version
from edge.bundle.plain_zip import CHUNK
from edge.bundle.reader import open_bundle
from edge.errors import BundleError, UsageError

_log = logging.getLogger(__name__)

INDEX = "index.json"
MAX_INDEX = 1 << 20


class Offer(FileEntry):
    """One bundle on offer; ``sha256`` is of the whole file."""

    name: Name
    version: Version
    serial: Annotated[int, Field(ge=0)]
    target: Target


class Index(BaseModel):
    """What is on offer. Unknown fields are ignored: an old device must be able to read a newer index."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    schema_version: Literal[1] = 1
    bundles: Annotated[tuple[Offer, ...], Field(max_length=10_000)]


def make_index(folder: Path, *, skip_damaged: bool = False) -> Index:
    """The index of the ``.bundle`` files in a folder; raises BundleError for one that cannot be read.

    With ``skip_damaged`` such a file is only logged: one bad copy on a stick must not keep the others from a device.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".bundle" and path.is_file())
    except OSError as error:
        raise BundleError("the folder of bundles cannot be read", where=folder, found=error.strerror) from error
    offers = []
    for path in paths:
        try:
            offers.append(_offer(path))
        except BundleError as error:
            if not skip_damaged:
                raise
            _log.warning("left out: %s", error)
    return Index(bundles=tuple(offers))


def parse_index(data: bytes, *, where: object) -> Index:
    """An index from its bytes; raises BundleError that names the field that is off."""
    try:
        return Index.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "index"
        raise BundleError(f"not an index of bundles: {field}: {first['msg']}", where=where) from error


def newest(index: Index, status: StoreStatus, name: str | None = None) -> Offer | None:
    """The offer to take: the active bundle's name and target, the highest serial above its own; None if there is none.

    A build that was rolled back or refused here is not taken again. Raises UsageError when it is not clear which name
    is meant.
    """
    active = status.active
    wanted = name or (active.name if active else None)
    names = sorted({offer.name for offer in index.bundles})
    if wanted is None and len(names) > 1:
        raise UsageError("there are several bundles to choose from", expected="--name " + " or ".join(names))
    bad = {bundle.key for bundle in status.bundles if bundle.state in ("rolled-back", "refused")}
    fits = [
        offer
        for offer in index.bundles
        if wanted in (None, offer.name)
        and _newer(offer, active)
        and f"{offer.name}/{offer.version}-{offer.serial}" not in bad
    ]
    return max(fits, key=lambda offer: offer.serial, default=None)


def _newer(offer: Offer, active: Installed | None) -> bool:
    if active is None or active.serial is None:
        return True
    return offer.target == active.target and (offer.name != active.name or offer.serial > active.serial)


def _offer(path: Path) -> Offer:
    sha = hashlib.sha256()
    with open_bundle(path) as bundle, path.open("rb") as file:
        while piece := file.read(CHUNK):
            sha.update(piece)
        manifest = bundle.manifest
        return Offer(
            file=path.name,
            sha256=sha.hexdigest(),
            size=path.stat().st_size,
            name=manifest.name,
            version=manifest.version,
            serial=manifest.serial,
            target=manifest.target,
        )

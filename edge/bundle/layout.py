"""How a store lies on the disk, and what can be read from it without changing anything."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge.bundle.acceptance import Acceptance
from edge.bundle.reader import open_bundle
from edge.bundle.record import FALLBACK, BundleState, Record
from edge.errors import BundleError, StoreError

_LOCK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Installed:
    """A bundle in the store; ``problem`` says why it cannot be read, ``reason`` why it was rolled back.

    ``choices`` are what runs here of each network and why, empty before it was tried; ``fallback`` why that is the CPU
    although the bundle is for a GPU, empty where it is not so.
    ``serial`` is None and ``target``, ``task`` empty when it cannot be read; ``size`` in bytes.
    """

    name: str
    version: str
    serial: int | None
    state: BundleState
    path: Path
    active: bool
    previous: bool
    target: str = ""
    task: str = ""
    size: int = 0
    choices: tuple[Acceptance, ...] = ()
    fallback: str = ""
    reason: str = ""
    problem: str = ""

    @property
    def build(self) -> str:
        """``version-serial``: tells two exports of one version apart."""
        return self.path.name

    @property
    def key(self) -> str:
        """``name/version-serial``: its folder below ``bundles``."""
        return f"{self.name}/{self.build}"

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {**asdict(self), "path": str(self.path), "runs": {each.role: each.chosen for each in self.choices}}


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """What the store holds; ``active`` is None when nothing was activated yet."""

    root: Path
    active: Installed | None
    previous: Installed | None
    bundles: tuple[Installed, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "store": str(self.root),
            "active": self.active.to_json() if self.active else None,
            "previous": self.previous.to_json() if self.previous else None,
            "bundles": [bundle.to_json() for bundle in self.bundles],
        }


class Layout:
    """Paths, links and contents of the store at ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, key: str) -> Path:
        """The folder of a bundle, ``key`` being ``name/version-serial``."""
        return self.root / "bundles" / key

    def target(self, link: str) -> str | None:
        """The ``name/version-serial`` that a link points to; None when there is no link."""
        try:
            parts = (self.root / link).readlink().parts
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError("the store cannot be read", where=self.root / link, found=error.strerror) from error
        if len(parts) != 3 or parts[0] != "bundles" or ".." in parts:
            raise StoreError("a link of the store leads elsewhere", where=self.root / link, found=Path(*parts))
        return f"{parts[1]}/{parts[2]}"

    def check(self) -> None:
        """Raise StoreError unless the root is a store, or nothing or an empty folder, which can become one."""
        try:
            names = [path.name for path in self.root.iterdir()]
        except FileNotFoundError:
            return
        except NotADirectoryError as error:
            raise StoreError("not a store", where=self.root, expected="a folder", found="a file") from error
        except OSError as error:
            raise StoreError(
                "the store cannot be read",
                where=self.root,
                found=error.strerror,
                remedy="run it as the store's owner or with sudo, or name another store with --store",
            ) from error
        strange = [name for name in names if not name.startswith(".") and name != "lost+found"]
        if "bundles" not in names and strange:
            raise StoreError(
                "not a store",
                where=self.root,
                expected="an empty folder or one with bundles/",
                found=sorted(strange)[0],
                remedy="name an empty or new folder with --store",
            )

    def status(self, record: Record) -> StoreStatus:
        """All bundles, by name, newest serial first."""
        found = [self.installed(key, record) for key in self._keys()]
        bundles = tuple(sorted(found, key=lambda bundle: (bundle.name, -(bundle.serial or 0), bundle.version)))
        return StoreStatus(
            root=self.root,
            active=next((bundle for bundle in bundles if bundle.active), None),
            previous=next((bundle for bundle in bundles if bundle.previous), None),
            bundles=bundles,
        )

    def installed(self, key: str, record: Record) -> Installed:
        """What is known of one bundle."""
        name, _, folder = key.partition("/")
        version, _, _serial = folder.rpartition("-")
        note, path = record.note(key), self.path(key)
        active = key == self.target("active")
        previous = not active and key == self.target("previous")
        remembered = record.accepted.get(key)
        try:
            with open_bundle(path) as bundle:
                manifest = bundle.manifest
                return Installed(
                    name,
                    version,
                    manifest.serial,
                    note.state,
                    path,
                    active,
                    previous,
                    target=manifest.target,
                    task=manifest.task,
                    size=bundle.size,
                    choices=remembered.roles if remembered else (),
                    fallback=remembered.conditions.get(FALLBACK, "") if remembered else "",
                    reason=note.reason,
                )
        except BundleError as error:
            problem = str(error)
        return Installed(name, version, None, note.state, path, active, previous, reason=note.reason, problem=problem)

    def _keys(self) -> Iterator[str]:
        try:
            for name in sorted((self.root / "bundles").iterdir()):
                if name.is_dir():
                    yield from (f"{name.name}/{version.name}" for version in sorted(name.iterdir()))
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError("the store cannot be read", where=self.root, found=error.strerror) from error


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the store against other changes; raises StoreError when another command keeps it for too long.

    The folder itself is locked: no lock file that the wrong user owns, none that a crash leaves behind.
    """
    try:
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise StoreError("the store cannot be opened", where=root, found=error.strerror) from error
    try:
        deadline = time.monotonic() + _LOCK_SECONDS
        while not _lock(descriptor):
            if time.monotonic() > deadline:
                raise StoreError("another command is changing the store", where=root, remedy="try again in a minute")
            time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

"""The store: which bundles a device has, and which one it runs.

::

    /var/lib/fingerpost/
        bundles/<name>/<version>-<serial>/   unpacked, every file as in the bundle
        active -> bundles/...                what runs
        previous -> bundles/...              what ran before and was good: where a roll-back leads
        record.json                          what became of each bundle: on trial, committed, ...
        incoming/                            what is being unpacked; emptied whenever the store is next changed

A bundle is installed (unpacked beside the others), activated (runs on *trial*) and then committed or rolled back. Power
may fail at any instruction. A bundle's folder appears by one rename after all of it is synced, links are swapped by
rename, and the record is written *before* a link moves: the links are the truth, the record is at most one intention
ahead of them, and the next change finishes or forgets that intention.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.bundle.files import Files, RealFiles
from edge.bundle.layout import Installed, Layout, StoreStatus, locked
from edge.bundle.manifest import Manifest
from edge.bundle.reader import Bundle, open_bundle
from edge.bundle.record import RECORD, Note, Record, Remembered, read_record
from edge.bundle.signing import Trust
from edge.bundle.unpack import check_room, mend, unpack
from edge.errors import BundleError, StoreError, UsageError

KEEP = 4
"""Bundles of one name that are kept, the active and the previous one among them."""


class Store:
    """A store at ``root``. Reading needs no lock; changes wait for each other.

    With ``trust``, what is installed, activated or run must be signed as it says.
    """

    def __init__(self, root: Path, *, trust: Trust | None = None, files: Files | None = None, keep: int = KEEP) -> None:
        self.root = root
        self._trust = trust
        self._layout = Layout(root)
        self._files: Files = files or RealFiles()
        self._keep = max(2, keep)

    def active(self) -> Bundle | None:
        """The active bundle, open; None when there is none. Raises StoreError or BundleError when it is damaged."""
        self._layout.check()
        key = self._layout.target("active")
        if key is None:
            return None
        if not self._layout.path(key).is_dir():
            raise StoreError(
                "the active bundle is gone",
                where=self._layout.path(key),
                remedy="install it again, or run `edge rollback`",
            )
        return self._open(key)

    def list(self) -> tuple[Installed, ...]:
        """Every bundle in the store, by name, newest serial first."""
        return self.status().bundles

    def status(self) -> StoreStatus:
        """What is active, what was before, and all there is."""
        self._layout.check()
        return self._layout.status(read_record(self.root))

    def find(self, name: str, version: str | None = None) -> Installed:
        """A bundle by its name and its version or build (``version-serial``), else the highest serial; UsageError."""
        bundles = self.list()
        found = [
            bundle for bundle in bundles if bundle.name == name and version in (None, bundle.version, bundle.build)
        ]
        if not found:
            have = ", ".join(bundle.key for bundle in bundles) or "nothing"
            wanted = f"{name} {version}" if version else name
            raise UsageError("no such bundle in the store", where=self.root, expected=wanted, found=have)
        return found[0]

    def check_room(self, size: int) -> None:
        """Raise StoreError unless ``size`` bytes fit beside what is there; a store that is yet to be made has room."""
        if self.root.is_dir():
            check_room(self.root, size, self._files)

    def install(self, bundle: Bundle, *, allow_downgrade: bool = False) -> Installed:
        """Verify a bundle and unpack it beside the others, without activating it.

        The same bundle again is harmless, and mends one whose files were damaged. Raises BundleError when it is not
        whole, or older than one that was committed; StoreError when the disk does not let it in.
        """
        if self._trust:
            self._trust.check(bundle)
        bundle.verify()
        key = _key(bundle.manifest)
        with self._change(create=True) as record:
            _refuse_downgrade(bundle, record, allow_downgrade)
            if self._layout.path(key).is_dir():
                mend(bundle, self._layout.path(key), self.root, self._files)
                return self._layout.installed(key, record)
            unpack(bundle, self._layout.path(key), self.root, self._files)
            return self._layout.installed(key, self._save(record.with_note(key, Note(state="installed"))))

    def activate(self, name: str, version: str | None = None, *, allow_downgrade: bool = False) -> Installed:
        """Run a bundle of the store from now on, on trial.

        ``version`` is a version, or a build (``version-serial``); without it the highest serial is taken.
        """
        with self._change() as record:
            key = self.find(name, version).key
            with self._open(key) as bundle:
                bundle.verify()
                _refuse_downgrade(bundle, record, allow_downgrade)
            active = self._layout.target("active")
            if active == key:
                return self._layout.installed(key, record)
            trial = record
            if record.note(key).state != "committed":
                trial = self._save(record.with_note(key, Note(state="trial")))
            # A bundle that never proved itself is returned to only if there is nothing better.
            good = active and (record.note(active).state == "committed" or self._layout.target("previous") is None)
            if active and good and self._layout.path(active).is_dir():
                self._swap("previous", active)
            self._swap("active", key)
            self._prune(name)
            return self._layout.installed(key, trial)

    def commit(self) -> Installed:
        """The active bundle has proved itself: from now on it is what a roll-back leads to."""
        with self._change() as record:
            key = self._need_active()
            with open_bundle(self._layout.path(key)) as bundle:
                manifest = bundle.manifest
            noted = record.with_note(key, Note(state="committed")).with_serial(manifest.name, manifest.serial)
            return self._layout.installed(key, self._save(noted))

    def rollback(self, reason: str = "asked for") -> Installed:
        """Return to the previous bundle and remember why; raises StoreError when there is none to return to."""
        with self._change() as record:
            key, previous = self._need_active(), self._layout.target("previous")
            if previous is None or previous == key or not self._layout.path(previous).is_dir():
                raise StoreError(
                    "there is no previous bundle to return to", where=self.root, remedy="install another bundle"
                )
            with open_bundle(self._layout.path(previous)) as bundle:
                bundle.verify()
            noted = self._save(record.with_note(key, Note(state="rolled-back", reason=reason)))
            self._finish_rollback(previous)
            return self._layout.installed(previous, noted)

    def refuse(self, bundle: Bundle, reason: str) -> None:
        """Remember that an installed bundle cannot run on this machine; `activate` tries it again all the same."""
        key = _key(bundle.manifest)
        with self._change() as record:
            if record.note(key).state == "installed":
                self._save(record.with_note(key, Note(state="refused", reason=reason)))

    def remove(self, name: str, version: str) -> str:
        """Delete a bundle that is neither active nor previous; returns what it was: ``name/version-serial``."""
        with self._change() as record:
            key = self.find(name, version).key
            if key in (self._layout.target("active"), self._layout.target("previous")):
                raise StoreError(
                    "the active and the previous bundle are not removed",
                    where=self._layout.path(key),
                    remedy="activate another one first",
                )
            self._drop(key)
            self._save(record.without(key))
            return key

    def recall(self, bundle: Bundle) -> Remembered | None:
        """What was remembered of an installed bundle: of this very one, not of another of its name and serial."""
        remembered = read_record(self.root).accepted.get(_key(bundle.manifest))
        return remembered if remembered and remembered.conditions.get("bundle") == bundle.digest else None

    def remember(self, bundle: Bundle, remembered: Remembered) -> None:
        """Keep what was accepted of an installed bundle."""
        with self._change() as record:
            self._save(record.with_acceptance(_key(bundle.manifest), remembered))

    def started(self) -> int:
        """Count a start of the active bundle; how often it was started while on trial (0 when it is not on trial)."""
        with self._change() as record:
            key = self._need_active()
            note = record.note(key)
            if note.state != "trial":
                return 0
            self._save(record.with_note(key, note.model_copy(update={"starts": note.starts + 1})))
            return note.starts + 1

    def ended(self) -> None:
        """The active bundle was stopped on purpose: take back the last count of its starts."""
        with self._change() as record:
            key = self._need_active()
            note = record.note(key)
            if note.starts:
                self._save(record.with_note(key, note.model_copy(update={"starts": note.starts - 1})))

    @contextmanager
    def _change(self, *, create: bool = False) -> Iterator[Record]:
        """Hold the store's lock, settle what a power cut left, give the record."""
        self._layout.check()
        if create:
            self._files.make_folder(self.root / "bundles")
        elif not self.root.is_dir():
            raise StoreError("there is no store", where=self.root, remedy="install a bundle first: edge install FILE")
        with locked(self.root):
            for name in ("incoming", "active.new", "previous.new", f"{RECORD}.new"):
                path = self.root / name
                if path.is_symlink() or path.exists():
                    self._files.remove(path)
            record = read_record(self.root)
            active, previous = self._layout.target("active"), self._layout.target("previous")
            half_way = active and previous != active and record.note(active).state == "rolled-back"
            if half_way and previous and self._layout.path(previous).is_dir():
                self._finish_rollback(previous)
            yield record

    def _open(self, key: str) -> Bundle:
        bundle = open_bundle(self._layout.path(key))
        try:
            if self._trust:
                self._trust.check(bundle)
        except BaseException:
            bundle.close()
            raise
        return bundle

    def _swap(self, name: str, key: str) -> None:
        new = self.root / f"{name}.new"
        self._files.link(new, f"bundles/{key}")
        self._files.replace(new, self.root / name)
        self._files.sync(self.root)

    def _finish_rollback(self, previous: str) -> None:
        self._swap("active", previous)
        self._files.remove(self.root / "previous")
        self._files.sync(self.root)

    def _save(self, record: Record) -> Record:
        new = self.root / f"{RECORD}.new"
        self._files.write(new, [record.model_dump_json(indent=1).encode()])
        self._files.replace(new, self.root / RECORD)
        self._files.sync(self.root)
        return record

    def _prune(self, name: str) -> None:
        """Delete the oldest bundles of a name beyond the limit, never the active or the previous one."""
        same = [bundle for bundle in self.list() if bundle.name == name]
        spare = [bundle for bundle in same if not bundle.active and not bundle.previous]
        for bundle in spare[max(0, self._keep - (len(same) - len(spare))) :]:
            self._drop(bundle.key)

    def _drop(self, key: str) -> None:
        # Renamed first, so that a half-deleted bundle is never found under its name.
        self._files.replace(self._layout.path(key), self.root / "incoming")
        self._files.sync(self._layout.path(key).parent)
        self._files.remove(self.root / "incoming")

    def _need_active(self) -> str:
        key = self._layout.target("active")
        if key is None:
            raise StoreError("no bundle is active", where=self.root, remedy="install one: edge install FILE")
        return key


def _key(manifest: Manifest) -> str:
    # With the serial: a model that is exported again under its old version lies beside the one that runs.
    return f"{manifest.name}/{manifest.version}-{manifest.serial}"


def _refuse_downgrade(bundle: Bundle, record: Record, allowed: bool) -> None:
    manifest, floor = bundle.manifest, record.serials.get(bundle.manifest.name, 0)
    if manifest.serial < floor and not allowed:
        raise BundleError(
            f"{bundle.title} is older than what was committed on this device",
            where=bundle.path,
            expected=f"serial >= {floor}",
            found=manifest.serial,
            remedy="use --allow-downgrade if that is meant",
        )

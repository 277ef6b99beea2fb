"""Plans on the disk: each under a key of all that it depends on, whole or not there at all.

A plan is two files, ``<key>.plan`` and ``<key>.json``, which says what it is and what its SHA-256 is; it counts when
both are there and agree. ``<key>.failed`` says that a build failed and why: what failed twice is left alone until
something that the key depends on changes, or somebody asks for it again. Plans are code: whoever can write here can
run it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge.engines.tensorrt.job import Built, Shapes
from edge.engines.tensorrt.probing import Machine
from edge.errors import EngineError
from edge.ownership import give_to_owner_of

_log = logging.getLogger(__name__)
_FORMAT = 1
"""Rises when plans are built differently."""
ATTEMPTS = 2
"""Builds of one key that may fail: the first may have had too little memory because something else ran."""
_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Key:
    """All that a plan depends on; `name` is its place in the cache."""

    model: str
    """SHA-256 of the ONNX file."""
    precision: str
    shapes: Shapes
    machine: Machine

    @property
    def facts(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "format": _FORMAT,
            "model": self.model,
            "precision": self.precision,
            "shapes": {name: list(shape) for name, shape in sorted(self.shapes.items())},
            "tensorrt": self.machine.tensorrt,
            "gpu": self.machine.gpu.name,
            "capability": self.machine.gpu.capability,
            "driver": self.machine.gpu.driver,
            "board": self.machine.board,
        }

    @property
    def name(self) -> str:
        """A file name."""
        return hashlib.sha256(json.dumps(self.facts, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Failure:
    """Builds that failed so far, and why the last one did."""

    attempts: int
    reason: str


class PlanCache:
    """Plans in ``folder``, which is made when the first is built."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, key: Key) -> bytes | None:
        """The plan, or None. One that is damaged is removed."""
        try:
            facts = json.loads(self._path(key, "json").read_text("utf-8"))
            plan = self._path(key, "plan").read_bytes()
        except (OSError, ValueError):
            return None
        if isinstance(facts, dict) and facts.get("sha256") == hashlib.sha256(plan).hexdigest():
            return plan
        _log.warning("the engine %s is damaged and is built again", self._path(key, "plan"))
        self._drop(key.name)
        return None

    def failure(self, key: Key) -> Failure | None:
        """The failed builds of a key, None when there was none."""
        try:
            raw = json.loads(self._path(key, "failed").read_text("utf-8"))
            return Failure(int(raw["attempts"]), str(raw["reason"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def publish(self, key: Key, plan: Path, built: Built, label: str) -> bytes:
        """Take a plan into the cache and forget other plans of the same network; raises EngineError."""
        with _explained(self.folder):
            data = plan.read_bytes()
            facts = {**key.facts, **asdict(built), "label": label, "sha256": hashlib.sha256(data).hexdigest()}
            _sync(plan)
            give_to_owner_of(self.folder, plan)
            plan.replace(self._path(key, "plan"))
            self._write(key, "json", facts)
            self._path(key, "failed").unlink(missing_ok=True)
            self._forget_others(key)
            return data

    def quarantine(self, key: Key, reason: str) -> None:
        """Remember that a build failed, or that what was built cannot be used."""
        before = self.failure(key)
        with suppress(EngineError), _explained(self.folder):
            self._drop(key.name)
            self._write(key, "failed", {"attempts": (before.attempts if before else 0) + 1, "reason": reason[:400]})

    def pardon(self, key: Key) -> None:
        """Forget that it failed."""
        with _explained(self.folder):
            self._path(key, "failed").unlink(missing_ok=True)

    @contextmanager
    def alone(self, key: Key, *, patience: float, waiting: Callable[[], None]) -> Iterator[None]:
        """Be the only process that builds this key; raises EngineError after ``patience`` seconds.

        The lock is the kernel's: whoever dies lets go of it. ``waiting`` is called now and then meanwhile.
        """
        with _explained(self.folder):
            self._make_folder()
            lock = self._path(key, "lock")
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            give_to_owner_of(self.folder, lock)
        try:
            deadline = time.monotonic() + patience
            while not _locked(descriptor):
                if time.monotonic() > deadline:
                    raise EngineError("another process has been building this engine for too long", where=self.folder)
                waiting()
                time.sleep(_POLL_S)
            for left in self.folder.glob(f"{key.name}.*.new"):  # by a build that lost its power or was killed
                left.unlink(missing_ok=True)
            yield
        finally:
            os.close(descriptor)

    def timing(self, machine: Machine) -> Path:
        """Where what TensorRT learnt of this machine's kernels is kept; other machines have other files."""
        return self.folder / f"timing-{hashlib.sha256(machine.describe().encode()).hexdigest()[:16]}.cache"

    def scratch(self, key: Key) -> Path:
        """Where this process lets a plan be written before it is published."""
        return self.folder / f"{key.name}.{os.getpid()}.new"

    def _make_folder(self) -> None:
        if not self.folder.is_dir():
            self.folder.mkdir(parents=True, exist_ok=True)
            give_to_owner_of(self.folder.parent, self.folder)

    def _path(self, key: Key, suffix: str) -> Path:
        return self.folder / f"{key.name}.{suffix}"

    def _write(self, key: Key, suffix: str, facts: dict[str, Any]) -> None:
        self._make_folder()
        temporary = self.scratch(key)
        temporary.write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
        _sync(temporary)
        give_to_owner_of(self.folder, temporary)
        temporary.replace(self._path(key, suffix))
        _sync(self.folder)

    def _drop(self, name: str) -> None:
        for suffix in ("json", "plan"):
            (self.folder / f"{name}.{suffix}").unlink(missing_ok=True)

    def _forget_others(self, key: Key) -> None:
        """Plans of the same network for another TensorRT, driver or board: they never fit again, and are large."""
        for path in self.folder.glob("*.json"):
            try:
                facts = json.loads(path.read_text("utf-8"))
            except (OSError, ValueError):
                continue
            if path.stem != key.name and isinstance(facts, dict) and facts.get("model") == key.model:
                self._drop(path.stem)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EngineError(
            "engines cannot be kept here",
            where=folder,
            found=error.strerror,
            remedy="build them as the service's user or with sudo: edge build-engines",
        ) from error

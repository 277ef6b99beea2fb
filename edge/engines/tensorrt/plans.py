"""A plan for a network: from the cache, or built by a process of its own.

Nothing that happens to the builder happens to whoever asks: it may be killed, crash, hang or print nonsense, and each
of these becomes an EngineError and an entry in the quarantine.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from edge.engines.tensorrt.cache import ATTEMPTS, Key, PlanCache
from edge.engines.tensorrt.job import Built, Job, Shapes
from edge.engines.tensorrt.probing import Machine
from edge.errors import EngineError

_log = logging.getLogger(__name__)
BUILDER = (sys.executable, "-I", "-u", "-m", "edge.engines.tensorrt.build")
LIMIT_S = 45 * 60.0
"""A build takes one to ten minutes on an Orin; a Nano that swaps takes longer."""
_TICK_S = 1.0
_NO_MEMORY = "end other programs, add swap while it builds (README, Jetson), or use a smaller model"

Progress = Callable[[str], None]
"""Called with what is being done, at least about once a second, so that whoever waits can be told."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A network to be run on TensorRT: the ONNX file's bytes, its precision, and the only shape
    of each input that has free axes."""

    model: bytes
    precision: str
    shapes: Shapes
    label: str

    def key(self, machine: Machine) -> Key:
        """Its place in the cache of a machine."""
        return Key(hashlib.sha256(self.model).hexdigest(), self.precision, self.shapes, machine)


class Plans:
    """Plans for one ``machine``, kept in ``cache`` and built by ``command``, at most ``limit`` seconds each."""

    def __init__(
        self,
        machine: Machine,
        cache: PlanCache,
        *,
        command: Sequence[str] = BUILDER,
        limit: float = LIMIT_S,
        progress: Progress = lambda text: None,
    ) -> None:
        self.machine = machine
        self.cache = cache
        self._command = tuple(command)
        self._limit = limit
        self._progress = progress

    def get(self, wanted: Wanted, *, build: bool = True) -> bytes:
        """The plan, built now if it is not there and ``build`` says so; raises EngineError with the reason."""
        key = wanted.key(self.machine)
        if (plan := self.cache.find(key)) is not None:
            return plan
        self._refuse_what_failed(wanted, key)
        if not build:
            raise EngineError("no engine is built yet", where=wanted.label, remedy="build it: edge build-engines")
        say = self._saying(wanted.label)
        with self.cache.alone(key, patience=self._limit, waiting=lambda: say("another process is building it")):
            # Whoever held the lock before may have built it, or failed.
            if (plan := self.cache.find(key)) is not None:
                return plan
            self._refuse_what_failed(wanted, key)
            scratch = self.cache.scratch(key)
            try:
                built = self._built(wanted, key, scratch, say)
                return self.cache.publish(key, scratch, built, wanted.label)
            except EngineError as error:
                self.cache.quarantine(key, str(error).removeprefix(wanted.label).lstrip(":, "))
                raise
            except OSError as error:  # a full disk, or no memory for a process: it says nothing of the network
                raise EngineError(
                    "the engine cannot be built now", where=wanted.label, found=error.strerror, remedy=_NO_MEMORY
                ) from error
            finally:
                scratch.unlink(missing_ok=True)

    def pardon(self, wanted: Wanted) -> None:
        """Forget that its build failed."""
        self.cache.pardon(wanted.key(self.machine))

    def discard(self, wanted: Wanted, reason: str) -> None:
        """A plan that was built cannot be used after all: it is removed and counts as failed."""
        self.cache.quarantine(wanted.key(self.machine), reason)

    def _refuse_what_failed(self, wanted: Wanted, key: Key) -> None:
        failure = self.cache.failure(key)
        if failure is not None and failure.attempts >= ATTEMPTS:
            raise EngineError(
                f"the engine could not be built {failure.attempts} times and is left alone",
                where=wanted.label,
                found=failure.reason,
                remedy="after a change: edge build-engines --again",
            )

    def _saying(self, label: str) -> Progress:
        return lambda text: self._progress(f"{label}: {text}")

    def _built(self, wanted: Wanted, key: Key, scratch: Path, say: Progress) -> Built:
        with tempfile.TemporaryDirectory(prefix="fingerpost-engine-") as folder:
            model = Path(folder) / "network.onnx"
            model.write_bytes(wanted.model)
            timing = self.cache.timing(self.machine)
            job = Job(
                wanted.label, str(model), str(scratch), str(timing), wanted.shapes, half=wanted.precision == "fp16"
            )
            answer = self._asked(job, say)
        if "error" in answer:
            raise _told(answer["error"], wanted.label)
        try:
            built = Built(**answer["done"])
        except (KeyError, TypeError) as error:
            raise EngineError("the builder's answer makes no sense", where=wanted.label, found=str(error)) from error
        if not scratch.is_file() or scratch.stat().st_size != built.size:
            raise EngineError("the builder left no engine behind", where=wanted.label)
        _log.info("%s: built in %.0f s, float16: %s", wanted.label, built.seconds, built.half)
        return built

    def _asked(self, job: Job, say: Progress) -> dict[str, Any]:
        """The builder's last line; raises EngineError when it dies without one or takes too long."""
        with tempfile.TemporaryFile() as complaints:
            # A group of its own: whatever the builder started ends with it.
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                start_new_session=True,
            )
            try:
                answer = self._heard(process, job, say)
            finally:
                _end(process)
            if answer:
                return answer
            raise _death(process.returncode, job.label, complaints)

    def _heard(self, process: subprocess.Popen[bytes], job: Job, say: Progress) -> dict[str, Any]:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101  (both are pipes)
        try:
            process.stdin.write(job.to_json().encode())
            process.stdin.close()
        except BrokenPipeError:
            pass  # it died at once: its end says why
        text = "starting"
        for line in _lines(process.stdout.fileno(), time.monotonic() + self._limit, job.label):
            words = _object(line)
            if words.keys() & {"done", "error"}:
                process.wait()
                return words
            text = str(words.get("progress", text))
            say(text)
        process.wait()
        return {}


def _lines(descriptor: int, deadline: float, label: str) -> Iterator[bytes]:
    """The lines that come until the end of the stream; an empty one for each second without any."""
    rest = b""
    while True:
        if time.monotonic() > deadline:
            raise EngineError("the build took too long and was ended", where=label, remedy=_NO_MEMORY)
        ready, _, _ = select.select([descriptor], [], [], _TICK_S)
        if not ready:
            yield b""
            continue
        data = os.read(descriptor, 1 << 16)
        if not data:
            return
        *whole, rest = (rest + data).split(b"\n")
        yield from whole


def _object(line: bytes) -> dict[str, Any]:
    """The line as an object; an empty one when it is none: libraries print what they like."""
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _told(error: dict[str, str], label: str) -> EngineError:
    """The builder's error, which may say where in the network, or in what package, it was."""
    where = error.pop("where", label)
    return EngineError(**error, where=where if where.startswith(label) else f"{label}, {where}")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _death(code: int, label: str, complaints: IO[bytes]) -> EngineError:
    """What to say of a builder that ended without an answer."""
    complaints.seek(0)
    lines = complaints.read().decode(errors="replace").strip().splitlines()
    found = lines[-1].strip()[:200] if lines else None
    if code == -signal.SIGKILL:
        what = "the builder was killed, most likely for want of memory"
        return EngineError(what, where=label, found=found, remedy=_NO_MEMORY)
    what = f"the builder died of {signal.Signals(-code).name}" if code < 0 else "the builder ended without an answer"
    return EngineError(what, where=label, found=found)

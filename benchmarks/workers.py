"""A process that does what it is asked, line by line: requests and answers are JSON objects.

What is compared here cannot share a process: each side has its own threads, memory and packages, and some an
environment of their own. A worker says first that it is ready, then answers each request with one line; what it writes
to standard error is kept and shown when it fails.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, cast

from edge.errors import CheckFailedError, DependencyError

ONE_THREAD: Mapping[str, str] = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "GLOG_minloglevel": "3"}
"""Environment of a worker whose libraries are to use one thread each."""
_ENDING_S = 20


class Worker:
    """One process; a context manager that ends it.

    ``log`` takes its standard error. Raises DependencyError when it cannot be started, CheckFailedError when it ends
    before it has answered.
    """

    def __init__(self, name: str, command: Sequence[str], *, log: Path) -> None:
        self.name = name
        self._errors = log.open("w+", encoding="utf-8", errors="replace")
        self.began = time.monotonic()
        """When the process was started, on the monotonic clock, which all processes share."""
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
                env={**os.environ, **ONE_THREAD},
            )
        except OSError as error:
            self._errors.close()
            raise DependencyError("a process to measure cannot be started", where=command[0], found=error) from error
        self._requests, self._answers = cast("IO[str]", self._process.stdin), cast("IO[str]", self._process.stdout)
        try:
            self.greeting: Mapping[str, Any] = self._read()
        except BaseException:
            self.close()
            raise
        self.age = time.monotonic() - self.began
        """Seconds from its start until it was ready."""

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def ask(self, **request: object) -> Mapping[str, Any]:
        """Its answer to a request."""
        with suppress(BrokenPipeError):  # it has ended: reading says why
            self._requests.write(json.dumps(request) + "\n")
            self._requests.flush()
        return self._read()

    def close(self) -> None:
        """End the process."""
        with suppress(BrokenPipeError):
            self._requests.close()
        try:
            self._process.wait(timeout=_ENDING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._answers.close()
        self._errors.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> Mapping[str, Any]:
        line = self._answers.readline()
        if line:
            answer: Mapping[str, Any] = json.loads(line)
            return answer
        self._process.wait()
        self._errors.seek(0)
        said = [text.strip() for text in self._errors if text.strip()]
        raise CheckFailedError(
            "a process ended before its work was done",
            where=self.name,
            found=said[-1][:200] if said else f"exit status {self._process.returncode}",
        )

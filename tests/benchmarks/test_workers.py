"""A process that answers line by line, and what is said when it does not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.workers import Worker
from edge.errors import CheckFailedError, DependencyError

ECHO = """
import json, sys
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    if request.get("die"):
        sys.exit("no such network")
    print(json.dumps({"heard": request}), flush=True)
"""


def test_it_greets_and_answers_each_request(tmp_path: Path) -> None:
    with Worker("echo", [sys.executable, "-c", ECHO], log=tmp_path / "log") as worker:
        assert worker.greeting == {"ready": True} and 0 < worker.age < 60
        assert worker.ask(camera=True, clip="a") == {"heard": {"camera": True, "clip": "a"}}


def test_its_last_words_are_passed_on_also_when_it_is_asked_again(tmp_path: Path) -> None:
    with Worker("echo", [sys.executable, "-c", ECHO], log=tmp_path / "log") as worker:
        for _ in range(2):
            with pytest.raises(
                CheckFailedError, match=r"echo: a process ended before its work was done.*no such network"
            ):
                worker.ask(die=True)


def test_one_that_ends_before_it_is_ready_says_how(tmp_path: Path) -> None:
    with pytest.raises(CheckFailedError, match="exit status 3"):
        Worker("short", [sys.executable, "-c", "raise SystemExit(3)"], log=tmp_path / "log")


def test_one_that_does_not_exist_cannot_be_started(tmp_path: Path) -> None:
    with pytest.raises(DependencyError, match="cannot be started"):
        Worker("absent", [str(tmp_path / "python")], log=tmp_path / "log")

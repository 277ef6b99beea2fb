"""Boards for the tests of this folder, which `make test-device` runs; everyday runs leave them out.

What boards are made of is kept in build/device (`workshop`); what was found out is written there too (`report`).
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .emulated_board import Frozen, Guest, overlay
from .kiosk import Kiosk
from .report import Report
from .workshop import HERE, REPOSITORY, TOOLS, Workshop, make_workshop

GoOn = Callable[[Frozen], Kiosk]
CACHE = Path(os.environ.get("FINGERPOST_DEVICE_CACHE", REPOSITORY / "build" / "device"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Half an hour of emulation is for who asks for it by name: ``-m device``, or ``-m "device and not slow"``."""
    if _asked_for(config):
        return
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="`make test-device` runs the emulated board (pytest -m device)"))


@pytest.fixture(scope="session")
def repeats() -> int:
    """How often a fault that is timed is made; the report gives the median."""
    return int(os.environ.get("FINGERPOST_DEVICE_REPEATS", "1"))


@pytest.fixture(scope="session")
def report() -> Report:
    """What is found out."""
    return Report(CACHE)


@pytest.fixture(scope="session")
def workshop(report: Report) -> Workshop:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"an emulated board needs {'root' if os.geteuid() else ', '.join(missing)}")
    with _alone():
        made = make_workshop(CACHE)
    report.fact("image, MB", made.base.stat().st_blocks * 512 / 1e6)
    report.fact(".deb, MB", made.deb.stat().st_size / 1e6)
    report.fact("bundle, MB", made.bundles[0].stat().st_size / 1e6)
    return made


@pytest.fixture(scope="session")
def installed(workshop: Workshop, report: Report) -> Frozen:
    """A board as the README's commands leave it, the service ready."""
    with _alone():
        stage = workshop.ready()
    for name, seconds in stage.facts.items():
        report.fact(f"{name}, s", seconds)
    return stage.board


@pytest.fixture(scope="session")
def updated(workshop: Workshop) -> Frozen:
    """The same with a second bundle in its store."""
    with _alone():
        return workshop.updated().board


@pytest.fixture
def go_on(workshop: Workshop, tmp_path: Path) -> Iterator[GoOn]:
    """Makes kiosks of a frozen board, each with a card of its own. One runs at a time."""
    running: list[Guest] = []

    def make(frozen: Frozen) -> Kiosk:
        for guest in running:
            guest.cut_power()
        scratch = tmp_path / f"board{len(running)}"
        running.append(workshop.board(overlay(frozen.card, scratch / "card.qcow2"), scratch, frozen=frozen))
        return Kiosk(running[-1])

    yield make
    for guest in running:
        guest.cut_power()


@pytest.fixture
def board(go_on: GoOn, installed: Frozen) -> Callable[[], Kiosk]:
    """Makes kiosks whose service is ready."""
    return lambda: go_on(installed)


@pytest.fixture
def kiosk(board: Callable[[], Kiosk]) -> Kiosk:
    """One of them."""
    return board()


def pytest_sessionstart(session: pytest.Session) -> None:
    if _asked_for(session.config) and not hasattr(session.config, "workerinput"):
        Report(CACHE).begin(whole=not session.config.getoption("keyword"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if _asked_for(config):
        terminalreporter.write_sep("-", f"emulated arm64 board, {CACHE / 'report.md'}")
        terminalreporter.write(Report(CACHE).page())


@contextmanager
def _alone() -> Iterator[None]:
    """Tests run side by side; what boards are made of is made by one of them, and found by the others."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _asked_for(config: pytest.Config) -> bool:
    return str(config.getoption("markexpr")).startswith("device")

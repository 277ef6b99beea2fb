"""Boards for the tests of this folder, which `make test-device` runs; everyday runs leave them out.

What boards are made of is kept in build/device (`workshop`); what was found out is written there too (`report`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .emulated_board import Frozen, Guest, overlay
from .kiosk import Kiosk
from .report import Report
from .workshop import HERE, REPOSITORY, TOOLS, Workshop, make_workshop

CACHE = Path(os.environ.get("FINGERPOST_DEVICE_CACHE", REPOSITORY / "build" / "device"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Half an hour of emulation is for who asks for it by name."""
    if config.getoption("markexpr") == "device":
        return
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="`make test-device` runs the emulated board (pytest -m device)"))


@pytest.fixture(scope="session")
def repeats() -> int:
    """How often a fault that is timed is made; the report gives the median."""
    return int(os.environ.get("FINGERPOST_DEVICE_REPEATS", "1"))


@pytest.fixture(scope="session")
def report() -> Iterator[Report]:
    """What is found out."""
    found = Report()
    yield found
    if found.facts:
        found.write(CACHE)


@pytest.fixture(scope="session")
def workshop(report: Report) -> Workshop:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"an emulated board needs {'root' if os.geteuid() else ', '.join(missing)}")
    made = make_workshop(CACHE)
    report.fact("image, MB", made.base.stat().st_blocks * 512 / 1e6)
    report.fact(".deb, MB", made.deb.stat().st_size / 1e6)
    report.fact("bundle, MB", made.bundles[0].stat().st_size / 1e6)
    return made


@pytest.fixture(scope="session")
def installed(workshop: Workshop, report: Report) -> Frozen:
    """A board as the README's commands leave it, the service ready."""
    frozen, facts = workshop.installed()
    for name, seconds in facts.items():
        report.fact(f"{name}, s", seconds)
    return frozen


@pytest.fixture
def board(workshop: Workshop, installed: Frozen, tmp_path: Path) -> Iterator[Callable[[], Kiosk]]:
    """Makes kiosks that go on where the installed one stood: service ready, camera there. One runs at a time."""
    running: list[Guest] = []

    def make() -> Kiosk:
        for guest in running:
            guest.cut_power()
        scratch = tmp_path / f"board{len(running)}"
        guest = workshop.board(overlay(installed.card, scratch / "card.qcow2"), scratch, frozen=installed)
        running.append(guest)
        return Kiosk(guest)

    yield make
    for guest in running:
        guest.cut_power()


@pytest.fixture
def kiosk(board: Callable[[], Kiosk]) -> Kiosk:
    """One of them."""
    return board()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    page = CACHE / "report.md"
    passed = terminalreporter.stats.get("passed", [])
    if any("tests/device" in item.nodeid for item in passed) and page.exists():
        terminalreporter.write_sep("-", str(page))
        terminalreporter.write(page.read_text())

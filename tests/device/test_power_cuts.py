"""Power that fails: during a run, while a bundle is installed, while one is activated. Then the board boots again.

The emulator is killed, so what the guest had not yet written to its card is lost. Whatever the moment, the kiosk is
back by itself with one whole bundle, the old one or the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .emulated_board import Frozen, overlay
from .kiosk import ACTIVATE, STORE, Kiosk
from .report import Report
from .workshop import TEST, Workshop, boot_seconds

pytestmark = [pytest.mark.device, pytest.mark.timeout(7200)]

BUNDLE = f"{TEST}/fingerpost-hands-2.0.0-pi.bundle"
BOOT_S = 120.0
"""Guest seconds from switching on to a ready kiosk, at most: the boot, and what the unit allows."""


class Plug:
    """What a board hangs on: it is pulled, and put back."""

    def __init__(self, workshop: Workshop, frozen: Frozen, folder: Path) -> None:
        self._workshop, self._folder = workshop, folder
        self.card = overlay(frozen.card, folder / "card.qcow2")
        self.guest = workshop.board(self.card, folder / "before", frozen=frozen)

    def pull(self) -> Kiosk:
        """The board as it boots afterwards."""
        self.guest.cut_power()
        self.guest = self._workshop.board(self.card, self._folder / "after")
        return Kiosk(self.guest)


@pytest.fixture
def plug(workshop: Workshop, tmp_path: Path) -> Iterator[Callable[[Frozen], Plug]]:
    made: list[Plug] = []

    def make(frozen: Frozen) -> Plug:
        made.append(Plug(workshop, frozen, tmp_path))
        return made[-1]

    yield make
    for each in made:
        each.guest.cut_power()


MakePlug = Callable[[Frozen], Plug]


def test_while_it_runs(plug: MakePlug, workshop: Workshop, installed: Frozen, report: Report) -> None:
    report.injected("power cut during a run")
    kiosk = plug(installed).pull()
    ready = kiosk.ready(0.0, within=BOOT_S)
    assert kiosk.version == "1.0.0" and kiosk.bundle_states() == {"1.0.0": "committed"}
    report.recovered("power cut during a run", ready.time)
    report.fact("boot to ready, s", ready.time)
    with_us = boot_seconds(kiosk.guest)
    report.fact("boot to multi-user with us, s", with_us)
    assert with_us < ready.time, "the boot waited for the kiosk"
    without = workshop.ready().facts["boot without us"]
    report.fact("boot to ready / boot without us", ready.time / without)
    # The last words of the run before were kept, and the new journal follows them.
    assert "fingerpost" in kiosk.run("journalctl -b -1 -n 300 -u fingerpost --no-pager | tail -3").text


@pytest.mark.slow
def test_while_a_bundle_is_installed(plug: MakePlug, installed: Frozen, report: Report) -> None:
    report.injected("power cut while a bundle is installed")
    board = plug(installed)
    kiosk = Kiosk(board.guest)
    kiosk.begin(f"fingerpost install {BUNDLE}")
    kiosk.guest.wait_for(
        f"[ $(du -s {STORE}/incoming 2>/dev/null | cut -f1) -gt 4000 ] 2>/dev/null", within=120, every=0.1
    )
    kiosk = board.pull()
    ready = kiosk.ready(0.0, within=BOOT_S)
    assert kiosk.version == "1.0.0" and set(kiosk.bundle_states()) == {"1.0.0"}
    # It is installed when it is tried again, and nothing of the first try stays.
    kiosk.run(f"fingerpost install --no-activate {BUNDLE}", timeout=120)
    assert kiosk.bundle_states()["2.0.0"] == "installed"
    assert kiosk.run(f"ls {STORE}/incoming", check=False).code != 0
    report.recovered("power cut while a bundle is installed", ready.time)


@pytest.mark.slow
def test_while_a_bundle_is_activated(plug: MakePlug, updated: Frozen, report: Report) -> None:
    report.injected("power cut while a bundle is activated")
    board = plug(updated)
    kiosk = Kiosk(board.guest)
    kiosk.begin(ACTIVATE)
    # As soon as the link has moved.
    kiosk.guest.wait_for(f"readlink {STORE}/active | grep -q 2.0.0", within=600, every=0.1)
    kiosk = board.pull()
    ready = kiosk.ready(0.0, within=BOOT_S)
    version, states = kiosk.version, kiosk.bundle_states()
    assert states["1.0.0"] == "committed" and states["2.0.0"] in ("installed", "trial")
    assert version == "1.0.0" or states["2.0.0"] == "trial"
    assert kiosk.run(f"fingerpost verify $(readlink -f {STORE}/active)", timeout=120).code == 0
    report.recovered("power cut while a bundle is activated", ready.time)

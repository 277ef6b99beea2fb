"""What happens to a kiosk that nobody attends, on a booted arm64 board; the journal is the witness."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .emulated_board import Frozen
from .kiosk import ACTIVATE, BACK_S, STORE, Kiosk
from .report import Report
from .workshop import TEST

pytestmark = [pytest.mark.device, pytest.mark.timeout(7200)]

WATCHDOG_S = 20.0
"""The unit's WatchdogSec."""
FRAME_S = 2.5
"""Guest seconds that a picture takes the loop, which is what limits its rate here (fps=0.4 in the minute's line)."""
DETECT_S = 3.0 + FRAME_S
"""Guest seconds until trouble with a camera is noticed: the loop looks after its camera between two pictures. The issue
allows three seconds and three such periods."""
OLD, NEW = "1.0.0", "2.0.0"

Board = Callable[[], Kiosk]
GoOn = Callable[[Frozen], Kiosk]


def test_a_killed_service_is_back(board: Board, report: Report, repeats: int) -> None:
    for _again in range(repeats):
        kiosk = board()
        begin = _inject(kiosk, report, "service killed (SIGKILL)")
        kiosk.run(f"kill -9 {kiosk.pid}")
        kiosk.guest.expect(r"Main process exited, code=killed, status=9/KILL", since=begin, within=10)
        ready = kiosk.ready(begin, within=BACK_S)
        assert kiosk.restarts == 1 and kiosk.version == OLD
        report.recovered("service killed (SIGKILL)", ready.time - begin)


def test_a_hanging_service_is_ended_by_the_watchdog_and_is_back(board: Board, report: Report, repeats: int) -> None:
    for _again in range(repeats):
        kiosk = board()
        begin = _inject(kiosk, report, "service hangs (SIGSTOP)")
        kiosk.run(f"kill -STOP {kiosk.pid}")
        bitten = kiosk.guest.expect(r"Watchdog timeout", since=begin, within=WATCHDOG_S + 5)
        ready = kiosk.ready(bitten.time, within=BACK_S)
        assert kiosk.restarts == 1
        report.recovered("service hangs (SIGSTOP)", ready.time - begin)


def test_a_hanging_camera_is_started_anew_without_the_service(board: Board, report: Report, repeats: int) -> None:
    for _again in range(repeats):
        kiosk = board()
        main = kiosk.pid
        begin = _inject(kiosk, report, "camera process hangs (SIGSTOP)")
        kiosk.run(f"kill -STOP {kiosk.camera_pid}")
        kiosk.guest.expect(r"no picture for .*; started anew", since=begin, within=DETECT_S)
        back = kiosk.guest.expect(r"pictures come again", since=begin, within=60)
        assert kiosk.pid == main and kiosk.restarts == 0
        report.recovered("camera process hangs (SIGSTOP)", back.time - begin)


def test_a_camera_that_is_unplugged_and_plugged_in_needs_no_restart(board: Board, report: Report, repeats: int) -> None:
    for _again in range(repeats):
        kiosk = board()
        main = kiosk.pid
        begin = _inject(kiosk, report, "camera unplugged, and plugged in again")
        kiosk.unplug_camera()
        kiosk.guest.expect(r"; started anew", since=begin, within=DETECT_S)
        kiosk.guest.expect(r"\[camera lost\]", since=begin, within=15)
        kiosk.run("test ! -e /dev/video0")
        assert kiosk.status.startswith("camera-lost") and kiosk.state == "active"
        plugged = kiosk.guest.now()
        kiosk.plug_camera()
        back = kiosk.guest.expect(r"pictures come again", since=plugged, within=60)
        assert kiosk.pid == main and kiosk.restarts == 0
        report.recovered("camera unplugged, and plugged in again", back.time - plugged)


def test_a_full_disk_stops_updates_and_not_the_kiosk(kiosk: Kiosk, report: Report) -> None:
    begin = _inject(kiosk, report, "disk full, then killed")
    kiosk.fill_disk()
    kiosk.run(f"kill -9 {kiosk.pid}")
    ready = kiosk.ready(begin, within=BACK_S)
    refused = kiosk.run(f"fingerpost install {TEST}/fingerpost-hands-{NEW}-pi.bundle", timeout=120, check=False)
    assert refused.code == 7, refused.text
    assert kiosk.version == OLD and set(kiosk.bundle_states()) == {OLD}
    assert kiosk.run(f"ls {STORE}/incoming", check=False).code != 0, "half a bundle was left"
    assert kiosk.state == "active"
    report.recovered("disk full, then killed", ready.time - begin)


@pytest.mark.slow
def test_a_damaged_bundle_is_refused_and_the_old_one_runs_on(kiosk: Kiosk, report: Report) -> None:
    _inject(kiosk, report, "damaged bundle offered")
    main = kiosk.pid
    kiosk.run(f"cp {TEST}/fingerpost-hands-{NEW}-pi.bundle /run/bad.bundle")
    kiosk.run("printf x | dd of=/run/bad.bundle bs=1 seek=10000000 conv=notrunc")
    refused = kiosk.run("fingerpost install /run/bad.bundle", timeout=120, check=False)
    assert refused.code == 4, refused.text
    assert kiosk.version == OLD and kiosk.pid == main
    report.recovered("damaged bundle offered")


@pytest.mark.slow
def test_a_trial_that_never_becomes_healthy_is_rolled_back(go_on: GoOn, updated: Frozen, report: Report) -> None:
    """It is killed each time before a frame went through, as one that crashes would be."""
    kiosk = go_on(updated)
    kiosk.run(ACTIVATE)
    assert kiosk.version == NEW and kiosk.bundle_states()[NEW] == "trial"
    begin = _inject(kiosk, report, "bundle on trial crashes")
    kiosk.run("systemctl restart --no-block fingerpost")
    for start in (1, 2, 3):
        kiosk.guest.wait_for(f'grep -q \\"starts\\":.{start} {STORE}/record.json', within=BACK_S, every=0.5)
        kiosk.run(f"kill -9 {kiosk.pid}")
    why = kiosk.guest.expect(r"rolled back to .*1\.0\.0.*started 3 times", since=begin, within=BACK_S)
    kiosk.ready(why.time)
    assert kiosk.version == OLD and kiosk.bundle_states() == {OLD: "committed", NEW: "rolled-back"}
    report.recovered("bundle on trial crashes", kiosk.guest.now() - begin)


@pytest.mark.slow
def test_a_service_that_always_crashes_ends_in_safe_mode_that_says_why(kiosk: Kiosk, report: Report) -> None:
    begin = _inject(kiosk, report, "service crashes at each start")
    note = "/run/fingerpost/starts.json"
    kiosk.run(f"kill -9 {kiosk.pid}")
    for start in (2, 3, 4, 5):
        kiosk.guest.wait_for(f'grep -q \\"vain\\":.{start} {note}', within=BACK_S, every=0.5)
        kiosk.run(f"kill -9 {kiosk.pid}")
    safe = kiosk.guest.expect(r"safe mode after 5 starts in vain: it was killed by signal", since=begin, within=BACK_S)
    kiosk.ready(safe.time, within=10)
    assert kiosk.status.startswith("safe mode") and kiosk.state == "active"
    report.recovered("service crashes at each start", safe.time - begin)


def _inject(kiosk: Kiosk, report: Report, name: str) -> float:
    """Count a fault that is about to be made; the guest's time."""
    report.injected(name)
    return kiosk.guest.now()

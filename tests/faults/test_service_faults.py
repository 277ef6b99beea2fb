"""The whole service, as a process that is started as systemd starts it, while the world does what it does."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.endurance.faults import faults, recover
from benchmarks.endurance.service import Service
from benchmarks.endurance.tree import held, tree
from benchmarks.soak import soak
from edge.bundle.store import Store
from edge.starts import LIMIT, read_starts

pytestmark = pytest.mark.slow
MOST_MEMORY = 150e6
"""Bytes that ``edge run`` with hands and classifier may hold, all processes, each page once."""
FP32_MORE = 20e6
"""Bytes that the fp32 hand network takes more than the int8 one: 7 MB of weights, twice, and their activations."""
Start = Callable[..., Service]


@pytest.fixture
def start(tmp_path: Path, demo_bundle: Path) -> Iterator[Start]:
    with ExitStack() as stack:

        def begin(source: str, *words: str, **more: object) -> Service:
            words = ("--bundle", str(demo_bundle), "--source", source, *words)
            return stack.enter_context(Service(tmp_path, words, **more))

        yield begin


def test_a_camera_that_stays_away_is_told_and_its_return_too(start: Start) -> None:
    service = start("fake:frames:60 end|absent|absent|absent|absent|absent|")
    ready = service.wait_for_word("READY=1")
    lost = service.wait_for_word("STATUS=camera-lost", after=ready)
    service.wait_for_word("STATUS=(waiting|hand)", after=lost)
    assert service.starts == 1
    assert "there is no camera here" in service.log.read_text()


def test_without_a_camera_the_service_waits_instead_of_failing(start: Start) -> None:
    service = start("fake:absent")
    first = service.wait_for_word("EXTEND_TIMEOUT_USEC=30000000")
    service.wait_for_word("WATCHDOG=1", after=first)
    assert not any("READY=1" in line for _when, line in service.told)
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(20) == 0


def test_frames_move_again_in_time(tmp_path: Path, demo_bundle: Path) -> None:
    """One of the faults of `python -m benchmarks recovery`, once."""
    (fault,) = (each for each in faults() if each.name == "service is killed")
    recovery = recover(fault, tmp_path, demo_bundle, times=1)
    # Twice, since the tests may share their machine.
    assert max(recovery.seconds) <= 2 * recovery.within


def test_metrics_are_answered_while_it_runs_and_nothing_is_left_when_it_is_killed(start: Start) -> None:
    service = start("fake:")
    service.wait_for_frames()
    with urllib.request.urlopen(service.metrics, timeout=10) as answer:  # noqa: S310 - our own
        text = answer.read().decode()
    assert 'fingerpost_bundle_info{bundle="fingerpost-hands' in text
    assert "fingerpost_resident_bytes" in text
    pids = tree(service.process.pid)
    assert len(pids) > 1
    service.process.kill()
    service.process.wait()
    deadline = time.monotonic() + 20
    while left := [pid for pid in pids if _lives(pid)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def test_memory_is_what_a_small_board_has(tmp_path: Path, demo_bundle: Path) -> None:
    store = tmp_path / "store"
    _install(store, demo_bundle)
    with Service(tmp_path, ["--store", str(store), "--source", "fake:"], metrics=False) as service:
        ready = service.wait_for_word("READY=1")
        service.wait_for_word("WATCHDOG=1", after=ready + 1)
        active = Store(store).status().active
        assert active is not None
        hand = {choice.role: choice.chosen for choice in active.choices}["hand"]
        # A machine that does many things at once may not find out that int8 is faster.
        assert held(service.process.pid).resident <= MOST_MEMORY + (0 if hand == "int8" else FP32_MORE)


def test_a_short_soak_is_flat(demo_bundle: Path) -> None:
    """`make soak` takes twenty minutes of it."""
    result = soak(demo_bundle, seconds=8.0)
    assert result.flat, result
    assert result.samples[-1].frames > result.samples[0].frames


def test_a_bundle_that_went_bad_leads_to_safe_mode_and_putting_it_right_out_of_it(
    tmp_path: Path, demo_bundle: Path
) -> None:
    store = tmp_path / "store"
    _install(store, demo_bundle)
    Store(store).commit()
    networks = {path: path.read_bytes() for path in (store / "active").resolve().glob("classifier*")}
    for path, good in networks.items():
        path.write_bytes(good[:-1000] + bytes(1000))
    with Service(tmp_path, ["--store", str(store), "--source", "fake:"], restart=0.2) as service:
        safe = service.wait_for_word("READY=1")
        assert "STATUS=safe mode: " in service.told[safe - 1][1]
        assert service.starts == LIMIT + 1
        assert read_starts(tmp_path / "run").limited
        service.wait_for_word("WATCHDOG=1", after=safe)
        assert service.starts == LIMIT + 1, "it waits, and does not start over and over"
        assert re.search("safe mode after 5 starts in vain: .*changed", service.log.read_text())
        # Mended by installing the same bundle again: noticed at once, not after the pause.
        _install(store, demo_bundle)
        assert {path: path.read_bytes() for path in networks} == networks
        mended = time.monotonic()
        service.wait_for_frames()
        assert time.monotonic() - mended < 100
        assert read_starts(tmp_path / "run").vain == 1


def test_a_port_in_use_is_shown_in_safe_mode_at_once(start: Start, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        service = start("fake:", "--metrics", str(port), metrics=False)
        service.wait_for_word("READY=1.*\n?STATUS=safe mode: .*port")
        assert service.starts == 1
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(20) == 0


def _install(store: Path, bundle: Path) -> None:
    words = ("install", "--store", str(store), "--policy", "off", str(bundle))
    subprocess.run([sys.executable, "-m", "edge", *words], check=True, capture_output=True)


def _lives(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"

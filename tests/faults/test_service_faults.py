"""The whole service, as a process with a notify socket, while its camera does what cameras do."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
BOUND_S = 60.0


class Service:
    """``edge run`` as systemd starts it; ``told`` is what it told systemd, with the time."""

    def __init__(self, folder: Path, bundle: Path, source: str, *words: str) -> None:
        path = folder / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(0.2)
        self.told: list[tuple[float, str]] = []
        run = [sys.executable, "-m", "edge", "run", "--bundle", str(bundle), "--source", source, "--headless"]
        self.log = folder / "log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*run, *words],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "20000000", "FINGERPOST_POLICY": "off"},
            )

    def wait_for(self, pattern: str, *, after: int = 0) -> int:
        """Until a line that was told after the first ``after`` ones matches; how many were told by then."""
        deadline = time.monotonic() + BOUND_S
        while time.monotonic() < deadline:
            for number, (_when, line) in enumerate(self.told[after:], after + 1):
                if re.search(pattern, line):
                    return number
            try:
                self.told.append((time.monotonic(), self._socket.recv(4096).decode()))
            except TimeoutError:
                assert self.process.poll() is None, self.log.read_text()
        raise AssertionError(f"never told {pattern}: {self.told[-5:]}\n{self.log.read_text()}")

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self._socket.close()


@pytest.fixture
def start(tmp_path: Path, demo_bundle: Path) -> Iterator[object]:
    running: list[Service] = []

    def begin(source: str, *words: str) -> Service:
        running.append(Service(tmp_path, demo_bundle, source, *words))
        return running[0]

    yield begin
    for service in running:
        service.end()


def test_a_camera_that_hangs_is_started_anew_and_the_service_stays(start):
    service = start("fake:frames:60 hang|frames:100000")
    ready = service.wait_for("READY=1")
    deadline = time.monotonic() + BOUND_S
    while "started anew" not in service.log.read_text() and time.monotonic() < deadline:
        time.sleep(0.1)
    service.wait_for("WATCHDOG=1", after=ready + 1)
    assert service.log.read_text().count("started anew") == 1
    assert service.process.poll() is None


def test_a_camera_that_stays_away_is_told_and_its_return_too(start):
    service = start("fake:frames:60 end|absent|absent|absent|absent|absent|")
    ready = service.wait_for("READY=1")
    lost = service.wait_for("STATUS=camera-lost", after=ready)
    service.wait_for("STATUS=(waiting|hand)", after=lost)
    assert service.process.poll() is None
    assert "there is no camera here" in service.log.read_text()


def test_without_a_camera_the_service_waits_instead_of_failing(start):
    service = start("fake:absent")
    first = service.wait_for("EXTEND_TIMEOUT_USEC=30000000")
    service.wait_for("WATCHDOG=1", after=first)
    assert not any("READY=1" in line for _when, line in service.told)
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(20) == 0


def test_metrics_are_answered_while_it_runs(start):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    service = start("fake:", "--metrics", str(port))
    service.wait_for("READY=1")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    frames = re.search(r"^fingerpost_frames_total (\S+)", text, re.MULTILINE)
    assert frames is not None and float(frames.group(1)) >= 1
    assert 'fingerpost_bundle_info{bundle="fingerpost-hands' in text


def test_nothing_but_the_log_is_written_while_pictures_go_through(start, tmp_path):
    """No frame is ever written: the files that the process has open for writing are counted, byte for byte."""
    service = start("fake:")
    service.wait_for("READY=1")
    time.sleep(2)
    written = re.search(r"^write_bytes: (\d+)", Path(f"/proc/{service.process.pid}/io").read_text(), re.MULTILINE)
    assert written is not None and int(written.group(1)) < 200_000
    files = [str(link.readlink()) for link in Path(f"/proc/{service.process.pid}/fd").iterdir()]
    on_disk = {name for name in files if name.startswith("/") and not name.startswith(("/dev/", "/proc/", "/memfd:"))}
    assert {name for name in on_disk if not name.endswith(".bundle")} <= {str(service.log)}

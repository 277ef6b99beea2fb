"""What systemd is told, over a real datagram socket."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.service.notify import SystemdNotifier


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    name = str(tmp_path / "notify") if request.param == "path" else f"@fingerpost-{uuid.uuid4()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name[1:]}" if name.startswith("@") else name)
        listener.settimeout(2)
        yield listener, name


def test_each_message_arrives(systemd: tuple[socket.socket, str]) -> None:
    listener, name = systemd
    notifier = SystemdNotifier({"NOTIFY_SOCKET": name})
    notifier.ready("camera /dev/video0")
    assert listener.recv(1000) == b"READY=1\nSTATUS=camera /dev/video0"
    notifier.status("two\nlines")
    assert listener.recv(1000) == b"STATUS=two lines"
    notifier.extend(2.5)
    assert listener.recv(1000) == b"EXTEND_TIMEOUT_USEC=2500000"
    notifier.stopping()
    assert listener.recv(1000) == b"STOPPING=1"


def test_the_watchdog_is_told_four_times_an_interval_however_often_work_is_done(
    systemd: tuple[socket.socket, str],
) -> None:
    listener, name = systemd
    now = [100.0]
    notifier = SystemdNotifier({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "8000000"}, clock=lambda: now[0])
    assert notifier.watchdog_seconds == 8
    listener.setblocking(False)
    messages = 0
    for _ in range(800):
        notifier.watchdog()
        now[0] += 0.01
        try:
            assert listener.recv(100) == b"WATCHDOG=1"
            messages += 1
        except BlockingIOError:
            pass
    assert messages == 4


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": str(os.getpid() + 1)},
    ],
)
def test_without_a_watchdog_none_is_told(systemd: tuple[socket.socket, str], environment: dict[str, str]) -> None:
    listener, name = systemd
    notifier = SystemdNotifier({"NOTIFY_SOCKET": name, **environment})
    notifier.watchdog()
    notifier.status("only this")
    assert listener.recv(100) == b"STATUS=only this"


def test_it_knows_whether_it_was_started_as_a_service() -> None:
    assert SystemdNotifier({"NOTIFY_SOCKET": "/run/systemd/notify"}).supervised
    assert not SystemdNotifier({}).supervised


def test_started_by_hand_nothing_happens() -> None:
    notifier = SystemdNotifier({"WATCHDOG_USEC": "1000000"})
    notifier.ready()
    notifier.watchdog()
    notifier.stopping("bye")


def test_a_deaf_systemd_is_logged_once_and_survived(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    notifier = SystemdNotifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    notifier.ready()
    notifier.status("still here")
    assert len(caplog.records) == 1
    assert "could not be notified" in caplog.text

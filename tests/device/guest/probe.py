"""Runs on the board, in the unit's sandbox or outside it: tries what a broken-into service might, and says what worked.

One word a line on stdout. ``probe.py`` takes back what it did.
"""

from __future__ import annotations

import mmap
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

STATE = "/var/lib/fingerpost"
FOLDERS = (
    "/",
    "/etc",
    "/usr",
    "/opt/fingerpost",
    "/var/lib",
    "/var/log",
    "/boot",
    "/root",
    "/home",
    "/srv",
    "/dev/shm",  # noqa: S108
)


def write(folder: str) -> None:
    """Make a file there."""
    path = Path(folder) / "probe"
    path.write_text("x")
    path.unlink()


def listen(family: int) -> None:
    """Take a port."""
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
        server.listen()


def connect() -> None:
    """Send a datagram to an address of the internet, or at least find a way there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.sendto(b"x", ("127.0.0.1", 9))


def raw() -> None:
    """Listen to the wire."""
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()


def netlink() -> None:
    """Ask the kernel for its network."""
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()


def executable_memory() -> None:
    """Memory that can be written and run."""
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def disk() -> None:
    """Read the disk past its file system."""
    Path("/dev/vda").open("rb").close()


def others() -> None:
    """See another process."""
    Path("/proc/1/status").read_text()


def higher_priority() -> None:
    """Take processor time from everybody else."""
    os.setpriority(os.PRIO_PROCESS, 0, -5)
    os.setpriority(os.PRIO_PROCESS, 0, 0)


def kernel_setting() -> None:
    """Change the kernel."""
    path = Path("/proc/sys/kernel/printk_ratelimit")
    path.write_text(path.read_text())


def own_state() -> None:
    """What it must be able to do."""
    write(STATE)


ATTEMPTS: dict[str, Callable[[], None]] = {
    "state": own_state,
    **{f"write:{folder}": lambda folder=folder: write(folder) for folder in FOLDERS},
    "listen:4": lambda: listen(socket.AF_INET),
    "listen:6": lambda: listen(socket.AF_INET6),
    "connect": connect,
    "packet": raw,
    "netlink": netlink,
    "executable-memory": executable_memory,
    "disk": disk,
    "others": others,
    "priority": higher_priority,
    "kernel": kernel_setting,
}

for name, attempt in ATTEMPTS.items():
    try:
        attempt()
    except OSError:
        continue
    sys.stdout.write(f"{name}\n")

"""What the tests of this folder run in: a page's server, and a Debian 13 with a compositor.

``FINGERPOST_SCREEN=1`` asks for them: the Debian is made under build/screen, once, in two minutes, from the network.
"""

# ruff: noqa: S310 - the address is the test's own

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("PIL", reason="pillow comes with the export")

from .session import HERE, REPOSITORY, wait

CACHE = Path(os.environ.get("FINGERPOST_SCREEN_CACHE", REPOSITORY / "build" / "screen"))
TOOLS = ("debootstrap", "unshare", "nsenter", "systemd-analyze")


class Site:
    """The kiosk's page with a made-up signer, on a port of its own; it can be served, and taken away again."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}/"
        self._process: subprocess.Popen[bytes] | None = None

    def serve(self) -> None:
        words = ("kiosk-demo", "--port", str(self._port), "--scene", "recognising", "--language", "en")
        self._process = subprocess.Popen(
            (sys.executable, "-m", "edge", *words), cwd=REPOSITORY, stdout=subprocess.DEVNULL
        )
        wait(self._served, 60, "the page is served")

    def take_away(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _served(self) -> bool:
        try:
            with urllib.request.urlopen(self.url, timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            return False


@pytest.fixture(scope="session")
def debian() -> Path:
    """A Debian 13 with cage, Chromium and grim."""
    if os.environ.get("FINGERPOST_SCREEN") != "1":
        pytest.skip("FINGERPOST_SCREEN=1 makes a Debian 13 and shows the kiosk in it")
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"a Debian of its own needs {'root' if os.geteuid() else ', '.join(missing)}")
    pytest.importorskip("uvicorn", reason="the kiosk needs starlette and uvicorn: pip install 'fingerpost[kiosk]'")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(("nice", HERE / "build-chroot", CACHE), check=True, timeout=1800)
    return CACHE / "root"


@pytest.fixture
def site() -> Iterator[Site]:
    """A page that is not served yet."""
    made = Site()
    yield made
    made.take_away()

"""fingerpost-kiosk.service without systemd and without a display: its own command line, on a screen of memory.

The command, its surroundings and its filter of system calls are read from the unit. wlroots draws into memory
(``WLR_BACKENDS=headless``), and grim takes the picture of what a display would show.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
SANDBOX = REPOSITORY / "tests" / "systemd" / "sandbox.py"
UNIT = REPOSITORY / "systemd" / "fingerpost-kiosk.service"
USER = "fingerpost-kiosk"
RUNTIME = f"/run/{USER}"

_HEADLESS = {"WLR_BACKENDS": "headless", "WLR_RENDERER": "pixman"}


def setting(name: str) -> str:
    """The one value of a setting of the unit."""
    (value,) = re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)
    return str(value)


def wait(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Until it holds; an error that says ``what`` did not come about."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.2)


class Session:
    """One start of the unit. It tells what systemd would hear, and which processes are its own."""

    def __init__(self, root: Path, scratch: Path, url: str) -> None:
        self._log = scratch / "log"
        runtime = scratch / "runtime"
        runtime.mkdir()
        shutil.copy(SANDBOX, runtime)
        owner = next(
            line.split(":") for line in (root / "etc/passwd").read_text().splitlines() if line.startswith(USER)
        )
        self._heard: set[str] = set()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(str(runtime / "notify"))
        for path in (runtime, runtime / "notify"):
            os.chown(path, int(owner[2]), int(owner[3]))
        given = {**_environment(), "FINGERPOST_PAGE": url}
        words = [_expand(word, given) for word in shlex.split(setting("ExecStart"))]
        # With a short watchdog every answer of the page is told, not only those that systemd needs.
        told = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
            "NOTIFY_SOCKET": f"{RUNTIME}/notify",
            "WATCHDOG_USEC": "4000000",
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                (
                    *("nice", "unshare", "--mount", "--pid", "--fork", "--kill-child"),
                    *(HERE / "enter", root, REPOSITORY / "edge", runtime),
                    *("/usr/bin/python3", f"{RUNTIME}/{SANDBOX.name}", "--load", _calls()),
                    *words,
                ),
                env={**given, **_HEADLESS, **told},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def code(self) -> int | None:
        """What it ended with, None while it runs."""
        return self._process.poll()

    @property
    def log(self) -> str:
        """All that was written."""
        return self._log.read_text(errors="replace")

    def hears(self, word: str) -> bool:
        """Whether systemd was told ``word`` since this was asked last."""
        while True:
            try:
                self._heard |= set(self._socket.recv(4096).decode().splitlines())
            except BlockingIOError:
                break
        found = word in self._heard
        self._heard.discard(word)
        return found

    def expect(self, word: str, seconds: float) -> None:
        """Until systemd is told ``word``; an error if the session ends before, or it takes longer."""
        wait(lambda: self.hears(word) or self.code is not None, seconds, word)
        assert self.code is None, self.log

    def ended(self, seconds: float) -> int:
        """What it ends with, within so long."""
        return self._process.wait(seconds)

    def processes(self, word: str = "") -> list[int]:
        """Its processes, or those with a word in their command line."""
        parents = _parents()
        found: list[int] = []
        more = {self._process.pid}
        while more:
            more = {pid for pid, parent in parents.items() if parent in more}
            found += more
        return [pid for pid in found if word in _read(pid, "cmdline")]

    def filters(self, word: str) -> list[int]:
        """How many filters of system calls lie on each of those processes."""
        return [
            int(found[1])
            for pid in self.processes(word)
            if (found := re.search(r"^Seccomp_filters:\s*(\d+)$", _read(pid, "status"), re.MULTILINE))
        ]

    def picture(self) -> Image.Image:
        """What a display would show."""
        inside = ("nsenter", f"--target={self._main}", "--mount", "--pid")
        seen = {"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": RUNTIME, "WAYLAND_DISPLAY": "wayland-0"}
        done = subprocess.run((*inside, "grim", "-"), env=seen, capture_output=True, timeout=60, check=True)
        with Image.open(BytesIO(done.stdout)) as picture:
            return picture.convert("RGB")

    def end(self) -> None:
        """End whatever still runs: with the first process of a namespace end all of it, and its mounts."""
        if self.code is None:
            os.kill(self._main, signal.SIGKILL)
            self._process.wait(30)
        self._socket.close()

    @property
    def _main(self) -> int:
        """What systemd calls the main process."""
        (main,) = [pid for pid, parent in _parents().items() if parent == self._process.pid]
        return main


@contextmanager
def session(root: Path, scratch: Path, url: str) -> Iterator[Session]:
    """One start, ended at the end; ``scratch`` is a folder that is not there yet."""
    scratch.mkdir()
    started = Session(root, scratch, url)
    try:
        yield started
    finally:
        started.end()


def _environment() -> dict[str, str]:
    lines = re.findall(r"^Environment=(.*)$", UNIT.read_text(), re.MULTILINE)
    return dict(word.split("=", 1) for line in lines for word in shlex.split(line))


def _calls() -> str:
    """The system calls that the unit allows, as this machine's systemd understands it."""
    done = subprocess.run((sys.executable, SANDBOX, "--calls", UNIT), capture_output=True, text=True, check=True)
    return done.stdout


def _expand(word: str, given: Mapping[str, str]) -> str:
    """As systemd does it: the value stays one word."""
    return re.sub(r"\$\{(\w+)\}", lambda found: given[found[1]], word)


def _parents() -> dict[int, int]:
    """Every process of this machine, and who started it."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        if stat := _read(int(folder.name), "stat"):
            found[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
    return found


def _read(pid: int, name: str) -> str:
    """A file of a process; nothing when it has ended."""
    try:
        return Path("/proc", str(pid), name).read_text(errors="replace")
    except OSError:
        return ""

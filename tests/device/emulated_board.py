"""An arm64 board that is not there: Debian under ``qemu-system-aarch64``, driven from a test.

`Guest.run` sends a shell command to the agent inside (`agent`, over a virtio port) and returns its output. The guest's
journal goes to its serial line, where `Guest.expect` reads along without disturbing it. Killing the emulator is the
power cut; `Guest.freeze` keeps a running board, memory and all, so that others begin where it stood.

The guest's clock counts instructions (``-icount``), as if its processor did `MILLIONS_A_SECOND` of them: a host that is
busy makes the board slow to watch, but never late. So bounds in the guest are seconds of the guest, and the same
everywhere; seconds of the host only end a test that is stuck.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

CORES = 2
MEMORY_MB = 1024
"""The smallest Raspberry Pi 4."""
_SHIFT = 2
MILLIONS_A_SECOND = 1000 >> _SHIFT
"""Instructions of all cores together; about what a 2.5 GHz x86 core emulates. A Pi 4 does some twenty times as many."""
PATIENCE = float(os.environ.get("FINGERPOST_DEVICE_PATIENCE", "10"))
"""Host seconds for each that a quiet host needs before a test counts as stuck; no bound in the guest stretches."""
_BOOT_S = 120.0
_KERNEL_WORDS = "root=/dev/vda rw console=ttyAMA0 quiet panic=1 systemd.show_status=0"
_JOURNAL = re.compile(r"^\[ *(?P<time>\d+\.\d+)\] (?P<source>[^:\[]+)(?:\[\d+\])?: (?P<text>.*)$")


@dataclass(frozen=True)
class Answer:
    """What a command printed, both streams, and its exit code."""

    code: int
    text: str


@dataclass(frozen=True)
class Line:
    """One line of the journal; ``time`` is in seconds of the guest since it was switched on."""

    time: float
    source: str
    text: str


@dataclass(frozen=True)
class Parts:
    """What a board is made of: kernel and initrd, and a read-only card with what the tests need (/srv/test)."""

    kernel: Path
    initrd: Path
    material: Path


@dataclass(frozen=True)
class Frozen:
    """A board as it stood at a moment: its memory, and its card, which goes on as an `overlay` only."""

    memory: Path
    card: Path


class Guest:
    """A running board. What it writes stays on ``card`` (qcow2); with ``memory`` of a frozen one it goes on there."""

    def __init__(
        self, parts: Parts, card: Path, *, scratch: Path, processor: str = "cortex-a72", memory: Path | None = None
    ) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        self.console = scratch / "console.log"
        agent, control = scratch / "agent", scratch / "control"
        for path in (agent, control):
            path.unlink(missing_ok=True)
        command = (
            "qemu-system-aarch64",
            *("-machine", "virt", "-accel", "tcg,thread=single", "-icount", f"shift={_SHIFT}", "-cpu", processor),
            *("-smp", str(CORES), "-m", str(MEMORY_MB), "-nic", "none", "-display", "none", "-no-reboot"),
            *("-kernel", str(parts.kernel), "-initrd", str(parts.initrd), "-append", _KERNEL_WORDS),
            *("-drive", f"file={card},if=none,id=card,format=qcow2", "-device", "virtio-blk-pci,drive=card"),
            *("-drive", f"file={parts.material},if=none,id=material,format=raw,readonly=on"),
            *("-device", "virtio-blk-pci,drive=material"),
            *("-device", "virtio-serial-pci", "-chardev", f"socket,id=agent,path={agent},server=on,wait=off"),
            *("-device", "virtserialport,chardev=agent,name=agent"),
            *("-qmp", f"unix:{control},server=on,wait=off", "-serial", f"file:{self.console}"),
            *(("-incoming", f"exec:cat {memory}") if memory else ()),
        )
        # A session of its own: a host that shares its time between sessions gives each board a share.
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        self._sockets: list[socket.socket] = []
        self._number = 0
        try:
            self._agent = self._connect(agent)
            self._control_path = control
            self.run("true", timeout=_BOOT_S)
        except BaseException as error:
            self.cut_power()
            tail = self.console.read_text(errors="replace")[-2000:] if self.console.exists() else ""
            raise AssertionError(f"the guest did not start: {error!r}\n{tail}") from error

    def run(self, command: str, *, timeout: float = 30.0, check: bool = True) -> Answer:
        """Run shell as root. Fails the test when ``check`` and its exit code is not 0.

        ``timeout`` is in seconds of a quiet host, after which the board counts as stuck.
        """
        self._number += 1
        self._sockets[0].settimeout(timeout * PATIENCE)
        self._agent.write(f"{self._number} {' '.join(command.splitlines())}\n".encode())
        self._agent.flush()
        words: list[bytes] = []
        while words[:2] != [b"BEGIN", str(self._number).encode()]:  # a board that went on may still answer another
            line = self._agent.readline()
            assert line, f"the guest is gone: {command}"
            words = line.split()
        text = self._agent.read(int(words[2])).decode(errors="replace")
        code = int(words[3])
        assert code == 0 or not check, f"{command}\nexit code {code}\n{text}\n{self.tail()}"
        return Answer(code, text)

    def now(self) -> float:
        """Seconds of the guest since it was switched on."""
        return float(self.run("cat /proc/uptime").text.split()[0])

    def journal(self, since: float = 0.0) -> list[Line]:
        """What was written to the journal from ``since`` on, as long as this board ran."""
        text = self.console.read_text(errors="replace") if self.console.exists() else ""
        found = (_JOURNAL.match(line.strip()) for line in text.splitlines())
        lines = [Line(float(match["time"]), match["source"], match["text"]) for match in found if match]
        return [line for line in lines if line.time >= since]

    def expect(self, pattern: str, *, since: float, within: float) -> Line:
        """The first line of the journal from ``since`` on that matches; fails ``within`` seconds of the guest later."""
        while True:
            now = self.now()
            for line in self.journal(since):
                if re.search(pattern, line.text):
                    return line
            assert now < since + within, f"not within {within:g} s: {pattern}\n{self.tail()}"
            # Asking costs the guest time that it needs itself.
            self.run("sleep 2")

    def wait_for(self, command: str, *, within: float, every: float = 1.0) -> None:
        """Repeat ``command`` each ``every`` seconds until it succeeds; fails after ``within`` seconds of the guest."""
        clock = "$(cut -d. -f1 /proc/uptime)"
        late = f"[ {clock} -lt $end ] || exit 99"
        loop = f"end=$(( {clock} + {within:.0f} )); until {command}; do {late}; sleep {every}; done"
        answer = self.run(loop, timeout=30 + 2 * within, check=False)
        assert answer.code == 0, f"not within {within:g} s: {command}\n{answer.text[-500:]}\n{self.tail()}"

    def tail(self, lines: int = 40) -> str:
        """The journal's last words, for a failing test."""
        return "\n".join(f"{line.time:.1f} {line.source}: {line.text}" for line in self.journal()[-lines:])

    def freeze(self, memory: Path) -> None:
        """Stop the board for good and keep its memory, to go on with an overlay of its card."""
        self.run("sync; echo 3 > /proc/sys/vm/drop_caches")
        part = memory.with_suffix(".part")
        control = self._connect(self._control_path)
        control.readline()
        _order(control, "qmp_capabilities")
        _order(control, "migrate-set-parameters", **{"max-bandwidth": 1 << 33})
        _order(control, "migrate", uri=f"exec:cat > {part}")
        deadline = time.monotonic() + 60 * PATIENCE
        while (state := _order(control, "query-migrate").get("status")) != "completed":
            assert state != "failed" and time.monotonic() < deadline, state
            time.sleep(0.5)
        _order(control, "quit")
        self._process.wait(60)
        self.cut_power()
        part.replace(memory)

    def cut_power(self) -> None:
        """The plug is pulled: nothing is flushed, nobody is told."""
        self._process.kill()
        self._process.wait()
        for connection in self._sockets:
            connection.close()

    def _connect(self, path: Path) -> IO[bytes]:
        connection = socket.socket(socket.AF_UNIX)
        self._sockets.append(connection)
        deadline = time.monotonic() + 30 * PATIENCE
        while True:
            try:
                connection.connect(str(path))
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.1)
            else:
                return connection.makefile("rwb")

    def __repr__(self) -> str:
        return f"<Guest {self._process.pid}>"


def overlay(base: Path, path: Path) -> Path:
    """A card that starts as ``base`` and keeps its changes to itself."""
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = "raw" if base.suffix == ".img" else "qcow2"
    subprocess.run(
        ("qemu-img", "create", "-q", "-f", "qcow2", "-F", kind, "-b", str(base.resolve()), str(path)), check=True
    )
    return path


def _order(control: IO[bytes], name: str, **arguments: Any) -> dict[str, Any]:
    """One command of QEMU's machine protocol; its answer."""
    control.write(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
    control.flush()
    while True:
        answer = json.loads(control.readline())
        assert "error" not in answer, answer
        if "return" in answer:
            return dict(answer["return"])

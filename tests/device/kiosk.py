"""The kiosk on an emulated board: what its service does, and what the tests do to it."""

from __future__ import annotations

import json
import re
from typing import Any

from .emulated_board import Guest, Line

UNIT = "fingerpost.service"
STORE = "/var/lib/fingerpost"
VIVID = "/sys/bus/platform/drivers/vivid"
DEVICE = "vivid.0"
ACTIVATE = (
    'cd /; /opt/fingerpost/bin/python -I -c "from pathlib import Path; from edge.bundle.store import Store;'
    f" Store(Path('{STORE}')).activate('fingerpost-hands', '2.0.0')\""
)
"""What `fingerpost activate` does after the networks have proved themselves, which takes an emulated board minutes."""
LAST_FED = f"systemctl show {UNIT} --property=WatchdogTimestampMonotonic --value"
READY_S = 90.0
"""Guest seconds in which a started service must be ready: the unit's TimeoutStartSec."""
PAUSE_S = 5.0
"""The unit's RestartSec."""
BACK_S = PAUSE_S + READY_S


class Kiosk:
    """A board with our package."""

    def __init__(self, guest: Guest) -> None:
        self.guest = guest
        self.run = guest.run

    @property
    def pid(self) -> int:
        """The service's main process; 0 while there is none."""
        return int(self._property("MainPID"))

    @property
    def camera_pid(self) -> int:
        """The process that reads the camera."""
        main = self.pid
        return next(process for process in self._processes() if process != main)

    @property
    def restarts(self) -> int:
        """How often systemd started the service again."""
        return int(self._property("NRestarts"))

    @property
    def fed(self) -> int:
        """When the watchdog was last fed, in microseconds of the guest."""
        return int(self.run(LAST_FED).text)

    @property
    def status(self) -> str:
        """The service's own word about itself."""
        return self._property("StatusText")

    @property
    def state(self) -> str:
        """systemd's word: active, activating, failed, ..."""
        return self._property("ActiveState")

    @property
    def version(self) -> str:
        """The active bundle's version; quick, because it only follows a link."""
        found = re.search(r"/([^/]+)-\d+$", self.run(f"readlink {STORE}/active").text.strip())
        assert found, "no bundle is active"
        return found[1]

    def bundle_states(self) -> dict[str, str]:
        """What became of each version, by the store's record."""
        record = json.loads(self.run(f"cat {STORE}/record.json").text)
        return {key.rpartition("/")[2].rpartition("-")[0]: note["state"] for key, note in record["notes"].items()}

    def memory(self) -> list[dict[str, Any]]:
        """Each process of the service: its words, resident and proportional memory in MB."""
        shown = self.run(f"for p in {' '.join(map(str, self._processes()))}; do"
                         " tr '\\0' ' ' < /proc/$p/cmdline; echo; cat /proc/$p/smaps_rollup; done").text  # fmt: skip
        found: list[dict[str, Any]] = []
        for line in shown.splitlines():
            if match := re.match(r"(Rss|Pss|Pss_Anon|Pss_File|Pss_Shmem|Shared_Clean): +(\d+) kB", line):
                found[-1][match[1].lower()] = int(match[2]) * 1024 / 1e6
            elif "-m edge" in line:
                found.append({"words": line.split("-m ")[1].strip()})
        return found

    def ready(self, since: float, *, within: float = READY_S) -> Line:
        """systemd says that the service is ready, which it does at the first frame that went through."""
        return self.guest.expect(r"^Started fingerpost\.service", since=since, within=within)

    def unplug_camera(self) -> None:
        """Take the camera from its driver, as a pulled plug does."""
        self.run(f"echo {DEVICE} > {VIVID}/unbind")

    def plug_camera(self) -> None:
        """Give it back."""
        self.run(f"echo {DEVICE} > {VIVID}/bind")

    def fill_disk(self) -> None:
        """Leave no block that a file could have, not even of those that only root may use."""
        free = "$(( $(stat -f -c '%f * %S' /) ))"
        self.run(
            f"fallocate -l {free} /var/fill 2>/dev/null; dd if=/dev/zero of=/var/fill2 bs=4k 2>/dev/null; true",
            timeout=120,
        )
        assert int(self.run("stat -f -c %a /").text) == 0

    def begin(self, command: str) -> None:
        """Start a command that nobody waits for."""
        self.run(f"( {command} ) > /run/begun.log 2>&1 < /dev/null &")

    def _processes(self) -> list[int]:
        return [int(word) for word in self.run(f"cat /sys/fs/cgroup/system.slice/{UNIT}/cgroup.procs").text.split()]

    def _property(self, name: str) -> str:
        return self.run(f"systemctl show {UNIT} --property={name} --value").text.strip()

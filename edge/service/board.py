"""What the device suffers: heat, throttling, low voltage, memory, disk.

Everything is read from files that any user may read, since the service sees no privileged device:
``/sys/class/hwmon`` and ``/sys/class/thermal``, the Raspberry Pi firmware's ``get_throttled``, cpufreq, ``/proc``.
`Board` takes the root of those trees, so that any board can be played in a test (`fake_board`).
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

_PI_FLAGS = {
    0: "low voltage",
    1: "frequency capped",
    2: "throttled",
    3: "soft temperature limit",
}
"""Bits of the firmware's ``get_throttled`` that hold now (raspberrypi.com, vcgencmd); 16 bits higher: since boot."""
_PI_FIRMWARE = "sys/devices/platform/soc/soc:firmware/get_throttled"
_SINCE_BOOT = 16
_CAPPED = 0.95
"""A governor's limit below this share of the processor's highest frequency is throttling, not rounding."""
_HOTTEST_SENSIBLE = 150.0


@dataclass(frozen=True, slots=True)
class Readings:
    """The state of the board; None where the board does not tell.

    ``temperature`` of the hottest sensor in °C; ``limits`` what holds the processor back now, ``past_limits`` what did
    since boot; memory and disk in bytes, ``resident`` of this process; ``frequency`` in MHz.
    """

    temperature: float | None
    limits: tuple[str, ...]
    past_limits: tuple[str, ...]
    frequency: float | None
    memory_total: int
    memory_available: int
    resident: int
    disk_total: int
    disk_free: int

    @property
    def throttled(self) -> bool:
        """Whether the processor runs slower than it could."""
        return bool(self.limits)


class Board:
    """Reads this device; ``disk`` is a folder on the file system to watch."""

    def __init__(self, *, root: Path = Path("/"), disk: Path = Path("/")) -> None:
        self._root, self._disk = root, disk

    def read(self) -> Readings:
        """The readings of this moment; a few milliseconds."""
        now, before = self._firmware()
        memory = self._memory()
        disk = shutil.disk_usage(_existing(self._disk))
        return Readings(
            temperature=self._temperature(),
            limits=tuple(dict.fromkeys((*now, *self._voltage(), *self._governor()))),
            past_limits=before,
            frequency=self._frequency("scaling_cur_freq"),
            memory_total=memory.get("MemTotal", 0),
            memory_available=memory.get("MemAvailable", 0),
            resident=self._resident(),
            disk_total=disk.total,
            disk_free=disk.free,
        )

    def model(self) -> str:
        """The board's name as its maker wrote it; the processor's architecture where nobody did."""
        for name in ("proc/device-tree/model", "sys/class/dmi/id/product_name"):
            if text := self._text(name).strip("\0 \n"):
                return text
        return os.uname().machine

    def _text(self, name: str) -> str:
        try:
            return (self._root / name).read_text(errors="replace")
        except OSError:
            return ""

    def _temperature(self) -> float | None:
        """In thousandths of a degree in both trees; sensors that are not connected give absurd values."""
        names = ("sys/class/thermal/thermal_zone*/temp", "sys/class/hwmon/hwmon*/temp*_input")
        texts = (self._text(str(path.relative_to(self._root))) for name in names for path in self._root.glob(name))
        values = [int(text) / 1000 for text in texts if text.strip().lstrip("-").isdecimal()]
        return max((value for value in values if 0 < value < _HOTTEST_SENSIBLE), default=None)

    def _firmware(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        try:
            bits = int(self._text(_PI_FIRMWARE).strip() or "0", 16)
        except ValueError:
            bits = 0
        now = tuple(text for bit, text in _PI_FLAGS.items() if bits >> bit & 1)
        before = tuple(text for bit, text in _PI_FLAGS.items() if bits >> (bit + _SINCE_BOOT) & 1)
        return now, before

    def _voltage(self) -> tuple[str, ...]:
        """The kernel's own alarm on a Raspberry Pi (driver raspberrypi-hwmon)."""
        for path in self._root.glob("sys/class/hwmon/hwmon*/in0_lcrit_alarm"):
            if self._text(str(path.relative_to(self._root))).strip() == "1":
                return ("low voltage",)
        return ()

    def _governor(self) -> tuple[str, ...]:
        allowed, highest = self._frequency("scaling_max_freq"), self._frequency("cpuinfo_max_freq")
        return ("frequency capped",) if allowed and highest and allowed < _CAPPED * highest else ()

    def _frequency(self, name: str) -> float | None:
        text = self._text(f"sys/devices/system/cpu/cpu0/cpufreq/{name}").strip()
        return int(text) / 1000 if text.isdecimal() else None

    def _memory(self) -> dict[str, int]:
        lines = (line.split() for line in self._text("proc/meminfo").splitlines())
        return {
            words[0].rstrip(":"): int(words[1]) * 1024 for words in lines if len(words) > 1 and words[1].isdecimal()
        }

    def _resident(self) -> int:
        words = self._text("proc/self/statm").split()
        return int(words[1]) * os.sysconf("SC_PAGE_SIZE") if len(words) > 1 else 0

    def __repr__(self) -> str:
        return f"<Board {self.model()}>"


def fake_board(root: Path, *, temperature: float = 45.0, throttled: int = 0, model: str = "Fake Board") -> Board:
    """A board played by files under ``root``; call it again for other values. ``throttled`` are the firmware's bits."""
    files = {
        "sys/class/thermal/thermal_zone0/temp": f"{int(temperature * 1000)}\n",
        _PI_FIRMWARE: f"{throttled:x}\n",
        "proc/device-tree/model": f"{model}\0",
        "proc/meminfo": "MemTotal: 4000000 kB\nMemAvailable: 3000000 kB\n",
        "proc/self/statm": "30000 20000 5000 1 0 9000 0\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Board(root=root, disk=root)


def _existing(path: Path) -> Path:
    """The folder itself, or the nearest one above that is there."""
    return next(each for each in (path, *path.absolute().parents) if each.exists())

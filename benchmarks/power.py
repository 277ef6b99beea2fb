"""What the board takes, in watts, where it says so: files of the kernel that any user may read.

* ``power*_input`` of a hwmon device, microwatts (INA219/226/238, many server boards);
* ``in*_input`` (millivolts) times ``curr*_input`` (milliamperes) of one channel, which is how the INA3221 of a Jetson
  gives its rails: ``VDD_IN`` is the whole board;
* ``energy_uj`` of Intel's RAPL, a counter of microjoules, where it may be read: on most systems by root only.

A Raspberry Pi has no such sensor for the board as a whole; a Pi 5 knows its rails, but gives them to root only.
(Linux, Documentation/hwmon/sysfs-interface.rst, ina3221.rst, and Documentation/power/powercap/powercap.rst.)
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

_MICRO = 1e-6


class PowerSensors:
    """The sensors of this machine; ``root`` is where /sys is found."""

    def __init__(self, root: Path = Path("/"), *, clock: Callable[[], float] = time.monotonic) -> None:
        self._root, self._clock = root, clock
        self._counted: dict[str, tuple[float, int]] = {}

    def read(self) -> dict[str, float]:
        """Watts by sensor, empty where there is none. A counter answers from its second reading on: with the mean since
        the one before."""
        found: dict[str, float] = {}
        for device in sorted(self._root.glob("sys/class/hwmon/hwmon*")):
            name = _text(device / "name") or device.name
            found |= _powers(device, name) or _rails(device, name)
        return found | self._counters()

    def _counters(self) -> dict[str, float]:
        found = {}
        for zone in sorted(self._root.glob("sys/class/powercap/intel-rapl:[0-9]*")):
            energy, now = _number(zone / "energy_uj"), self._clock()
            if energy is None:
                continue
            name = f"{_text(zone / 'name') or 'zone'} ({zone.name})"
            before, counted = self._counted.get(name, (now, energy))
            if now > before:
                most = _number(zone / "max_energy_range_uj")  # the counter begins anew beyond it
                spent = (energy - counted) % (most + 1) if most else energy - counted
                found[name] = spent * _MICRO / (now - before)
            self._counted[name] = (now, energy)
        return found


def _powers(device: Path, name: str) -> dict[str, float]:
    found = {}
    for path in sorted(device.glob("power*_input")):
        value = _number(path)
        if value is not None:
            found[_label(device, path.name.removesuffix("_input"), name)] = value * _MICRO
    return found


def _rails(device: Path, name: str) -> dict[str, float]:
    """Channels that give both voltage and current."""
    found = {}
    for path in sorted(device.glob("curr*_input")):
        channel = re.sub(r"\D", "", path.name)
        current, voltage = _number(path), _number(device / f"in{channel}_input")
        if current is not None and voltage is not None:
            found[_label(device, f"in{channel}", name)] = current * voltage * _MICRO
    return found


def _label(device: Path, channel: str, name: str) -> str:
    return f"{name} {_text(device / f'{channel}_label') or channel}"


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text is not None and text.lstrip("-").isdecimal() else None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace").strip("\0 \n")
    except OSError:  # not there, or not for this user
        return None

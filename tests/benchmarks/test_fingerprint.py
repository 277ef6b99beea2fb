"""The fingerprint, of this machine and of a board made of files."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from benchmarks import fingerprint

PI_CPUINFO = """processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid asimddp fphp asimdhp
CPU implementer\t: 0x41
CPU part\t: 0xd0b

processor\t: 1
CPU part\t: 0xd0b
"""


def test_this_machine_is_described_on_one_line_and_in_json() -> None:
    found = fingerprint.take()
    assert found.packages["numpy"] == np.__version__
    assert 1 <= found.cores_allowed <= found.cores
    assert "\n" not in found.line
    assert found.cpu in found.line
    assert json.loads(json.dumps(asdict(found)))["python"] == found.python


def test_a_raspberry_pi_is_named_with_its_governor_and_its_int8_instructions(tmp_path: Path) -> None:
    for name, text in {
        "proc/cpuinfo": PI_CPUINFO,
        "proc/meminfo": "MemTotal:        8258560 kB\nMemFree: 1 kB\n",
        "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "ondemand\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = fingerprint.take(tmp_path)
    assert found.board == "Raspberry Pi 5 Model B Rev 1.0"
    assert found.cpu == "implementer 0x41 part 0xd0b"
    assert found.features == ("asimddp", "fphp", "asimdhp")
    assert (found.governor, found.memory_mib) == ("ondemand", 8065)


def test_a_machine_that_tells_nothing_is_still_described(tmp_path: Path) -> None:
    found = fingerprint.take(tmp_path)
    assert found.governor is None
    assert found.memory_mib is None
    assert "governor unknown" in found.line


def test_a_board_with_two_kinds_of_cores_is_described_in_full(tmp_path: Path) -> None:
    for name, text in {
        "proc/cpuinfo": PI_CPUINFO + "flags\t\t: hypervisor avx2\n",
        "etc/os-release": 'NAME="Ubuntu"\nPRETTY_NAME="Ubuntu 22.04.4 LTS"\n',
        "sys/class/thermal/thermal_zone0/temp": "48500\n",
        "sys/devices/platform/soc/soc:firmware/get_throttled": "4\n",
        **{
            f"sys/devices/system/cpu/cpu{core}/cpufreq/{file}": f"{value}\n"
            for core, (governor, high) in enumerate([("schedutil", 1800000), ("performance", 2400000)])
            for file, value in {
                "scaling_governor": governor,
                "cpuinfo_min_freq": 600000,
                "cpuinfo_max_freq": high,
            }.items()
        },
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = fingerprint.take(tmp_path)
    assert found.governors == ("schedutil", "performance")
    assert found.frequency_mhz == (600, 2400)
    assert (found.temperature, found.limits, found.virtual) == (48.5, ("throttled",), True)
    assert found.distribution == "Ubuntu 22.04.4 LTS"
    assert found.taken.endswith("+00:00") and found.command.startswith("python -m benchmarks")
    assert "governor schedutil/performance" in found.line


def test_a_machine_with_more_to_do_than_cores_is_busy() -> None:
    found = fingerprint.take()
    assert replace(found, load=found.cores_allowed + 0.1).busy
    assert not replace(found, load=0.0).busy

"""The board beside a measurement."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.loops.results import Reading
from benchmarks.monitor import Monitor, mean_watts
from benchmarks.power import PowerSensors
from edge.service.board import fake_board


def test_it_reads_temperature_limits_and_power_as_long_as_its_block_runs(tmp_path: Path) -> None:
    board = fake_board(tmp_path, temperature=71.5, throttled=0b100)
    rail = tmp_path / "sys/class/hwmon/hwmon1"
    rail.mkdir(parents=True)
    (rail / "power1_input").write_text("3000000")
    now = iter(float(n) for n in range(10_000))
    with Monitor(board=board, sensors=PowerSensors(tmp_path), every=0.01, clock=lambda: next(now)) as monitor:
        while len(monitor.readings) < 3:
            pass
    taken = len(monitor.readings)
    first = monitor.readings[0]
    assert (first.temperature, first.limits, first.watts) == (71.5, ("throttled",), {"hwmon1 power1": 3.0})
    assert [each.time for each in monitor.readings] == sorted({each.time for each in monitor.readings})
    assert len(monitor.readings) == taken, "nothing is read afterwards"


def test_the_mean_is_of_sensors_that_always_answered() -> None:
    readings = [Reading(0, None, None, (), {"a": 1.0, "b": 5.0}), Reading(1, None, None, (), {"a": 3.0})]
    assert mean_watts(readings) == {"a": pytest.approx(2.0)}
    assert mean_watts([]) == {}

"""Watts, from files of the kernel as boards have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.power import PowerSensors


def write(root: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text + "\n")


def test_a_jetson_s_rails_are_voltage_times_current(tmp_path: Path) -> None:
    write(
        tmp_path / "sys/class/hwmon/hwmon3",
        {"name": "ina3221", "in1_label": "VDD_IN", "in1_input": "5000", "curr1_input": "1200",
         "in2_input": "5000", "curr2_input": "300", "in7_label": "sum of shunt voltages", "in7_input": "80"},
    )  # fmt: skip
    found = PowerSensors(tmp_path).read()
    assert found == {"ina3221 VDD_IN": pytest.approx(6.0), "ina3221 in2": pytest.approx(1.5)}


def test_a_sensor_of_power_is_read_as_it_is(tmp_path: Path) -> None:
    write(tmp_path / "sys/class/hwmon/hwmon0", {"name": "ina226", "power1_input": "7250000", "in1_input": "12000",
                                                "curr1_input": "600"})  # fmt: skip
    assert PowerSensors(tmp_path).read() == {"ina226 power1": pytest.approx(7.25)}


def test_a_counter_of_energy_gives_the_mean_power_since_the_reading_before_also_when_it_begins_anew(
    tmp_path: Path,
) -> None:
    zone = tmp_path / "sys/class/powercap/intel-rapl:0"
    now = [10.0]
    sensors = PowerSensors(tmp_path, clock=lambda: now[0])
    write(zone, {"name": "package-0", "energy_uj": "1000000", "max_energy_range_uj": "9999999"})
    assert sensors.read() == {}
    now[0], counted = 12.0, 9_000_000
    write(zone, {"energy_uj": str(counted)})
    assert sensors.read() == {"package-0 (intel-rapl:0)": pytest.approx(4.0)}
    now[0] = 14.0
    write(zone, {"energy_uj": "1000000"})
    assert sensors.read() == {"package-0 (intel-rapl:0)": pytest.approx(1.0)}


def test_a_board_without_sensors_reports_nothing(tmp_path: Path) -> None:
    write(tmp_path / "sys/class/hwmon/hwmon0", {"name": "cpu_thermal", "temp1_input": "51000", "in0_lcrit_alarm": "0"})
    assert PowerSensors(tmp_path).read() == {}

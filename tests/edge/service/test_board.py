from __future__ import annotations

import os

import pytest

from edge.service.board import Board, fake_board


def test_this_machine_can_be_read():
    readings = Board().read()
    assert readings.memory_total > readings.memory_available > 0
    assert readings.resident > 5e6
    assert readings.disk_total >= readings.disk_free > 0
    assert Board().model()


def test_a_cool_board_is_held_back_by_nothing(tmp_path):
    readings = fake_board(tmp_path, temperature=45.5, model="Raspberry Pi 4 Model B").read()
    assert readings.temperature == 45.5
    assert readings.limits == () and not readings.throttled
    assert readings.resident == 20000 * os.sysconf("SC_PAGE_SIZE")
    assert Board(root=tmp_path).model() == "Raspberry Pi 4 Model B"


@pytest.mark.parametrize(
    ("bits", "now", "before"),
    [
        (0x1, ("low voltage",), ()),
        (0x4, ("throttled",), ()),
        (0x50005, ("low voltage", "throttled"), ("low voltage", "throttled")),
        (0x80000, (), ("soft temperature limit",)),
    ],
)
def test_the_firmwares_bits_are_read(tmp_path, bits, now, before):
    readings = fake_board(tmp_path, throttled=bits).read()
    assert readings.limits == now and readings.past_limits == before


def test_the_hottest_sensible_sensor_counts(tmp_path):
    board = fake_board(tmp_path, temperature=50)
    for number, value in enumerate(("71250", "-273000", "250000", "nonsense")):
        (tmp_path / f"sys/class/hwmon/hwmon{number}").mkdir(parents=True)
        (tmp_path / f"sys/class/hwmon/hwmon{number}/temp1_input").write_text(value)
    assert board.read().temperature == 71.25


def test_a_capped_governor_is_throttling(tmp_path):
    board = fake_board(tmp_path)
    folder = tmp_path / "sys/devices/system/cpu/cpu0/cpufreq"
    folder.mkdir(parents=True)
    (folder / "cpuinfo_max_freq").write_text("1800000\n")
    (folder / "scaling_max_freq").write_text("1800000\n")
    assert not board.read().throttled
    (folder / "scaling_max_freq").write_text("600000\n")
    assert board.read().limits == ("frequency capped",)


def test_the_kernels_voltage_alarm_counts_once_beside_the_firmwares(tmp_path):
    board = fake_board(tmp_path, throttled=1)
    (tmp_path / "sys/class/hwmon/hwmon9").mkdir(parents=True)
    (tmp_path / "sys/class/hwmon/hwmon9/in0_lcrit_alarm").write_text("1\n")
    assert board.read().limits == ("low voltage",)


def test_a_board_that_tells_nothing_is_no_error(tmp_path):
    readings = Board(root=tmp_path, disk=tmp_path / "not" / "there").read()
    assert readings.temperature is None and readings.limits == () and readings.memory_total == 0
    assert readings.disk_total > 0

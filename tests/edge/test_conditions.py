"""How the device is: told when it begins and when it is over, never twice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from edge.bundle.acceptance import Acceptance, VariantResult
from edge.bundle.layout import Installed, StoreStatus
from edge.conditions import OnCpu, RolledBack, TooHot, Updating
from edge.service.board import Readings
from edge.types import BESIDE, State

WELL = Readings(
    temperature=51.0,
    limits=(),
    past_limits=(),
    frequency=None,
    memory_total=1,
    memory_available=1,
    resident=1,
    disk_total=1,
    disk_free=1,
)


@dataclass
class Device:
    """Whatever is asked of it."""

    on_trial: bool = False
    interval: float = 0.0
    readings: Readings | None = None


def test_an_update_is_told_until_its_trial_ends():
    device = Device(on_trial=True)
    updating = Updating(device, bundle="hands 0.2.0")
    assert updating.changes(1.0) == [State("updating", 1.0, "hands 0.2.0")]
    assert updating.changes(2.0) == []
    device.on_trial = False
    assert updating.changes(3.0) == [State("updating", 3.0, over=True)]
    assert updating.changes(4.0) == []


def test_a_bundle_that_is_not_on_trial_is_no_update():
    assert Updating(Device(), bundle="b").changes(0.0) == []


def test_heat_is_told_when_it_slows_the_reading():
    device = Device()
    hot = TooHot(device)
    assert hot.changes(0.0) == []
    device.readings = replace(WELL, temperature=84.6, limits=("soft temperature limit",))
    assert hot.changes(1.0) == [], "it is hot, and reads as fast as ever"
    device.interval = 0.1
    assert hot.changes(2.0) == [State("too-hot", 2.0, "85 °C")]
    assert hot.changes(3.0) == []
    device.interval, device.readings = 0.0, WELL
    assert hot.changes(4.0) == [State("too-hot", 4.0, over=True)]


def test_a_weak_power_supply_is_no_heat():
    assert TooHot(Device(interval=0.1, readings=replace(WELL, limits=("low voltage", "throttled")))).changes(0.0) == []


def bundle(serial: int, state: str, reason: str = "") -> Installed:
    return Installed("hands", f"0.{serial}.0", serial, state, Path("p"), False, False, reason=reason)


@pytest.mark.parametrize(
    ("others", "detail"),
    [
        ([bundle(3, "rolled-back", "it crashed")], "0.3.0: it crashed"),
        ([bundle(3, "rolled-back", "it crashed"), bundle(4, "rolled-back", "it hung")], "0.4.0: it hung"),
        ([bundle(3, "rolled-back", "it crashed"), bundle(4, "installed")], None),
        ([bundle(1, "rolled-back", "long ago")], None),
        ([replace(bundle(3, "rolled-back"), name="other")], None),
        ([], None),
    ],
)
def test_an_update_that_was_taken_back_is_told_with_its_reason_until_a_newer_one_comes(others, detail):
    active = bundle(2, "committed")
    rolled = RolledBack(StoreStatus(Path("s"), active, None, (active, *others)))
    assert rolled.changes(1.0) == ([] if detail is None else [State("rolled-back", 1.0, detail)])
    assert rolled.changes(2.0) == []


def test_a_store_without_an_active_bundle_says_nothing():
    assert RolledBack(StoreStatus(Path("s"), None, None, ())).changes(0.0) == []


def choice(role: str, chosen: str, barred: str = "") -> Acceptance:
    results = (VariantResult("fp32", "", 1.0, 0.0), VariantResult("fp16", barred, 1.0, 0.0))
    return Acceptance(chosen, "an engine", results, role)


def test_a_gpu_that_does_not_run_is_told_once_with_its_reason():
    on_cpu = OnCpu("there is no NVIDIA driver here", [choice("hand", "fp32", "not finite")])
    assert on_cpu.changes(0.5) == [State("on-cpu", 0.5, "there is no NVIDIA driver here")], "nothing else matters then"
    assert on_cpu.changes(1.0) == []


def test_a_network_that_the_gpu_could_not_run_is_named():
    on_cpu = OnCpu("", [choice("palm", "fp16"), choice("hand", "fp32", "it could not be built")])
    assert on_cpu.reason == "hand: it could not be built"
    on_cpu.lost("palm", "the engine is gone")
    assert [state.detail for state in on_cpu.changes(0.0)] == ["hand: it could not be built; palm: the engine is gone"]


def test_a_network_that_is_faster_on_the_cpu_is_no_fault():
    assert OnCpu("", [choice("classifier", "fp32")]).changes(0.0) == []


def test_all_of_them_stand_beside_what_the_recogniser_does():
    hot = TooHot(Device(interval=0.1, readings=WELL)).changes(0.0)
    updating = Updating(Device(on_trial=True), bundle="b").changes(0.0)
    on_cpu = OnCpu("no driver", ()).changes(0.0)
    assert {state.name for state in hot + updating + on_cpu} <= BESIDE

"""A bundle on trial is committed when it stays healthy and rolled back when it does not."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from edge.bundle.reader import open_bundle
from edge.bundle.samples import write_sample
from edge.bundle.store import Store
from edge.bundle.trial import MAX_STARTS, TrialGate
from edge.errors import BundleError, CheckFailedError, DependencyError, EngineError, SourceError


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """1.0.0 committed, 2.0.0 on trial."""
    store = Store(tmp_path / "store")
    for serial in (1, 2):
        with open_bundle(write_sample(tmp_path / "a.bundle", version=f"{serial}.0.0", serial=serial)) as bundle:
            store.activate("sample", store.install(bundle).build)
        if serial == 1:
            store.commit()
    return store


def _gate(store: Store, clock: Clock) -> TrialGate:
    gate = TrialGate(store, healthy_seconds=600, clock=clock)
    gate.begin()
    return gate


def _frames(gate: TrialGate, clock: Clock, seconds: float) -> None:
    for _ in range(int(seconds * 2)):
        clock.now += 0.5
        gate.frame()


def _active(store: Store) -> tuple[str, str]:
    active = store.status().active
    assert active is not None
    return active.version, active.state


def test_ten_healthy_minutes_commit_the_bundle(store: Store, clock: Clock) -> None:
    gate = _gate(store, clock)
    _frames(gate, clock, 599)
    assert _active(store) == ("2.0.0", "trial")
    _frames(gate, clock, 3)
    assert _active(store) == ("2.0.0", "committed")
    assert not gate.on_trial


def test_minutes_without_frames_do_not_count(store: Store, clock: Clock) -> None:
    gate = _gate(store, clock)
    _frames(gate, clock, 300)
    clock.now += 3600
    _frames(gate, clock, 299)
    assert _active(store) == ("2.0.0", "trial")
    _frames(gate, clock, 3)
    assert _active(store) == ("2.0.0", "committed")


def test_a_bundle_that_brings_the_service_down_is_rolled_back_at_one_start_too_many(store: Store, clock: Clock) -> None:
    for _ in range(MAX_STARTS):
        _frames(_gate(store, clock), clock, 300)
        assert _active(store) == ("2.0.0", "trial")
    gate = _gate(store, clock)
    assert _active(store) == ("1.0.0", "committed")
    assert not gate.on_trial
    bad = next(b for b in store.list() if b.version == "2.0.0")
    assert bad.state == "rolled-back"
    assert bad.reason == "started 3 times without being healthy for 10 minutes"
    _frames(gate, clock, 700)
    assert _active(store) == ("1.0.0", "committed")


def test_a_clean_stop_is_not_held_against_it(store: Store, clock: Clock) -> None:
    for _ in range(3 * MAX_STARTS):
        _gate(store, clock).end()
    assert _active(store) == ("2.0.0", "trial")


def test_numbers_that_are_not_finite_roll_back_at_once(store: Store, clock: Clock) -> None:
    gate = _gate(store, clock)
    _frames(gate, clock, 10)
    with pytest.raises(CheckFailedError, match="not finite"):
        gate.frame(finite=False)
    assert _active(store) == ("1.0.0", "committed")


def test_with_nothing_to_return_to_it_goes_on_and_says_so(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(tmp_path / "store")
    with open_bundle(write_sample(tmp_path / "a.bundle")) as bundle:
        store.install(bundle)
    store.activate("sample")
    with caplog.at_level(logging.WARNING):
        for _ in range(MAX_STARTS + 1):
            _gate(store, clock)
    assert "no previous bundle" in caplog.text
    assert _active(store) == ("1.0.0", "trial")


def test_a_committed_bundle_is_left_alone(store: Store, clock: Clock) -> None:
    store.commit()
    for _ in range(2 * MAX_STARTS):
        gate = _gate(store, clock)
        gate.frame(finite=False)
    assert _active(store) == ("2.0.0", "committed")


def test_a_store_that_is_not_there_does_not_stop_the_service(tmp_path: Path, clock: Clock) -> None:
    gate = _gate(Store(tmp_path / "none"), clock)
    gate.frame()
    gate.end()


@pytest.mark.parametrize(
    "error", [BundleError("a file was changed"), EngineError("inference failed"), CheckFailedError("another answer")]
)
def test_a_bundle_that_cannot_run_is_rolled_back_at_once_with_its_reason(store: Store, error: Exception) -> None:
    with pytest.raises(type(error)), TrialGate(store, healthy_seconds=600).judged():
        raise error
    assert _active(store) == ("1.0.0", "committed")
    bad = next(b for b in store.list() if b.version == "2.0.0")
    assert (bad.state, bad.reason) == ("rolled-back", str(error))


def test_what_is_no_fault_of_the_bundle_is_not_held_against_it(store: Store) -> None:
    for error in (SourceError("no picture came"), DependencyError("mediapipe is not installed")) * MAX_STARTS:
        with pytest.raises(type(error)), TrialGate(store, healthy_seconds=600).judged():
            raise error
    with TrialGate(store, healthy_seconds=600).judged():
        pass
    assert _active(store) == ("2.0.0", "trial")
    assert store.started() == 1


def test_what_nobody_foresaw_counts_as_a_start_without_health(store: Store) -> None:
    for _ in range(MAX_STARTS):
        with pytest.raises(ZeroDivisionError), TrialGate(store, healthy_seconds=600).judged():
            raise ZeroDivisionError
    with TrialGate(store, healthy_seconds=600).judged():
        assert _active(store) == ("1.0.0", "committed")


def test_a_committed_bundle_that_cannot_run_stays(store: Store) -> None:
    store.commit()
    with pytest.raises(EngineError), TrialGate(store, healthy_seconds=600).judged():
        raise EngineError("inference failed")
    assert _active(store) == ("2.0.0", "committed")

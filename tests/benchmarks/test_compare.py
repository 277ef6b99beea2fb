"""Two runs: what counts as worse, and what the gate does about it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import fingerprint
from benchmarks.__main__ import main
from benchmarks.compare import compare
from benchmarks.loops.results import Held, PaceResult, PipelineResult, Played, SideInfo
from benchmarks.metrics import Metric, metrics
from benchmarks.output import save
from edge.statistics import Interval, Percentiles

MACHINE = fingerprint.take()


def times(median: float, *, spread: float = 0.02, n: int = 200, seed: int = 0) -> tuple[float, ...]:
    return tuple((median * np.random.default_rng(seed).normal(1, spread, n)).tolist())


def verdict(before: Metric, after: Metric, tolerance: float = 0.05) -> str:
    (change,) = compare([before], [after], tolerance=tolerance)
    return change.verdict


@pytest.mark.parametrize(
    ("after", "expected"), [(0.010, "same"), (0.0104, "same"), (0.012, "worse"), (0.008, "better")]
)
def test_times_are_worse_when_the_whole_interval_is_beyond_the_tolerance(after: float, expected: str) -> None:
    assert verdict(Metric("x", "CPU s", times(0.010)), Metric("x", "CPU s", times(after, seed=1))) == expected


def test_noise_is_no_regression() -> None:
    noisy = Metric("x", "CPU s", times(0.010, spread=0.8, n=9))
    assert verdict(noisy, Metric("x", "CPU s", times(0.0112, spread=0.8, n=9, seed=4))) == "same"


def test_a_single_measurement_is_never_a_regression() -> None:
    assert verdict(Metric("x", "joules", (1.0,)), Metric("x", "joules", (9.0,))) == "no interval"


@pytest.mark.parametrize(
    ("after", "expected"),
    [((0.90, 0.88, 0.92), "same"), ((0.80, 0.78, 0.82), "worse"), ((0.97, 0.96, 0.98), "better")],
)
def test_shares_are_worse_when_the_interval_of_the_difference_is_below_nothing(
    after: tuple[float, float, float], expected: str
) -> None:
    before = Metric("x", "share", share=Interval(0.90, 0.88, 0.92))
    assert verdict(before, Metric("x", "share", share=Interval(*after))) == expected


def test_figures_that_only_one_run_has_are_left_out() -> None:
    assert compare([Metric("x", "CPU s", (1.0,))], [Metric("y", "CPU s", (1.0,))], tolerance=0.05) == []


def pipeline(cpu: dict[str, float]) -> PipelineResult:
    def passes(name: str) -> tuple[Played, ...]:
        spent = times(cpu[name], n=5)
        stages = {"total": Percentiles(0.01, 0.02, 0.03, 100)}
        return tuple(Played(100, 0, 4.0, 100 * each, stages, (0.1,), "", Held(1, 1, 1)) for each in spent)

    pace = PaceResult("flat out", {name: passes(name) for name in cpu}, None, None)
    sides = tuple(SideInfo(name, "") for name in cpu)
    return PipelineResult("pipeline", "a.bundle", "hands 0.1.0", "hello.webm", 5, sides, (pace,), MACHINE)


def kept(tmp_path: Path, name: str, result: PipelineResult) -> str:
    return str(save(result, tmp_path / name))


def test_the_gate_fails_when_ours_got_worse_and_not_when_a_peer_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = kept(tmp_path, "a", pipeline({"fingerpost": 0.007, "naive": 0.025}))
    slower = kept(tmp_path, "b", pipeline({"fingerpost": 0.009, "naive": 0.025}))
    other = kept(tmp_path, "c", pipeline({"fingerpost": 0.007, "naive": 0.050}))
    assert main(["compare", before, slower]) == 0, "without a gate it is only said"
    assert main(["compare", before, slower, "--gate"]) == 9
    said = capsys.readouterr()
    assert "fingerpost, flat out, CPU a frame: 1 figures got worse; found 1.286" in said.err
    assert "worse" in said.out
    assert main(["compare", before, slower, "--gate", "--tolerance", "0.5"]) == 0
    assert main(["compare", before, other, "--gate"]) == 0
    assert "(control)" in capsys.readouterr().out


def test_json_holds_every_change_with_its_interval(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = kept(tmp_path, "a", pipeline({"fingerpost": 0.010}))
    after = kept(tmp_path, "b", pipeline({"fingerpost": 0.005}))
    assert main(["compare", before, after, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    cpu = next(each for each in found["changes"] if each["kind"] == "CPU s")
    assert cpu["verdict"] == "better" and cpu["change"]["low"] <= 0.5 <= cpu["change"]["high"]


def test_other_machines_are_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = pipeline({"fingerpost": 0.010})
    other = replace(one, machine=replace(MACHINE, board="Raspberry Pi 5", governor="performance"))
    assert main(["compare", kept(tmp_path, "a", one), kept(tmp_path, "b", other)]) == 0
    assert "The machines differ in: name, governor" in capsys.readouterr().out


def test_two_suites_cannot_be_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from benchmarks.loops.results import EnergyResult

    one = pipeline({"fingerpost": 0.010})
    energy = EnergyResult("energy", "a.bundle", "hands 0.1.0", "hello.webm", (), {}, (), {}, MACHINE)
    words = [kept(tmp_path, "a", one), str(save(energy, tmp_path))]
    assert main(["compare", *words]) == 3
    assert "expected pipeline; found energy" in capsys.readouterr().err


def test_a_pipeline_s_figures_are_those_of_each_pass() -> None:
    found = {metric.name: metric for metric in metrics(pipeline({"fingerpost": 0.010, "naive": 0.020}))}
    assert len(found["fingerpost, flat out, CPU a frame"].samples) == 5
    assert found["naive, flat out, CPU a frame"].control
    assert found["fingerpost, flat out, capture to caption"].kind == "wall s"

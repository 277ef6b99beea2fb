"""pipeline, startup, memory, sustained and energy on a recording; the naive loop has a test of its own."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import energy
from benchmarks.__main__ import main
from benchmarks.loops.sides import contest
from benchmarks.loops.sustained_blocks import energy_blocks
from benchmarks.monitor import Monitor
from benchmarks.pages.document import markdown
from benchmarks.power import PowerSensors
from benchmarks.report import progress


def run_json(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def test_the_pipeline_is_measured_flat_out_and_at_camera_rate(
    loop_words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = run_json(capsys, "pipeline", *loop_words, "--rounds", "2")
    flat, camera = found["paces"]
    assert (flat["pace"], camera["pace"]) == ("flat out", "camera")
    for played in flat["passes"]["fingerpost"]:
        assert (played["frames"], played["dropped"]) == (30, 0)
        assert 0 < played["cpu"] < 60 and played["seconds"] > 0
        assert {"capture", "recognition", "total"} <= set(played["stages"])
    for played in camera["passes"]["fingerpost"]:
        assert played["frames"] + played["dropped"] <= 30
        assert played["seconds"] > 1.2, "at its own rate the recording takes a second and a half"
    assert found["sides"] == [{"name": "fingerpost", "how": "edge run, 1 thread: classifier fp32"}]
    assert flat["cpu_ratio"] is None, "there is nobody to compare with"


def test_the_start_is_taken_apart_and_the_command_itself_is_timed(
    loop_words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = run_json(capsys, "startup", *loop_words, "--starts", "1")
    (start,) = found["starts"]["fingerpost"]
    assert [stage["stage"] for stage in start["stages"]] == ["python", "packages", "networks", "first frame"]
    assert all(stage["wall"] > 0 and stage["cpu"] > 0 for stage in start["stages"])
    (command,) = found["command"]
    assert 0.1 < command < 120


def test_memory_grows_stage_by_stage_and_the_peak_is_the_most(
    loop_words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = run_json(capsys, "memory", *loop_words, "--processes", "1", "--passes", "2")
    (process,) = found["processes"]["fingerpost"]
    stages = {stage["stage"]: stage["memory"] for stage in process["start"]["stages"]}
    assert stages["python"]["resident"] < stages["packages"]["resident"]
    assert len(process["passes"]) == 2
    for held in (*stages.values(), *process["passes"]):
        assert 2**20 < held["proportional"] <= held["resident"] <= held["peak"]


def test_minutes_at_camera_rate_come_with_the_board_s_readings(
    loop_words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = run_json(capsys, "sustained", *loop_words, "--minutes", "0.001")
    assert [0 < each["time"] <= found["seconds"] for each in found["passes"]] == [True]
    assert found["readings"][0]["time"] >= 0


def sensor(root: Path, microwatts: int) -> PowerSensors:
    folder = root / "sys/class/hwmon/hwmon0"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "power1_input").write_text(str(microwatts))
    return PowerSensors(root)


def measured_energy(loop_words: list[str], make_monitor: Any) -> Any:
    options = Namespace(bundle=Path(loop_words[1]), clip=Path(loop_words[3]), threads=1)
    with contest(options) as sides, progress() as bars:
        return energy.measure(sides, rounds=1, idle=0.1, progress=bars, make_monitor=make_monitor)


def test_energy_a_frame_is_the_power_above_idle_over_the_frames(loop_words: list[str], tmp_path: Path) -> None:
    powers = iter([2_000_000, 2_000_000, 5_000_000])  # looked for, idle, playing

    def make() -> Monitor:
        return Monitor(sensors=sensor(tmp_path, next(powers)), every=0.02)

    result = measured_energy(loop_words, make)
    ours = result.power["fingerpost"]
    assert result.idle == {"hwmon0 power1": pytest.approx(2.0)}
    assert ours.above_idle == {"hwmon0 power1": pytest.approx(3.0)}
    joules = ours.per_frame["hwmon0 power1"] * ours.frames
    assert 3.0 * 1.2 < joules < 3.0 * 60, "three watts for at least the recording's time"


def test_a_board_without_sensors_is_said_to_have_none(loop_words: list[str], tmp_path: Path) -> None:
    result = measured_energy(loop_words, lambda: Monitor(sensors=PowerSensors(tmp_path), every=0.02))
    assert result.sensors == () and result.power == {}
    assert "reports no power" in markdown(energy_blocks(result))


@pytest.mark.slow
def test_all_suites_make_one_page(loop_words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "results"
    words = ["all", *loop_words, "--output", str(output), "--minutes", "0.001", "--quick"]
    assert main(words) == 0
    capsys.readouterr()
    suites = {json.loads(path.read_text())["suite"] for path in output.glob("*.json")}
    assert suites == {"classifier", "networks", "pipeline", "startup", "memory", "sustained", "energy"}
    page = (output / "report.html").read_text()
    for heading in ("Pipeline", "Start-up", "Memory", "Sustained", "Energy", "Networks"):
        assert f"<h2>{heading}" in page
    assert "## Pipeline" in (output / "report.md").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pipeline", "--rounds", "0"], "--rounds 1 or more"),
        (["startup", "--starts", "0"], "--starts 1 or more"),
        (["sustained", "--minutes", "0"], "--minutes above 0"),
        (["memory", "--threads", "0"], "--threads 1 or more"),
        (["energy", "--idle", "0"], "--idle above 0"),
    ],
)
def test_numbers_that_make_no_sense_are_usage_errors(
    words: list[str], said: str, loop_words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([words[0], *loop_words, *words[1:]]) == 2
    assert said in capsys.readouterr().err


def test_a_clip_that_is_not_there_is_one_line_and_exit_code_5(
    loop_words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pipeline", *loop_words[:2], "--clip", "/nowhere/clip.mp4"]) == 5
    assert capsys.readouterr().err == "error: /nowhere/clip.mp4: there is no such file. Check the path, or use `demo`\n"

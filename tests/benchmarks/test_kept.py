"""Results in files: what was kept is read back as what it was, and only that."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import fingerprint
from benchmarks.__main__ import main
from benchmarks.kept import read
from benchmarks.landmarks_agreement import Agreement
from benchmarks.landmarks_results import Cost, LandmarkResult
from benchmarks.loops.results import (
    EnergyResult,
    Held,
    MemoryResult,
    PaceResult,
    PipelineResult,
    Played,
    Reading,
    SideInfo,
    SideMemory,
    SidePower,
    StageCost,
    Start,
    StartupResult,
    SustainedResult,
    TimedPass,
)
from benchmarks.output import save
from benchmarks.pages.document import markdown
from benchmarks.pages.html import page
from benchmarks.presentation import blocks_of
from edge.errors import InputError
from edge.statistics import Interval, Percentiles

MACHINE = fingerprint.take()
ABOUT = {"bundle": "a.bundle", "title": "hands 0.1.0", "clip": "hello.webm", "machine": MACHINE}
HELD = Held(3 << 20, 2 << 20, 4 << 20)
STAGES = {name: Percentiles(0.01, 0.02, 0.03, 10) for name in ("capture", "landmarks", "recognition", "total")}
PLAYED = Played(10, 1, 2.0, 0.5, STAGES, (0.1, 0.2), "HELLO", HELD)
SIDES = (SideInfo("fingerpost", "edge run"), SideInfo("naive", "a loop"))
PASSES = {"fingerpost": (PLAYED, PLAYED), "naive": (PLAYED, PLAYED)}
START = Start((StageCost("python", 0.1, 0.05, HELD), StageCost("packages", 0.3, 0.2, None)))
ONE = Interval(0.5, 0.4, 0.6)
RESULTS = [
    PipelineResult("pipeline", rounds=2, sides=SIDES, paces=(PaceResult("camera", PASSES, ONE, None),), **ABOUT),
    StartupResult("startup", sides=SIDES, starts={"fingerpost": (START,), "naive": (START,)}, command=(0.5,),
                  wall_ratio=ONE, cpu_ratio=ONE, **ABOUT),
    MemoryResult("memory", sides=SIDES, processes={"fingerpost": (SideMemory(START, (HELD,)),)}, **ABOUT),
    SustainedResult("sustained", seconds=60.0, passes=(TimedPass(30.0, PLAYED),),
                    readings=(Reading(1.0, 55.0, None, ("throttled",), {"VDD_IN": 5.0}),), **ABOUT),
    EnergyResult("energy", sensors=("VDD_IN",), idle={"VDD_IN": 2.0}, sides=SIDES,
                 power={"fingerpost": SidePower({"VDD_IN": 5.0}, {"VDD_IN": 3.0}, {"VDD_IN": 0.1}, 30)}, **ABOUT),
    LandmarkResult("a bundle", MACHINE, {"one hand": Cost("ms", {"mediapipe": 2.0, "fp32": 1.0, "int8": 1.0})},
                   {"rendered": {"fp32": Agreement(0.1, 0.1, 0.2, 0.1, 5, 0, 0, 0, 0)}}, {}, {}, None),
]  # fmt: skip


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: result.suite)
def test_a_result_is_read_back_as_it_was_and_can_be_shown(result: PipelineResult, tmp_path: Path) -> None:
    path = save(result, tmp_path)
    assert path.name.startswith(f"{result.suite}-")
    again = read(path)
    assert again == result
    assert markdown(blocks_of(again)).startswith("## ")
    assert "<table>" in page("one", [blocks_of(again)])


def test_the_suites_keep_their_results_under_the_machine_s_name(
    make_bundle: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--bundle", str(make_bundle()), "--iterations", "5", "--threads", "1", "--save", str(tmp_path / "kept")]
    assert main([*words, "--html", str(tmp_path / "own.html")]) == 0
    assert main(["models", str(make_bundle()), "--iterations", "5", "--save", str(tmp_path / "kept")]) == 0
    paths = sorted((tmp_path / "kept").iterdir())
    assert [path.name.split("-")[0] for path in paths] == ["classifier", "models"]
    assert str(paths[0]) in capsys.readouterr().err
    result = json.loads(paths[0].read_text())
    assert result["machine"]["taken"] and result["machine"]["cpu"]
    assert main(["page", *map(str, paths), "--html", str(tmp_path / "both.html")]) == 0
    text = (tmp_path / "both.html").read_text()
    assert text.count("<section") == 2 and (tmp_path / "own.html").read_text().count("<section") == 1


@pytest.mark.parametrize("text", ["", "{}", '{"suite": "pipeline"}', '{"suite": "dance"}', "[1]"])
def test_another_file_is_refused_in_one_line(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    assert main(["page", str(path)]) == 3
    said = capsys.readouterr().err
    assert "other.json: this is no result of the benchmarks" in said and said.count("\n") == 1


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="the result cannot be written"):
        save(RESULTS[0], tmp_path / "file")

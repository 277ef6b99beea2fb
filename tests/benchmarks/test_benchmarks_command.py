"""``python -m benchmarks`` from its words to its output, on real networks in a small bundle."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import main

MakeBundle = Callable[..., Path]


def run_json(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    assert main([*map(str, words), "--json", "--iterations", "30"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.count("\n") == 1
    found = json.loads(printed.out)
    assert isinstance(found, dict)
    return found


def test_every_variant_is_timed_at_one_two_and_four_threads(
    make_bundle: MakeBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run_json(capsys, "--bundle", make_bundle())
    rows = {(row["variant"], row["threads"]): row for row in found["latencies"]}
    assert set(rows) == {(variant, threads) for variant in ("fp32", "int8") for threads in (1, 2, 4)}
    for (variant, _), row in rows.items():
        assert 0 < row["wall"]["p50"] <= row["wall"]["p90"] <= row["wall"]["p99"] < 1
        assert row["wall"]["n"] == row["cpu"]["n"] == 30
        assert (row["ratio"] is None) == (row["cpu_ratio"] is None) == (variant == "fp32")
        assert len(row["wall_rounds"]) == len(row["cpu_rounds"]) == 30
        assert 1 <= len(row["cores"]) <= row["threads"]
    assert rows["int8", 1]["ratio"]["low"] <= rows["int8", 1]["ratio"]["value"] <= rows["int8", 1]["ratio"]["high"]
    assert found["variants"][0]["size"] > 0
    assert found["machine"]["packages"]["onnxruntime"]


def test_the_numbers_of_threads_can_be_named(make_bundle: MakeBundle, capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(capsys, "--bundle", make_bundle(), "--threads", "2")
    assert {row["threads"] for row in found["latencies"]} == {2}
    assert main(["--bundle", str(make_bundle()), "--threads", "1,0"]) == 2
    assert "no list of numbers" in capsys.readouterr().err


def test_mlperf_s_scenario_is_run_where_it_is_asked_for(
    make_bundle: MakeBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("mlperf_loadgen", reason="no wheel of mlcommons-loadgen for this machine")
    found = run_json(capsys, "--bundle", make_bundle(), "--threads", "1", "--mlperf", "20")
    assert [(row["variant"], row["queries"]) for row in found["streams"]] == [("fp32", 20), ("int8", 20)]
    assert all(0 < row["p50"] <= row["p90"] for row in found["streams"])


def test_without_data_only_agreement_on_the_golden_inputs_is_claimed(
    make_bundle: MakeBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run_json(capsys, "--bundle", make_bundle())
    assert found["data"] is None
    assert found["scores"] == []
    agreement = {row["variant"]: row for row in found["golden"]}
    assert agreement["fp32"] == {"variant": "fp32", "n": 8, "agreement": 1.0}
    assert 0 < agreement["int8"]["agreement"] < 1


def test_on_recordings_accuracy_and_retention_are_measured_by_source(
    make_bundle: MakeBundle, recordings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run_json(capsys, "--bundle", make_bundle(), "--data", recordings)
    fp32, int8 = found["scores"]
    assert (fp32["accuracy"]["value"], fp32["macro_f1"], fp32["top5"]) == (1, 1, 1)
    assert fp32["retention"] is None
    assert int8["accuracy"]["value"] == pytest.approx(12 / 16)
    assert int8["retention"]["value"] == pytest.approx(12 / 16)
    assert int8["sources"] == pytest.approx({"vita": 8 / 12, "other": 1})
    assert int8["source_mean"] == pytest.approx(5 / 6)
    assert (int8["mcnemar"]["lost"], int8["mcnemar"]["won"]) == (4, 0)
    assert int8["mcnemar"]["p"] == pytest.approx(2 / 2**4)
    assert {each["name"]: (each["n"], each["seen"]) for each in found["data"]["sources"]} == {
        "vita": (12, True),
        "other": (4, False),
    }
    assert found["data"]["unknown"] == {"zebra": 2}
    hello = next(each for each in int8["classes"] if each["name"] == "hello")
    assert (hello["n"], hello["false_negatives"], hello["f1"]) == (4, 4, 0)


def test_the_tables_say_what_was_seen_in_training_and_what_was_left_out(
    make_bundle: MakeBundle, recordings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--bundle", str(make_bundle()), "--data", str(recordings), "--iterations", "20"]) == 0
    text = capsys.readouterr().out
    assert "12 of them were seen in training" in text
    assert "Left out: 2 examples of labels that the model does not have: zebra (2)" in text
    assert "hello as A (4 of 4)" not in text, "fp32 makes no mistake"
    assert "tiny 1.2.3" in text
    assert "0.750 [" in text


def test_the_table_without_data_says_that_accuracy_needs_labelled_data(
    make_bundle: MakeBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["classifier", "--bundle", str(make_bundle()), "--iterations", "20"]) == 0
    text = capsys.readouterr().out
    assert "accuracy and retention need labelled data" in text
    assert "Accuracy on" not in text


def test_data_that_was_all_seen_is_said_to_tell_nothing_about_new_signers(
    make_bundle: MakeBundle, recordings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = make_bundle(trained_on=("vita", "other"))
    assert main(["--bundle", str(bundle), "--data", str(recordings), "--iterations", "20"]) == 0
    assert "says nothing about new signers" in capsys.readouterr().out


@pytest.mark.parametrize("what", ["missing", "flipped", "truncated"])
def test_a_bad_bundle_is_one_line_and_exit_code_4(
    what: str, make_bundle: MakeBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = make_bundle()
    data = bytearray(bundle.read_bytes())
    if what == "missing":
        bundle.unlink()
    elif what == "flipped":
        data[data.index(b"MatMul")] ^= 1
        bundle.write_bytes(data)
    else:
        bundle.write_bytes(data[: len(data) // 2])
    assert main(["--bundle", str(bundle)]) == 4
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert "tiny.bundle" in printed.err


def test_a_folder_without_recordings_is_one_line_and_exit_code_3(
    make_bundle: MakeBundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["--bundle", str(make_bundle()), "--data", str(tmp_path / "empty"), "--iterations", "20"]) == 3
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert str(tmp_path / "empty") in printed.err


def test_zero_iterations_are_a_usage_error(make_bundle: MakeBundle, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--bundle", str(make_bundle()), "--iterations", "0"]) == 2
    assert "--iterations 1 or more" in capsys.readouterr().err


def test_with_json_an_error_is_an_object_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--bundle", str(tmp_path / "none.bundle"), "--json"]) == 4
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert (found["type"], found["code"], found["kind"]) == ("error", 4, "BundleError")
    assert found["message"] in printed.err


def test_words_that_are_off_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--bundel", "x"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_help_names_the_suites(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert {"classifier", "landmarks", "spelling"} <= set(capsys.readouterr().out.split())


WITHOUT = """
import sys
class Without:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {packages}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Without())
from benchmarks.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def run_without(packages: set[str], root: Path, *words: object) -> subprocess.CompletedProcess[str]:
    script = WITHOUT.format(packages=packages)
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, words)], cwd=root, capture_output=True, text=True, check=False
    )


def test_benchmarks_run_where_torch_is_not_installed(make_bundle: MakeBundle, recordings: Path, root: Path) -> None:
    words = ("--bundle", make_bundle(), "--data", recordings, "--iterations", 5)
    done = run_without({"torch", "onnx", "safetensors"}, root, *words)
    assert done.returncode == 0, done.stderr
    assert "Accuracy on 16 examples" in done.stdout


def test_retention_above_the_floor_passes_and_below_it_is_exit_code_9(
    make_bundle: MakeBundle, recordings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--bundle", str(make_bundle()), "--data", str(recordings), "--iterations", "5"]
    assert main([*words, "--floor", "0.2"]) == 0
    capsys.readouterr()
    assert main([*words, "--floor", "0.99"]) == 9
    printed = capsys.readouterr()
    assert "0.750 [" in printed.out, "the figures come first"
    assert "int8 keeps too little accuracy; expected a retention of at least 0.99; found 0.7500" in printed.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--floor", "0.9"], "name labelled examples with --data"),
        (["--limit", "5"], "--limit and --skip-unreadable are about data"),
        (["--data", "x", "--limit", "0"], "--limit 1 or more"),
    ],
)
def test_options_that_make_no_sense_alone_are_usage_errors(
    words: list[str], said: str, make_bundle: MakeBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--bundle", str(make_bundle()), *words]) == 2
    assert said in capsys.readouterr().err.replace("Name", "name")


def test_a_floor_for_one_variant_alone_is_a_usage_error(
    picture_bundle: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--bundle", str(picture_bundle), "--data", str(pictures), "--floor", "0.9"]) == 2
    assert "--floor compares variants; found fp32 alone" in capsys.readouterr().err


def test_a_picture_model_is_measured_on_a_folder_per_class(
    picture_bundle: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run_json(capsys, "--bundle", picture_bundle, "--data", pictures)
    (score,) = found["scores"]
    assert score["accuracy"]["value"] == 1 and score["n"] == 10
    assert found["data"]["unknown"] == {"zebra": 5}
    assert found["data"]["respelt"] == {"b": "B"}
    assert found["data"]["without_hand"] == 0
    assert [each["name"] for each in found["data"]["sources"]] == ["cards"]


def test_a_share_of_the_data_is_named_as_one(
    picture_bundle: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--bundle", str(picture_bundle), "--data", str(pictures), "--limit", "4", "--iterations", "5"]
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "Accuracy on 4 examples, an even share of 10, of" in text
    assert "b as B" in text
    assert "The bundle does not say what it was trained on" in text


def test_data_of_another_kind_says_what_would_fit(
    picture_bundle: Path, recordings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--bundle", str(picture_bundle), "--data", str(recordings)]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    assert "a model of the task image; expected pictures; found landmark npz" in printed.err


def test_pictures_that_cannot_be_read_are_all_named_and_skipped_only_when_asked(
    picture_bundle: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("A/0.png", "b/3.png"):
        (pictures / name).write_bytes(b"none")
    words = ["--bundle", str(picture_bundle), "--data", str(pictures), "--iterations", "5"]
    assert main(words) == 3
    said = capsys.readouterr().err
    assert "2 of 10 examples cannot be read" in said and "(0.png, 3.png)" in said and "--skip-unreadable" in said
    assert main([*words, "--skip-unreadable"]) == 0
    text = capsys.readouterr().out
    assert "Accuracy on 8 examples" in text and "Left out: 2 files that cannot be read" in text
    assert "A/0.png: cannot be decoded" in text


@pytest.mark.parametrize("columns", [80])
def test_no_figure_is_cut_off_on_a_narrow_terminal(
    columns: int,
    make_bundle: MakeBundle,
    recordings: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes it for a terminal
    assert main(["--bundle", str(make_bundle()), "--data", str(recordings), "--iterations", "5"]) == 0
    lines = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
    assert "\N{HORIZONTAL ELLIPSIS}" not in "".join(lines)
    assert max(len(line.rstrip()) for line in lines if "tiny.bundle" not in line and "/" not in line) <= columns


def test_a_missing_package_is_one_line_and_exit_code_8(make_bundle: MakeBundle, recordings: Path, root: Path) -> None:
    done = run_without({"scipy"}, root, "--bundle", make_bundle(), "--data", recordings)
    assert done.returncode == 8
    assert done.stderr.count("\n") == 1
    assert "scipy" in done.stderr
    assert "pip install 'fingerpost[benchmarks" in done.stderr


def test_latency_and_agreement_need_no_workstation_package(make_bundle: MakeBundle, root: Path) -> None:
    packages = {"torch", "onnx", "sklearn", "scipy", "pyarrow"}
    done = run_without(packages, root, "--bundle", make_bundle(), "--iterations", 5)
    assert done.returncode == 0, done.stderr

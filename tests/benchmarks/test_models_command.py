"""``python -m benchmarks models``: several bundles in one table, with nothing that is not in them or measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.models import headlines
from edge.bundle.manifest import Measurement
from export.models.documents import REPORTED
from export.models.registry import families

MakeBundle = Callable[..., Path]


def test_two_models_side_by_side(
    make_bundle: MakeBundle, picture_bundle: Path, recordings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["models", str(make_bundle()), str(picture_bundle), "--data", str(recordings), "--iterations", "5"]
    assert main([*words, "--json"]) == 0
    hands, colours = json.loads(capsys.readouterr().out)["rows"]
    assert (hands["model"], hands["classes"], hands["parameters"], hands["task"]) == ("tiny", 4, 252, "hand-sequence")
    assert hands["reported"] == "" and hands["measured"] == []
    fp32, int8 = hands["variants"]
    assert fp32["retention"] is None and int8["retention"]["value"] == pytest.approx(12 / 16)
    assert int8["n"] == 16 and int8["size"] > 0 and int8["wall"]["p50"] > 0
    assert colours["reported"] == REPORTED["keras-cnn-plain"]
    assert [(m["value"], m["data"], m["split"]) for m in colours["measured"]] == [
        (0.5, "colour cards", "left out: anna")
    ]
    assert "does not fit colours" in colours["note"], "a bundle that the data does not fit keeps its place"
    assert colours["variants"][0]["accuracy"] is None


def test_the_markdown_table_has_a_row_per_model_and_says_how_it_was_measured(
    make_bundle: MakeBundle, picture_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", str(make_bundle()), str(picture_bundle), "--iterations", "7", "--markdown"]) == 0
    text = capsys.readouterr().out
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 4 and {row.count(" | ") for row in rows} == {9}
    assert "| tiny | hand-sequence | 4 | 252 | - | - | fp32<br>int8 |" in rows[2]
    assert "accuracy 0.500, n = 40 (colour cards; left out: anna)" in rows[3]
    assert "of golden inputs" in rows[2]
    assert "median of 7 interleaved rounds" in text and "Machine:" in text


def test_on_a_terminal_every_model_is_a_block(
    make_bundle: MakeBundle, picture_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", str(make_bundle()), str(picture_bundle), "--iterations", "5"]) == 0
    text = capsys.readouterr().out
    assert "hand-sequence, 4 classes, 252 parameters" in text
    assert "Measured: accuracy 0.500, n = 40 (colour cards; left out: anna)" in text
    assert "The bundle names no measured accuracy" in text
    assert "int8: same label on" in text


def measurement(name: str, data: str, split: str, variant: str = "fp32") -> Measurement:
    return Measurement.model_validate(
        {"name": name, "value": 0.5, "n": 3, "data": data, "split": split, "variant": variant}
    )


def test_the_mean_over_sources_stands_for_the_others_wherever_it_comes() -> None:
    everything = measurement("accuracy", "all recordings", "left out")
    mean = measurement("accuracy", "mean over 3 sources", "left out")
    f1 = measurement("macro F1", "all recordings", "left out")
    assert headlines([everything, f1, mean]) == (mean,)
    assert headlines([everything, measurement("accuracy", "asl_signs/5", "left out")]) == (everything,)


def test_the_first_figure_of_a_subject_and_split_stands_for_the_others() -> None:
    mean = measurement("letters among letters", "mean over 3 sources", "left out")
    words = measurement("words among words", "mean over 9 sources", "left out")
    random = measurement("letters among letters", "mean over 3 sources", "random")
    given = [
        mean,
        measurement("letters among letters", "vita", "left out"),
        measurement("letters among all classes", "mean over 3 sources", "left out"),
        words,
        random,
        measurement("retention", "vita", "seen", variant="int8"),
    ]
    assert headlines(given) == (mean, words, random)


def test_what_documents_report_belongs_to_families_that_there_are() -> None:
    assert set(REPORTED) <= {entry.name for entry in families() if entry.document}

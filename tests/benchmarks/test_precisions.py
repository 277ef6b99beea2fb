"""Precisions beside those that a bundle carries."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.__main__ import main


def test_all_precisions_are_measured_side_by_side_and_only_the_bundle_s_are_gated(
    make_bundle: Callable[..., Path], recordings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    also = ["--also", "fp16", "--also", "int8-dynamic", "--also", "int8-static"]
    words = ["--bundle", str(make_bundle()), "--data", str(recordings), *also, "--iterations", "5", "--threads", "1"]
    assert main([*words, "--json", "--floor", "0.2"]) == 0
    found = json.loads(capsys.readouterr().out)
    names = ["fp32", "int8", "fp16", "int8-dynamic", "int8-static"]
    assert [each["variant"] for each in found["variants"]] == names
    sizes = {each["variant"]: each["size"] for each in found["variants"]}
    assert sizes["fp16"] < sizes["fp32"]
    scores = {each["variant"]: each for each in found["scores"]}
    assert scores["int8-dynamic"]["accuracy"]["value"] == 1, "rounding does not change which landmark is largest"
    assert "calibrated" in next(e["quantization"] for e in found["variants"] if e["variant"] == "int8-static")


def test_a_precision_that_does_not_exist_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--also", "fp8", "--bundle", "x"]) == 2
    assert "invalid choice" in capsys.readouterr().err

"""None, False and -1 become errors; what the inspector says of float16."""

from __future__ import annotations

import json

import pytest

from edge.engines.tensorrt.build import free_memory, workspace_for
from edge.engines.tensorrt.checks import Lines, must, obtained_half
from edge.engines.tensorrt.fake import fake_bindings
from edge.errors import EngineError


@pytest.mark.parametrize("refusal", [None, False, -1])
def test_a_refusal_becomes_an_error_with_the_last_line_of_the_log(refusal: object) -> None:
    lines = Lines(fake_bindings())
    lines.logger.log(2, "a warning")
    lines.logger.log(1, "what is\n wrong")
    lines.logger.log(4, "chatter")
    with pytest.raises(EngineError, match=r"net: it fails; found what is wrong\. Do this"):
        must(refusal, "it fails", lines, where="net", remedy="do this")


def test_what_is_no_refusal_is_given_back() -> None:
    lines = Lines(fake_bindings())
    assert must(0, "", lines, where="") == 0 and must(True, "", lines, where="") is True
    assert must(b"plan", "", lines, where="") == b"plan"


def _layer(kind: str, text: str, name: str = "conv") -> dict[str, object]:
    return {"Name": name, "LayerType": kind, "Outputs": [{"Name": "y", "Format/Datatype": text}]}


@pytest.mark.parametrize(
    ("layers", "found"),
    [
        ([_layer("CaskConvolution", "Two wide channel vectorized row major FP16 format")], "yes"),
        ([_layer("Reformat", "Float"), _layer("gemm", "Half")], "yes"),
        ([_layer("CaskConvolution", "Row major linear FP32")], "no"),
        ([_layer("Myelin", "Row major linear FP32", "{ForeignNode[a...b]}")], "fused"),
        (["conv + relu"], "fused"),
        ([], "no"),
    ],
)
def test_float16_is_looked_for_in_the_types_of_tensors(layers: list[object], found: str) -> None:
    assert obtained_half(json.dumps({"Layers": layers})) == found


def test_the_workspace_is_a_quarter_of_what_is_free_and_at_most_a_gibibyte(tmp_path: object) -> None:
    assert workspace_for(400) == 100 and workspace_for(64 << 30) == 1 << 30


def test_a_gpu_that_shares_the_boards_memory_has_no_more_than_is_available(tmp_path: object) -> None:
    from pathlib import Path

    meminfo = Path(str(tmp_path)) / "meminfo"
    meminfo.write_text("MemTotal: 4000000 kB\nMemAvailable: 1000 kB\n")
    assert free_memory(5_000_000, True, meminfo) == 1_024_000
    assert free_memory(5_000_000, False, meminfo) == free_memory(5_000_000, True, meminfo / "none") == 5_000_000

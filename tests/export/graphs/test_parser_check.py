"""TensorRT's parser on the exported graphs, where TensorRT for RTX is; and what is said where it is not or refuses."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from edge.bundle.manifest import Precision
from edge.errors import CheckFailedError, DependencyError
from export.graphs.fp16 import pictures_first
from export.graphs.parser_check import PYTHON, check_parser
from export.graphs.types import BuiltNetwork
from export.models.seed000 import hand_sequence_contract

_CONTRACT = hand_sequence_contract("raw", aspect=4 / 3)
needs_rtx = pytest.mark.skipif(not PYTHON.exists(), reason="TensorRT for RTX is not here: make venv-rtx")


def _network(model: bytes, variant: Precision = "fp16") -> BuiltNetwork:
    return BuiltNetwork("classifier", variant, model, 18, 8)


def _moved_picture() -> bytes:
    graph = helper.make_graph(
        [
            helper.make_node("Transpose", ["image"], ["moved"], name="moving", perm=[0, 3, 1, 2]),
            helper.make_node("Cast", ["moved"], ["float"], to=TensorProto.FLOAT),
            helper.make_node("Relu", ["float"], ["y"]),
        ],
        "picture",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [1, 2, 2, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3, 2, 2])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


@needs_rtx
@pytest.mark.slow
def test_what_the_parser_refuses_is_named_and_a_picture_cast_first_is_built() -> None:
    with pytest.raises(CheckFailedError, match=r"classifier-fp16: TensorRT's parser refuses.*moving.*UInt8"):
        check_parser([_network(_moved_picture())], _CONTRACT)
    note = check_parser([_network(pictures_first(_moved_picture()))], _CONTRACT)
    assert "reads and builds 1 networks" in note


def test_without_the_environment_the_way_to_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(DependencyError, match="make venv-rtx"):
        check_parser([_network(b"")], _CONTRACT, python=tmp_path / "python")


def _python(folder: Path, *lines: str) -> Path:
    """A Python that answers whatever it is asked with these lines."""
    script = folder / "python"
    text = "\n".join(["#!/bin/sh", "cat > /dev/null", *lines])
    script.write_text(text + "\n")
    script.chmod(0o755)
    return script


def test_an_answer_that_refuses_stops_the_export(tmp_path: Path) -> None:
    answer = json.dumps({"file": "/x/palm-fp16.onnx", "error": "node 3: no importer", "size": 0})
    with pytest.raises(CheckFailedError, match=r"palm-fp16: TensorRT's parser refuses.*node 3: no importer"):
        check_parser([_network(b"")], _CONTRACT, python=_python(tmp_path, f"echo '{answer}'"))


def test_a_check_that_dies_is_no_answer(tmp_path: Path) -> None:
    python = _python(tmp_path, "echo 'libtensorrt_rtx.so.1: cannot open' >&2", "kill -SEGV $$")
    with pytest.raises(DependencyError, match=r"without an answer; found libtensorrt_rtx.so.1"):
        check_parser([_network(b"")], _CONTRACT, python=python)


def test_sentence_models_are_left_out(tmp_path: Path) -> None:
    sentence = BuiltNetwork("sentence-encoder", "fp32", b"", 18, 8)
    python = _python(tmp_path, """echo '{"file": "classifier", "error": "", "size": 1}'""")
    note = check_parser([sentence, _network(b"")], _CONTRACT, python=python)
    assert "reads and builds 1 networks" in note

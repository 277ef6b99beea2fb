"""Every family for a Jetson: its graph keeps its answers in half arithmetic, and TensorRT's parser reads it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from edge.bundle.manifest import InputContract, Task
from export.golden import golden_inputs
from export.graphs import half, parity
from export.graphs.fp16 import pictures_first, to_fp16
from export.graphs.parser_check import PYTHON, check_parser
from export.graphs.torch_onnx import export_module
from export.graphs.types import BuiltNetwork
from export.models.registry import families

pytestmark = pytest.mark.slow
Exported = tuple[Task, InputContract, bytes, bytes]


@pytest.fixture(scope="module", params=families(), ids=lambda family: family.name)
def exported(request: pytest.FixtureRequest) -> Exported:
    """Task, contract, float32 and float16 graph of a family with random weights."""
    torch.manual_seed(0)
    family = request.param
    contract = family.contract(family.preprocess[-1])
    module = family.build(20, family.preprocess[-1]).eval()
    full = pictures_first(export_module(module, contract, label=family.name))
    return family.task, contract, full, to_fp16(full, keep_float=lambda node: not node.startswith("/network/")).model


def test_it_keeps_its_answers_in_half_arithmetic(exported: Exported) -> None:
    task, contract, full, small = exported
    inputs = {name: array[::11][:4] for name, array in golden_inputs(task, contract).items()}
    want = parity.run_each(full, inputs, label="fp32")
    have = next(iter(half.run_in_half(small, inputs, label="fp16").values()))
    assert np.abs(have - want).max() > 0
    parity.check_fp16(want, have, logits=True, label="fp16")


@pytest.mark.skipif(not PYTHON.exists(), reason="TensorRT for RTX is not here: make venv-rtx")
def test_tensorrts_parser_reads_it(exported: Exported) -> None:
    _, contract, full, small = exported
    networks = [BuiltNetwork("classifier", "fp32", full, 18, 8), BuiltNetwork("classifier", "fp16", small, 18, 8)]
    note = check_parser(networks, contract, build=False)
    assert note == "parser check, not a Jetson build: TensorRT for RTX reads 2 networks"

"""The landmark networks that travel in a bundle, and the golden pictures that prove them on a device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
import pytest

from edge.bundle.golden import THERE, compare, samples
from edge.bundle.manifest import Role, Target, Task
from edge.bundle.npz import read_npz
from edge.engines import OnnxEngine
from edge.errors import DependencyError
from export.golden import write_npz
from export.graphs.facts import with_facts
from export.graphs.parser_check import PYTHON, check_parser
from export.graphs.types import BuiltNetwork
from export.landmark_networks import landmark_golden, landmark_networks
from export.models.seed000 import hand_sequence_contract

needs_rtx = pytest.mark.skipif(not PYTHON.exists(), reason="TensorRT for RTX is not here: make venv-rtx")


def _build(task: Task, target: Target) -> tuple[BuiltNetwork, ...]:
    try:
        return landmark_networks(task, target)
    except DependencyError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def holistic() -> tuple[BuiltNetwork, ...]:
    return _build("holistic-sequence", "pi")


@pytest.fixture(scope="module")
def golden(holistic: Sequence[BuiltNetwork]) -> dict[str, np.ndarray]:
    return read_npz(write_npz(landmark_golden(holistic)), where="golden")


HANDS = [("palm", "fp32"), ("hand", "fp32"), ("hand", "int8")]
HALF: list[tuple[Role, str]] = [("palm", "fp32"), ("palm", "fp16"), ("hand", "fp32"), ("hand", "fp16")]


@pytest.mark.parametrize(("task", "target", "have"), [("image", "cpu", HANDS), ("hand-sequence", "jetson", HALF)])
def test_hands_are_found_for_every_task_in_the_targets_precisions(
    task: Task, target: Target, have: list[tuple[Role, str]]
) -> None:
    assert [(n.role, n.variant) for n in _build(task, target)] == have


def test_a_holistic_model_gets_the_face_networks_too(holistic: Sequence[BuiltNetwork]) -> None:
    assert [(n.role, n.variant) for n in holistic] == [*HANDS, ("face-detector", "fp32"), ("face", "fp32")]
    assert {n.licence.spdx for n in holistic if n.licence} == {"Apache-2.0"}
    assert all(n.licence and n.parity for n in holistic)


@needs_rtx
@pytest.mark.slow
def test_tensorrts_parser_reads_all_that_a_holistic_model_brings_to_a_jetson() -> None:
    networks = _build("holistic-sequence", "jetson")
    assert [(n.role, n.variant) for n in networks[4:]] == [
        (role, variant) for role in ("face-detector", "face") for variant in ("fp32", "fp16")
    ]
    contract = hand_sequence_contract("raw", aspect=4 / 3)
    assert "reads and builds 8 networks" in check_parser(networks, contract)


def test_each_file_says_what_it_is(holistic: Sequence[BuiltNetwork]) -> None:
    for network in holistic:
        model = with_facts(network).model
        facts = {entry.key: entry.value for entry in onnx.load_from_string(model).metadata_props}
        assert (facts["role"], facts["variant"], facts["licence"]) == (network.role, network.variant, "Apache-2.0")
        assert "image uint8 (1, " in facts["input"] and facts["picture"].startswith("RGB")
        assert "sha256" in facts["source"] and "float32 (1, " in facts["output"]
        assert facts["quantization"] == network.quantization
        assert OnnxEngine(model).inputs == OnnxEngine(network.model).inputs


def test_golden_pictures_are_few_small_and_have_one_where_nothing_is(golden: dict[str, np.ndarray]) -> None:
    assert len(write_npz(golden)) < 500_000
    for role in ("palm", "hand"):
        output, threshold = THERE[role]
        there = [bool(answer.max() > threshold) for answer in golden[f"{role}/{output}"]]
        assert there == [True] * 5 + [False]
    assert not golden["hand/landmarks"][-1].any() and golden["hand/landmarks"][:-1].any(axis=1).all()
    kept = golden["palm/boxes"].any(axis=2).sum(axis=1)
    assert kept[-1] == 0 and (kept[:-1] > 0).all() and kept.max() < 50
    assert golden["face/landmarks"].any()


def test_every_variant_agrees_with_the_golden_outputs(
    holistic: Sequence[BuiltNetwork], golden: dict[str, np.ndarray]
) -> None:
    for network in holistic:
        engine = OnnxEngine(network.model)
        found = compare(network.role, engine, samples(golden, network.role, engine, where="golden"))
        engine.close()
        assert (found.flaw, found.agreement) == ("", 1.0), network.role
        if network.variant == "fp32":
            assert found.max_abs_diff is not None and found.max_abs_diff < 1e-3
        elif network.role == "hand":
            assert found.shift is not None and 0 < found.shift < 0.005


def test_they_are_the_same_bytes_each_time(holistic: Sequence[BuiltNetwork], golden: dict[str, np.ndarray]) -> None:
    assert write_npz(landmark_golden(holistic)) == write_npz(golden)

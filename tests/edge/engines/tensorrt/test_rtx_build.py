"""Our builder on the real bindings of TensorRT for RTX, which need no GPU: shapes, profile, cache, progress."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from edge.engines.tensorrt import PlanCache, Plans, Wanted
from edge.engines.tensorrt.fake import FAKE_MACHINE
from edge.errors import EngineError

_ROOT = Path(__file__).parents[4]
_PACKAGES = next(iter((_ROOT / ".venv-rtx").glob("lib/python3*/site-packages")), None)
_SHAPES = {"x": (1, 30, 4), "mask": (1, 30)}
pytestmark = pytest.mark.slow


def _network(*, operator: str = "Relu") -> bytes:
    """float16, with free axes: y = operator(x) * mask, batch and time named alike in both inputs."""
    half, time = TensorProto.FLOAT16, ["n", "t"]
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["x"], ["xh"], to=half),
            helper.make_node("Cast", ["mask"], ["mh"], to=half),
            helper.make_node(operator, ["xh"], ["moved"], name="the moving node"),
            helper.make_node("ReduceSum", ["moved"], ["sum"], keepdims=1),
            helper.make_node("Mul", ["mh", "sum"], ["scaled"]),
            helper.make_node("Cast", ["scaled"], ["y"], to=TensorProto.FLOAT),
        ],
        "toy",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [*time, 4]),
            helper.make_tensor_value_info("mask", TensorProto.FLOAT, time),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    return bytes(model.SerializeToString())


@pytest.fixture
def plans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Plans, list[str]]:
    """Plans of the real builder, and what it says."""
    if _PACKAGES is None:
        pytest.skip("TensorRT for RTX is not here: make venv-rtx")
    if not _PACKAGES.match(f"python{sys.version_info.major}.{sys.version_info.minor}/site-packages"):
        pytest.skip(f"TensorRT for RTX is here for another Python: {_PACKAGES.parent.name}")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(_ROOT), str(_PACKAGES))))
    said: list[str] = []
    command = (sys.executable, "-u", str(Path(__file__).with_name("rtx_build.py")))
    return Plans(FAKE_MACHINE, PlanCache(tmp_path / "engines"), command=command, progress=said.append), said


def test_a_float16_network_with_free_axes_is_built_with_its_profile_and_a_timing_cache(
    plans: tuple[Plans, list[str]],
) -> None:
    made, said = plans
    wanted = Wanted(_network(), "fp16", _SHAPES, "toy fp16")
    assert len(made.get(wanted)) > 1000
    assert any(line.endswith("building, with 512 MiB to try things out in") for line in said)
    assert any("%" in line for line in said), "its progress is heard"
    timing = made.cache.timing(FAKE_MACHINE)
    assert timing.stat().st_size > 0
    timing.write_bytes(b"damaged")
    made.discard(wanted, "a test")
    made.pardon(wanted)
    assert made.get(wanted), "a timing cache that is damaged is left out"
    assert timing.read_bytes() != b"damaged"


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        ({**_SHAPES, "x": (1, 30, 5)}, r"not what the manifest says; expected \(1, 30, 5\); found \(-1, -1, 4\)"),
        ({**_SHAPES, "mask": (1, 31)}, r"could not build the network.*IOptimizationProfile"),
        ({"x": (1, 30, 4)}, r"toy fp16, mask: the network's input is not what the manifest says"),
        ({**_SHAPES, "mask": (1, -5)}, "does not take the shapes"),
    ],
)
def test_shapes_that_do_not_fit_are_refused_in_words(
    plans: tuple[Plans, list[str]], shapes: dict[str, tuple[int, ...]], words: str
) -> None:
    made, _ = plans
    with pytest.raises(EngineError, match=words):
        made.get(Wanted(_network(), "fp16", shapes, "toy fp16"))


def test_an_operator_that_the_parser_does_not_know_is_named_with_its_node(plans: tuple[Plans, list[str]]) -> None:
    made, _ = plans
    model = onnx.load_from_string(_network())
    model.graph.node[2].op_type = "NoSuchOperator"
    with pytest.raises(EngineError, match=r"cannot read the network; found the moving node \(NoSuchOperator\): .*ugin"):
        made.get(Wanted(model.SerializeToString(), "fp16", _SHAPES, "toy fp16"))

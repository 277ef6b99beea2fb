import json

import numpy as np
import onnx
import pytest

from edge.engines import OnnxEngine
from edge.errors import DependencyError, InputError, UsageError
from export.graphs.hands import hand_networks
from export.graphs.hands_int8 import RANGES_FILE, quantise_hand, quantised_points, read_ranges


@pytest.fixture(scope="module")
def built():
    try:
        return {(n.role, n.variant): n for n in hand_networks(precisions=("fp32", "int8", "fp16"))}
    except DependencyError as error:
        pytest.skip(str(error))


def test_every_precision_comes_with_licence_and_parity(built):
    assert set(built) == {("palm", "fp32"), ("palm", "fp16"), ("hand", "fp32"), ("hand", "int8"), ("hand", "fp16")}
    for network in built.values():
        assert network.licence is not None
        assert network.licence.spdx == "Apache-2.0"
        assert "sha256" in network.licence.source
        assert (network.opset, network.ir_version) == (18, 10)
    assert "TFLite" in built["hand", "fp32"].parity.against
    assert built["hand", "int8"].parity.against == "fp32"


def test_all_variants_have_one_interface(built):
    specs = {}
    for (role, _), network in built.items():
        engine = OnnxEngine(network.model)
        specs.setdefault(role, set()).add((engine.inputs, engine.outputs))
        engine.close()
    assert {role: len(found) for role, found in specs.items()} == {"palm": 1, "hand": 1}


def test_int8_is_a_third_of_the_size_and_the_same_everywhere(built):
    model = built["hand", "int8"].model
    assert len(model) < 0.35 * len(built["hand", "fp32"].model)
    again = quantise_hand(onnx.load_from_string(built["hand", "fp32"].model), read_ranges())
    assert again.SerializeToString(deterministic=True) == model


def test_int8_weights_of_matrix_products_keep_to_seven_bits(built):
    model = onnx.load_from_string(built["hand", "int8"].model)
    weights = [onnx.numpy_helper.to_array(i) for i in model.graph.initializer if i.name.endswith("_weights")]
    integers = [w for w in weights if w.dtype == np.int8]
    assert len(integers) > 40
    assert max(int(np.abs(w).max()) for w in integers if w.shape[1] > 1) == 63
    assert max(int(np.abs(w).max()) for w in integers if w.shape[1] == 1) == 127


def test_int8_finds_the_hand_where_fp32_does(built):
    from edge.landmarks import open_hand_pipeline
    from edge.types import Frame
    from export.graphs.tflite_parity import clip_pictures

    errors = []
    for image in clip_pictures():
        found = [
            open_hand_pipeline(built["palm", "fp32"].model, built["hand", v].model).process(Frame(image, 0, 0, 0))
            for v in ("fp32", "int8")
        ]
        assert found[0].presence[1] > 0.5
        points = [f.landmarks[1, :, :2] for f in found]
        errors.append(np.linalg.norm(points[0] - points[1], axis=1).mean() / np.ptp(points[0], axis=0).max())
    assert np.mean(errors) < 0.015


def test_ranges_of_another_graph_are_refused(built):
    kept = read_ranges()
    other = type(kept)(kept.network, kept.sha256, kept.pictures, {"conv_1": (0.0, 1.0)}, kept.channels)
    with pytest.raises(InputError, match=r"another graph.*[Cc]alibrate again"):
        quantise_hand(onnx.load_from_string(built["hand", "fp32"].model), other)


@pytest.mark.parametrize("text", ["", "{}", '{"ranges": 3}', "[]"])
def test_a_damaged_range_file_is_refused(tmp_path, text):
    path = tmp_path / "ranges.json"
    path.write_text(text)
    with pytest.raises(InputError, match="cannot be read"):
        read_ranges(path)


def test_the_kept_ranges_are_small_and_complete(built):
    assert RANGES_FILE.stat().st_size < 10_000
    kept = json.loads(RANGES_FILE.read_text())
    assert set(kept["ranges"]) == set(quantised_points(onnx.load_from_string(built["hand", "fp32"].model)))


def test_int8_of_the_lite_networks_is_refused():
    with pytest.raises(UsageError, match="full"):
        hand_networks(size="lite", precisions=("int8",))

"""Every converted network against TFLite itself, on pictures."""

import numpy as np
import onnx
import pytest

from edge.errors import DependencyError, InputError
from export.graphs.hands import HAND_OUTPUTS, PALM_OUTPUTS
from export.graphs.mediapipe_wheel import NETWORKS, fetch_networks
from export.graphs.tflite_onnx import IR_VERSION, OPSET, convert_tflite
from export.graphs.tflite_onnx_read import read_tflite
from export.graphs.tflite_parity import clip_pictures, tflite_parity

CASES = {
    "palm_detection_full": (PALM_OUTPUTS, (0.0, 1.0)),
    "palm_detection_lite": (PALM_OUTPUTS, (0.0, 1.0)),
    "hand_landmark_full": (HAND_OUTPUTS, (0.0, 1.0)),
    "hand_landmark_lite": (HAND_OUTPUTS, (0.0, 1.0)),
    "face_detection_short_range": ({"regressors": "boxes", "classificators": "scores"}, (-1.0, 1.0)),
    "face_landmark": ({"conv2d_21": "landmarks", "conv2d_31": "presence"}, (0.0, 1.0)),
}


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    try:
        return fetch_networks(tuple(NETWORKS))
    except DependencyError as error:
        pytest.skip(str(error))


def pictures(size: int, data_dir=None) -> list[np.ndarray]:
    import cv2

    if data_dir is not None:
        paths = sorted((data_dir / "letters_images").glob("*/*/*.jpg"))[::150]
        images = [cv2.imread(str(path)) for path in paths]
    else:
        images = clip_pictures()
    return [np.ascontiguousarray(cv2.resize(image, (size, size))[:, :, ::-1]) for image in images]


def convert(files, name) -> onnx.ModelProto:
    outputs, value_range = CASES[name]
    return convert_tflite(
        files[name], label=name, outputs=outputs, value_range=value_range, metadata={"licence": "Apache-2.0"}
    )


def check(files, name, seen) -> None:
    pytest.importorskip("ai_edge_litert")
    outputs, value_range = CASES[name]
    model = convert(files, name).SerializeToString()
    parity = tflite_parity(files[name], model, outputs=outputs, value_range=value_range, pictures=seen)
    assert parity is not None
    assert parity.n == len(seen) > 4
    assert parity.max_abs_diff < 2e-3  # pixels of the crop, and logits


@pytest.mark.parametrize("name", CASES)
def test_it_computes_what_tflite_computes_on_the_clip(files, name):
    check(files, name, pictures(read_tflite(files[name], name).shapes[0][1]))


@pytest.mark.parametrize("name", CASES)
def test_it_computes_what_tflite_computes_on_real_pictures(files, name, data_dir):
    check(files, name, pictures(read_tflite(files[name], name).shapes[0][1], data_dir))


@pytest.mark.parametrize("name", CASES)
def test_the_file_is_plain_and_says_where_it_came_from(files, name):
    model = convert(files, name)
    assert (model.opset_import[0].version, model.ir_version) == (OPSET, IR_VERSION)
    assert {p.key: p.value for p in model.metadata_props} == {"licence": "Apache-2.0"}
    kinds = {node.op_type for node in model.graph.node}
    assert "PRelu" not in kinds
    assert model.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert all(i.data_type != onnx.TensorProto.FLOAT16 for i in model.graph.initializer)


def test_unwanted_outputs_leave_no_nodes(files):
    model = convert(files, "hand_landmark_full")
    used = {name for node in model.graph.node for name in node.input} | {o.name for o in model.graph.output}
    assert all(set(node.output) & used for node in model.graph.node)
    assert not any("Identity_3" in i.name for i in model.graph.initializer)


def test_something_else_is_refused():
    with pytest.raises(InputError, match="not a TFLite network"):
        read_tflite(b"\x00" * 64, "x")


def test_an_output_that_is_not_there_is_named(files):
    with pytest.raises(InputError, match=r"outputs are missing.*Other"):
        convert_tflite(files["hand_landmark_lite"], label="x", outputs={"Other": "y"}, value_range=(0, 1), metadata={})

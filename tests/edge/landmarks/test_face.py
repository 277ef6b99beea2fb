"""The face pipeline; the picture of a real face comes with matplotlib (a public-domain portrait)."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.engines import FakeEngine
from edge.errors import DependencyError
from edge.landmarks.face import FacePipeline, open_face_pipeline
from edge.types import Frame


def frame(image, index=0):
    return Frame(image, index / 25, 0.0, index)


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    matplotlib = pytest.importorskip("matplotlib")
    path = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    if not path.exists():
        pytest.skip(f"this matplotlib has no {path.name}")
    return cv2.imread(str(path))


@pytest.fixture
def pipeline():
    from export.graphs.faces import face_networks

    try:
        models = {n.role: n.model for n in face_networks()}
    except DependencyError as error:
        pytest.skip(str(error))
    made = open_face_pipeline(models["face-detector"], models["face"])
    yield made
    made.close()


def test_a_face_is_found_and_its_parts_are_in_their_places(pipeline, portrait):
    points = [pipeline.process(frame(portrait, i)) for i in range(4)][-1]
    assert points.shape == (468, 3)
    nose, chin, brow, left_eye, right_eye = (points[i] for i in (1, 152, 10, 33, 263))
    assert brow[1] < left_eye[1] < nose[1] < chin[1]
    assert left_eye[0] < nose[0] < right_eye[0]
    assert nose[2] < chin[2]


def test_a_turned_face_is_followed(pipeline, portrait):
    height, width = portrait.shape[:2]
    for i in range(20):
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 2 * i, 1.0)
        points = pipeline.process(frame(cv2.warpAffine(portrait, matrix, (width, height)), i))
        assert points is not None
    eyes = (points[263, :2] - points[33, :2]) * (width, height)
    assert np.degrees(np.arctan2(-eyes[1], eyes[0])) == pytest.approx(38, abs=8)


def test_without_a_face_there_is_none_and_it_comes_back(pipeline, portrait):
    images = [np.zeros_like(portrait)] * 3 + [portrait] * 8
    found = [pipeline.process(frame(image, i)) is not None for i, image in enumerate(images)]
    assert found[:3] == [False] * 3
    assert found[-1]


@pytest.mark.parametrize("shape", [(1, 1, 3), (480, 640), (2, 9000, 3)])
def test_odd_pictures_are_no_face(pipeline, shape):
    assert pipeline.process(frame(np.zeros(shape, np.uint8))) is None


def test_an_empty_scene_is_not_searched_on_every_frame():
    boxes, scores = np.zeros((1, 896, 16), np.float32), np.full((1, 896, 1), -9, np.float32)
    detector = FakeEngine(lambda feeds: {"boxes": boxes, "scores": scores})
    pipeline = FacePipeline(detector, FakeEngine(lambda feeds: {}))
    for i in range(25):
        pipeline.process(frame(np.zeros((48, 64, 3), np.uint8), i))
    assert detector.runs == 5

"""Hands and face come together, and are let go of together."""

import numpy as np

from edge.engines import FakeEngine
from edge.landmarks.face import FacePipeline
from edge.landmarks.fake import FakeLandmarker, no_hands
from edge.landmarks.holistic import HolisticLandmarker
from edge.types import Frame


def face_engines():
    """A detector that sees a face in the middle, and a network that finds its landmarks."""
    boxes = np.zeros((1, 896, 16), np.float32)
    boxes[0, :, 2:4] = 64
    boxes[0, :, 4:] = np.tile([[-16.0, 0.0, 16.0, 0.0]], 3)
    scores = np.full((1, 896, 1), -9, np.float32)
    scores[0, 400] = 9
    detector = FakeEngine(lambda feeds: {"boxes": boxes, "scores": scores})
    points = np.full((1, 468, 3), 96, np.float32) + np.random.default_rng(0).normal(0, 20, (1, 468, 3))
    network = FakeEngine(
        lambda feeds: {"landmarks": points.astype(np.float32), "presence": np.full((1, 1), 9, np.float32)}
    )
    return detector, network


def test_a_frame_has_its_hands_and_its_face():
    detector, network = face_engines()
    hands = FakeLandmarker(no_hands)
    landmarker = HolisticLandmarker(hands, FacePipeline(detector, network))
    frame = Frame(np.zeros((96, 128, 3), np.uint8), 0.5, 0.0, 7)
    seen = landmarker.process(frame)
    assert hands.frames == 1 and (seen.time, seen.index) == (0.5, 7)
    assert seen.face is not None and seen.face.shape == (468, 3) and np.isfinite(seen.face).all()
    landmarker.process(frame)
    assert detector.runs == 1, "the face is followed"
    landmarker.reset()
    landmarker.process(frame)
    assert detector.runs == 2 and hands.resets == 1
    landmarker.close()
    assert hands.closed and detector.closed and network.closed


def test_without_a_face_there_is_none():
    nobody = FakeEngine(
        lambda feeds: {"boxes": np.zeros((1, 896, 16), np.float32), "scores": np.full((1, 896, 1), -9, np.float32)}
    )
    landmarker = HolisticLandmarker(FakeLandmarker(no_hands), FacePipeline(nobody, FakeEngine(lambda feeds: {})))
    assert landmarker.process(Frame(np.zeros((96, 128, 3), np.uint8), 0.0, 0.0, 0)).face is None

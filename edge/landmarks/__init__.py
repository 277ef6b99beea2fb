"""Where hands are in a picture.

`HandPipeline` runs MediaPipe's palm and hand networks on any `Engine`; `open_hand_pipeline` makes one on ONNX Runtime
from a bundle's bytes. `FakeLandmarker` replays hands for tests.
"""

from edge.landmarks.base import Landmarker
from edge.landmarks.fake import FakeLandmarker, no_hands
from edge.landmarks.pipeline import HandConfig, HandPipeline, open_hand_pipeline
from edge.landmarks.schedule import SearchConfig

__all__ = [
    "FakeLandmarker",
    "HandConfig",
    "HandPipeline",
    "Landmarker",
    "SearchConfig",
    "no_hands",
    "open_hand_pipeline",
]

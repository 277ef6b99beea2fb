"""The real networks, converted once for a test session, and frames to run them on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest

from edge.errors import DependencyError
from edge.landmarks import HandConfig, HandPipeline, open_hand_pipeline
from edge.samples import demo_clip
from edge.types import Frame


@pytest.fixture(scope="session")
def networks() -> dict[tuple[str, str], bytes]:
    """(role, precision) -> ONNX file."""
    from export.graphs.hands import hand_networks

    try:
        return {(n.role, n.variant): n.model for n in hand_networks(precisions=("fp32", "int8"))}
    except DependencyError as error:
        pytest.skip(str(error))


@pytest.fixture(params=["fp32", "int8"])
def pipeline(request, networks) -> Iterator[HandPipeline]:
    made = open_hand_pipeline(networks["palm", "fp32"], networks["hand", request.param])
    yield made
    made.close()


@pytest.fixture
def make_pipeline(networks) -> Iterator[Callable[..., HandPipeline]]:
    made: list[HandPipeline] = []

    def make(precision: str = "int8", config: HandConfig | None = None) -> HandPipeline:
        made.append(open_hand_pipeline(networks["palm", "fp32"], networks["hand", precision], config=config))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def clip() -> list[np.ndarray]:
    """The frames of the shipped clip: a rendered right hand, not mirrored."""
    video, frames = cv2.VideoCapture(str(demo_clip())), []
    while (read := video.read())[0]:
        frames.append(read[1])
    assert len(frames) > 100
    return frames


@pytest.fixture(scope="session")
def still(clip) -> np.ndarray:
    """One frame of it with the hand well in view."""
    return clip[len(clip) // 2]


def frames(images, *, fps: float = 25.0, start: float = 0.0) -> Iterator[Frame]:
    for index, image in enumerate(images):
        yield Frame(image, start + index / fps, 0.0, index)


@pytest.fixture
def run() -> Callable[..., list]:
    """Runs a landmarker over pictures: the hands of each."""

    def go(landmarker, images, **options) -> list:
        return [landmarker.process(frame) for frame in frames(images, **options)]

    return go

"""The bundle's task decides what is read, which networks run and how; fakes stand for the networks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.bundle.manifest import Manifest, Network, Window
from edge.bundle.samples import sample_files, sample_manifest
from edge.capture.fake import FakeSource
from edge.engines import FakeEngine
from edge.errors import BundleError, SourceError
from edge.landmarks.crops import HandPictures, WholePictures
from edge.landmarks.fake import FakeLandmarker
from edge.landmarks.slots import placed
from edge.language import Composer
from edge.outputs import FakeOutput
from edge.recognition import LabelInfo, Recogniser, WholePictureRecogniser
from edge.runtime import Runtime
from edge.service.notify import FakeNotifier
from edge.tasks import check_source, check_task, landmark_roles, make_recogniser
from edge.types import RIGHT, Frame, Hands, SignEvent

LABELS = (LabelInfo("A", "letter"), LabelInfo("B", "letter"))


def manifest(task: str, *roles: str, **contract: object) -> Manifest:
    """The sample's manifest for another task, with more networks."""
    base = sample_manifest(sample_files())
    networks = [base.networks[0].model_copy(update={"role": role, "file": f"{role}.onnx"}) for role in roles]
    inputs = base.input.model_copy(
        update={
            "missing": "nan" if task == "holistic-sequence" else "zero",
            "window": None if task == "image" else Window(frames=30, rate=15.0),
            "image_size": (32, 32) if task == "image" else None,
        }
        | contract
    )
    assert all(isinstance(network, Network) for network in networks)
    return base.model_copy(update={"task": task, "input": inputs, "networks": (*base.networks, *networks)})


@pytest.mark.parametrize("task", ["hand-sequence", "holistic-sequence", "image"])
def test_each_task_is_taken_in_its_own_convention_only(task):
    check_task(manifest(task), "b")
    with pytest.raises(BundleError, match="pictures not mirrored"):
        check_task(manifest(task, mirrored=True), "b")
    if task != "image":
        other = "zero" if task == "holistic-sequence" else "nan"
        with pytest.raises(BundleError, match=f"missing {other}"):
            check_task(manifest(task, missing=other), "b")


@pytest.mark.parametrize(
    ("task", "refused"), [("hand-sequence", ()), ("holistic-sequence", ("hands",)), ("image", ("hands", "holistic"))]
)
def test_a_source_must_show_what_the_model_looks_at(task, refused):
    for delivers in ("frames", "hands", "holistic"):
        if delivers in refused:
            with pytest.raises(SourceError, match=r"r\.npz"):
                check_source(manifest(task), delivers, "r.npz")
        else:
            check_source(manifest(task), delivers, "r.npz")


@pytest.mark.parametrize(
    ("task", "bundle", "mediapipe"),
    [
        ("hand-sequence", ("palm", "hand"), ()),
        ("holistic-sequence", ("palm", "hand", "face-detector", "face"), ("face-detector", "face")),
        ("image", ("palm", "hand"), ()),
    ],
)
def test_the_task_decides_which_networks_run(task, bundle, mediapipe):
    full = manifest(task, "palm", "hand", "face-detector", "face")
    assert landmark_roles(full, "frames", "bundle", "b") == bundle
    assert landmark_roles(full, "frames", "mediapipe", "b") == mediapipe
    assert landmark_roles(full, "holistic", "bundle", "b") == ()


def test_a_network_that_is_missing_is_named_unless_whole_pictures_will_do():
    with pytest.raises(BundleError, match="no hand network, so no hands can be found"):
        landmark_roles(manifest("hand-sequence", "palm"), "frames", "bundle", "b")
    with pytest.raises(BundleError, match="no face network, so no face can be found"):
        landmark_roles(manifest("holistic-sequence", "palm", "hand", "face-detector"), "frames", "bundle", "b")
    assert landmark_roles(manifest("image"), "frames", "bundle", "b") == ()


def hand(frame: Frame, x: float) -> Hands:
    """A right hand upright at ``x``, a fifth of the picture high."""
    points = np.zeros((21, 3), np.float32)
    points[:, 0] = x + np.linspace(-0.05, 0.05, 21)
    points[:, 1] = 0.5 + np.linspace(-0.1, 0.1, 21)[::-1]
    points[5, 0], points[17, 0] = x - 0.06, x + 0.06
    return placed(frame, [(RIGHT, points, 0.9)])


def scene(seconds: float, colours: str, fps: int = 25) -> list[np.ndarray]:
    """Pictures of 96 x 128 that are red where a hand shows an A and green where it shows a B."""
    shade = {"A": (0, 0, 250), "B": (0, 250, 0), "-": (90, 90, 90)}
    return [np.full((96, 128, 3), shade[colour], np.uint8) for colour in colours for _ in range(round(seconds * fps))]


def sees_colours(feeds):
    """Logits of an image model that knows red from green."""
    image = feeds["image"]
    assert image.shape == (1, 32, 32, 3) and image.dtype == np.uint8
    red, green = (float(image[..., channel].mean()) / 25 for channel in (0, 1))
    return {"logits": np.array([[red, green]], np.float32)}


def run(source: FakeSource, landmarker, recogniser) -> FakeOutput:
    output = FakeOutput()
    Runtime(
        source,
        landmarker=landmarker,
        recogniser=recogniser,
        composer=Composer(LABELS),
        outputs=[output],
        notifier=FakeNotifier(),
    ).run()
    return output


def test_an_image_model_reads_the_pictures_around_a_held_hand():
    made = manifest("image", "palm", "hand")
    engine = FakeEngine(sees_colours)
    recogniser = make_recogniser(made, engine, LABELS, "bundle")
    assert isinstance(recogniser, Recogniser)

    def find(frame: Frame) -> Hands:
        if frame.image[0, 0, 0] == 90:
            return placed(frame)
        return hand(frame, 0.3 if frame.image[0, 0, 2] else 0.7)

    landmarker = HandPictures(FakeLandmarker(find), (32, 32))
    output = run(FakeSource(scene(1.2, "-A-BA-"), fps=25), landmarker, recogniser)
    assert output.signs == ["A", "B", "A"] and output.captions[-1].replace(" ", "") == "ABA"
    assert 0 < engine.runs < 40, "it looks ten times a second, and only while a hand is held"


def test_an_image_model_that_finds_nothing_held_never_runs():
    engine = FakeEngine(lambda feeds: pytest.fail("nothing to look at"))
    recogniser = make_recogniser(manifest("image", "palm", "hand"), engine, LABELS, "bundle")
    waving = FakeLandmarker(lambda frame: hand(frame, 0.5 + 0.3 * np.sin(12 * frame.time)))
    assert run(FakeSource(scene(1.0, "ABAB"), fps=25), HandPictures(waving, (32, 32)), recogniser).signs == []


def test_without_hand_networks_an_image_model_reads_whole_pictures():
    recogniser = make_recogniser(manifest("image"), FakeEngine(sees_colours), LABELS, "bundle")
    assert isinstance(recogniser, WholePictureRecogniser)
    assert run(FakeSource(scene(1.2, "AB"), fps=25), WholePictures((32, 32)), recogniser).signs == ["A", "B"]


def test_with_mediapipe_the_same_bundle_has_its_hands_found():
    assert isinstance(make_recogniser(manifest("image"), FakeEngine(sees_colours), LABELS, "mediapipe"), Recogniser)


def test_a_holistic_model_sees_hands_and_face_and_nan_where_nothing_is():
    seen = []

    def network(feeds):
        seen.append(feeds["landmarks"])
        return {"logits": np.array([[0.0, 9.0]], np.float32)}

    recogniser = make_recogniser(manifest("holistic-sequence"), FakeEngine(network), LABELS, "bundle")
    face = np.full((468, 3), 0.25, np.float32)
    frame = Frame(np.zeros((96, 128, 3), np.uint8), 0.0, 0.0, 0)
    results = []
    for index in range(40):
        held = replace(hand(frame, 0.5), time=index / 25, captured=index / 25, index=index)
        results += recogniser.push(replace(held, face=face if index % 2 else None))
    assert [r.label for r in results if isinstance(r, SignEvent)] == ["B"]
    rows = seen[-1][0]
    assert rows.shape[1:] == (543, 3)
    assert np.isnan(rows[:, 468:522]).all() and np.isfinite(rows[:, 522:]).all()
    assert (rows[np.isfinite(rows[:, 0, 0])][:, :468] == 0.25).all()

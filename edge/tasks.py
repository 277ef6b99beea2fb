"""What a bundle's task decides: what it reads, which of its networks run, what the recogniser is.

================= ========================= ================================== ===================================
task              reads                     networks that run on pictures      a sign is read from
================= ========================= ================================== ===================================
hand-sequence     pictures, any recording   palm, hand                         a window of hands
holistic-sequence pictures, holistic        palm, hand, face-detector, face    a window of hands and face
                  recordings
image             pictures                  palm, hand; none where the bundle  the picture around a held hand;
                                            has none                           else a picture's steady middle
================= ========================= ================================== ===================================
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from edge.bundle.manifest import Manifest, Role
from edge.capture.base import Delivers
from edge.config import LandmarkerChoice
from edge.errors import BundleError, SourceError
from edge.recognition import (
    LabelInfo,
    Pictures,
    Recogniser,
    RecognitionSettings,
    WholePictureRecogniser,
    Windows,
    hand_window,
    holistic_window,
)

if TYPE_CHECKING:
    from edge.engines.base import Engine
    from edge.landmarks.base import Landmarker

_ASPECT = 4 / 3
"""Width / height of a picture where the manifest does not say what the landmarks refer to."""
_PICTURE_RATE = 10.0
"""Looks a second of an image model: four in the shortest hold, on a board that needs 100 ms for each."""
_PICTURE_STAY = 2.0
"""Seconds within which a hand that comes and goes can have shown an image model one word."""
_HANDS: tuple[Role, ...] = ("palm", "hand")
_FACE: tuple[Role, ...] = ("face-detector", "face")


def check_task(manifest: Manifest, where: object) -> None:
    """Raises BundleError when the model wants its input in a way that is not given here."""
    contract = manifest.input
    missing = "nan" if manifest.task == "holistic-sequence" else "zero"
    if contract.mirrored or (manifest.task != "image" and contract.missing != missing):
        raise BundleError(
            "the model wants its input in a way that this release does not give",
            where=where,
            expected=f"pictures not mirrored, what is missing as {missing}",
            found=f"mirrored {contract.mirrored}, missing {contract.missing}",
            remedy="put the conversion into the model's preprocessing and export it again",
        )


def check_source(manifest: Manifest, delivers: Delivers, where: object) -> None:
    """Raises SourceError when the source does not show what the model looks at."""
    if manifest.task == "image" and delivers != "frames":
        raise SourceError(
            "an image model reads pictures", where=where, expected="a camera, a clip or a folder", found="landmarks"
        )
    if manifest.task == "holistic-sequence" and delivers == "hands":
        raise SourceError(
            "the recording does not hold the face, which this model looks at",
            where=where,
            expected="`landmarks` (T, 543, 3), or pictures",
            found="hands only",
        )


def landmark_roles(
    manifest: Manifest, delivers: Delivers, landmarker: LandmarkerChoice, where: object
) -> tuple[Role, ...]:
    """The networks that find hands and face in what the source delivers; raises BundleError when one is missing."""
    if delivers != "frames":
        return ()
    hands = () if landmarker == "mediapipe" or _whole_pictures(manifest, landmarker) else _HANDS
    wanted = (*hands, *(_FACE if manifest.task == "holistic-sequence" else ()))
    what = dict.fromkeys(_HANDS, "hands") | dict.fromkeys(_FACE, "face")
    for role in wanted:
        if not manifest.variants(role):
            raise BundleError(
                f"the bundle has no {role} network, so no {what[role]} can be found in pictures",
                where=where,
                remedy="export it again with its landmark networks, or run it on a landmark recording (.npz)",
            )
    return wanted


def open_landmarker(
    manifest: Manifest, engine: Callable[[Role], Engine], *, landmarker: LandmarkerChoice, threads: int
) -> Landmarker:
    """What finds in pictures all that the task needs; ``engine`` opens the network of each of the `landmark_roles`.

    Raises what ``engine`` does, and DependencyError when mediapipe is asked for and not there.
    """
    import cv2

    cv2.setNumThreads(threads)  # of the process, so it is set here and not in a room

    def hands() -> Landmarker:
        if landmarker == "mediapipe":
            from edge.landmarks.mediapipe_backend import MediapipeLandmarker

            return MediapipeLandmarker()
        from edge.landmarks import HandPipeline

        return HandPipeline(engine("palm"), engine("hand"))

    if manifest.input.image_size is not None:
        from edge.landmarks.crops import HandPictures, WholePictures

        size = manifest.input.image_size
        return WholePictures(size) if _whole_pictures(manifest, landmarker) else HandPictures(hands(), size)
    if manifest.task == "holistic-sequence":
        from edge.landmarks.face import FacePipeline
        from edge.landmarks.holistic import HolisticLandmarker

        return HolisticLandmarker(hands(), FacePipeline(engine("face-detector"), engine("face")))
    return hands()


def make_recogniser(
    manifest: Manifest,
    engine: Engine,
    labels: Sequence[LabelInfo],
    landmarker: LandmarkerChoice,
    settings: RecognitionSettings | None = None,
) -> Recogniser | WholePictureRecogniser:
    """What reads signs with the classifier's ``engine``; ``settings`` for thresholds that are not the usual ones."""
    logits, aspect = manifest.output == "logits", manifest.input.aspect or _ASPECT
    if (window := manifest.input.window) is not None:
        build = holistic_window if manifest.task == "holistic-sequence" else hand_window
        return Recogniser(
            engine,
            labels=labels,
            window=window.frames,
            rate=window.rate,
            aspect=aspect,
            settings=settings,
            logits=logits,
            inputs=Windows(build),
        )
    still = [replace(label, moving=False) for label in labels]  # no movement shows in one picture
    if _whole_pictures(manifest, landmarker):
        return WholePictureRecogniser(engine, labels=still, rate=_PICTURE_RATE, settings=settings, logits=logits)
    return Recogniser(
        engine,
        labels=still,
        window=round(_PICTURE_STAY * _PICTURE_RATE),
        rate=_PICTURE_RATE,
        aspect=aspect,
        settings=settings,
        logits=logits,
        inputs=Pictures(),
    )


def _whole_pictures(manifest: Manifest, landmarker: LandmarkerChoice) -> bool:
    """Whether an image model is shown whole pictures, because nothing here finds hands."""
    return manifest.task == "image" and landmarker == "bundle" and not manifest.variants("hand")

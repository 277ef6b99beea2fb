"""The face detector (short range) and the face-landmark network (468 points), ready to be bundled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from edge.bundle.manifest import Precision, Role
from edge.errors import UsageError
from edge.landmarks.face import DETECTOR_SIZE, LANDMARK_SIZE
from edge.landmarks.regions import Cropper, whole
from edge.types import UInt8Array
from export.graphs.hands import converted_network, for_tensorrt, half_network
from export.graphs.mediapipe_wheel import fetch_networks
from export.graphs.tflite_parity import clip_pictures, tflite_parity
from export.graphs.types import BuiltNetwork

DETECTOR_OUTPUTS = {"regressors": "boxes", "classificators": "scores"}
FACE_OUTPUTS = {"conv2d_21": "landmarks", "conv2d_31": "presence"}
"""TFLite output -> ONNX output."""

_NETWORKS: tuple[tuple[Role, str, dict[str, str], tuple[float, float], int], ...] = (
    ("face-detector", "face_detection_short_range", DETECTOR_OUTPUTS, (-1.0, 1.0), DETECTOR_SIZE),
    ("face", "face_landmark", FACE_OUTPUTS, (0.0, 1.0), LANDMARK_SIZE),
)


def face_networks(
    cache: Path | None = None,
    *,
    precisions: Sequence[Precision] = ("fp32",),
    wheel: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> tuple[BuiltNetwork, ...]:
    """Roles ``face-detector`` and ``face`` in fp32 and, where wanted, fp16.

    Inputs and outputs: detector ``image`` uint8 (1, 128, 128, 3) RGB -> ``boxes`` (1, 896, 16), ``scores`` (1, 896, 1)
    before the sigmoid; face ``image`` uint8 (1, 192, 192, 3) RGB -> ``landmarks`` (1, 1, 1, 1404) x, y, z in pixels of
    the crop, ``presence`` (1, 1, 1, 1) before the sigmoid. Raises what `fetch_networks` raises.
    """
    if unknown := sorted(set(precisions) - {"fp32", "fp16"}):
        raise UsageError("face networks do not come in this precision", expected="fp32, fp16", found=unknown[0])
    files = fetch_networks(tuple(name for _, name, *_ in _NETWORKS), cache, wheel=wheel, progress=progress)
    seen = face_pictures()
    built: list[BuiltNetwork] = []
    for role, name, outputs, value_range, _size in _NETWORKS:
        network = converted_network(role, name, files[name], outputs, value_range)
        if "fp16" in precisions:
            network = for_tensorrt(network)
        pictures = seen[role]
        if "fp32" in precisions:
            parity = tflite_parity(
                files[name], network.model, outputs=outputs, value_range=value_range, pictures=pictures
            )
            built.append(replace(network, parity=parity))
        if "fp16" in precisions:
            built.append(half_network(network, pictures))
    return tuple(built)


def face_pictures() -> dict[Role, list[UInt8Array]]:
    """Frames of the shipped clip by role: uint8 RGB, in the network's size.

    There is no face in the clip; its frames still run through every layer.
    """
    frames = clip_pictures()
    seen: dict[Role, list[UInt8Array]] = {}
    for role, *_, size in _NETWORKS:
        cropper = Cropper(size, repeat_border=False)
        seen[role] = [cropper.crop(image, whole(*image.shape[:2]))[0].copy() for image in frames]
    return seen

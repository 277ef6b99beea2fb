"""The palm detector and the hand-landmark network, ready to be bundled.

MediaPipe has each in two sizes. *full* is what ``solutions.hands`` runs by default and what the shipped models'
training landmarks were made with, so it is what is exported. *lite* is another network and not a faster way to the
same points: its landmarks lie 4 % of hand size from those of *full* on real pictures (p95 9 %), where the agreement
asked for is 0.3 %. It is there for boards that are too slow for *full*.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import onnx

from edge.bundle.manifest import Licence, Precision, Role
from edge.engines import OnnxEngine
from edge.errors import CheckFailedError, UsageError
from edge.landmarks.hand import SIZE as HAND_SIZE
from edge.landmarks.hand import HandNetwork
from edge.landmarks.palm import SIZE as PALM_SIZE
from edge.landmarks.palm import PalmDetector
from edge.landmarks.regions import Cropper, from_landmarks, whole
from edge.types import UInt8Array
from export.graphs.fp16 import DESCRIPTION as FP16_DESCRIPTION
from export.graphs.fp16 import pictures_first, to_fp16
from export.graphs.hands_int8 import QUANTIZATION, quantise_hand, read_ranges
from export.graphs.landmark_half import half_parity
from export.graphs.mediapipe_wheel import NETWORKS, WHEEL_VERSION, fetch_networks
from export.graphs.tflite_onnx import OPSET, convert_tflite
from export.graphs.tflite_parity import clip_pictures, tflite_parity, variant_parity
from export.graphs.types import BuiltNetwork

Size = Literal["lite", "full"]

PALM_OUTPUTS = {"Identity": "boxes", "Identity_1": "scores"}
HAND_OUTPUTS = {"Identity": "landmarks", "Identity_1": "presence", "Identity_2": "handedness"}
"""TFLite output -> ONNX output. The hand's world landmarks (``Identity_3``) are left out: nothing uses them."""

_VALUE_RANGE = (0.0, 1.0)


def hand_networks(
    cache: Path | None = None,
    *,
    precisions: Sequence[Precision] = ("fp32",),
    size: Size = "full",
    wheel: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> tuple[BuiltNetwork, ...]:
    """Roles ``palm`` and ``hand`` in the wanted precisions.

    Inputs and outputs (float32 unless said): palm ``image`` uint8 (1, 192, 192, 3) RGB -> ``boxes`` (1, 2016, 18),
    ``scores`` (1, 2016, 1) before the sigmoid; hand ``image`` uint8 (1, 224, 224, 3) RGB -> ``landmarks`` (1, 63) x, y,
    z in pixels of the crop, ``presence`` (1, 1), ``handedness`` (1, 1), both probabilities.

    Each is there in fp32; int8 exists of the full hand network only (`hands_int8`), since the palm detector runs too
    rarely to matter; fp16, for a Jetson, of both. Parity is of the fp32 network against TFLite itself where
    ``ai-edge-litert`` is installed, of the other precisions against fp32. Raises what `fetch_networks` raises, and
    UsageError for int8 of the lite networks.
    """
    if size == "lite" and "int8" in precisions:
        raise UsageError("int8 exists of the full hand network only", found="lite", remedy="export size full")
    names: tuple[tuple[Role, str, dict[str, str]], ...] = (
        ("palm", f"palm_detection_{size}", PALM_OUTPUTS),
        ("hand", f"hand_landmark_{size}", HAND_OUTPUTS),
    )
    files = fetch_networks(tuple(name for _, name, _ in names), cache, wheel=wheel, progress=progress)
    palm, hand = (converted_network(role, name, files[name], outputs, _VALUE_RANGE) for role, name, outputs in names)
    if "fp16" in precisions:
        palm, hand = for_tensorrt(palm), for_tensorrt(hand)
    seen = hand_pictures(palm, hand)
    built: list[BuiltNetwork] = []
    for network, (role, name, outputs) in zip((palm, hand), names, strict=True):
        if "fp32" in precisions:
            parity = tflite_parity(
                files[name], network.model, outputs=outputs, value_range=_VALUE_RANGE, pictures=seen[role]
            )
            built.append(replace(network, parity=parity))
        if "int8" in precisions and role == "hand":
            built.append(_int8(network, seen[role]))
        if "fp16" in precisions:
            built.append(half_network(network, seen[role]))
    return tuple(built)


def converted_network(
    role: Role, name: str, data: bytes, outputs: dict[str, str], value_range: tuple[float, float]
) -> BuiltNetwork:
    """A network of the wheel in fp32, with licence and provenance; its parity is yet to be measured."""
    licence = network_licence(name)
    metadata = {"source": licence.source, "licence": licence.spdx, "picture": "RGB, 0 to 255, not mirrored"}
    model = convert_tflite(data, label=name, outputs=outputs, value_range=value_range, metadata=metadata)
    serialised = model.SerializeToString(deterministic=True)
    return BuiltNetwork(role, "fp32", serialised, OPSET, int(model.ir_version), licence=licence)


def hand_pictures(palm: BuiltNetwork, hand: BuiltNetwork) -> dict[Role, list[UInt8Array]]:
    """What the fp32 networks see in the shipped clip, by role: uint8 RGB, in the network's size.

    Raises CheckFailedError when they find no hand there.
    """
    detector = PalmDetector(OnnxEngine(palm.model), threshold=0.5)
    finder = HandNetwork(OnnxEngine(hand.model), threshold=0.5)
    whole_frame, hand_crop = Cropper(PALM_SIZE, repeat_border=False), Cropper(HAND_SIZE, repeat_border=True)
    seen: dict[Role, list[UInt8Array]] = {"palm": [], "hand": []}
    for image in clip_pictures():
        seen["palm"].append(whole_frame.crop(image, whole(*image.shape[:2]))[0].copy())
        for found in detector.detect(image)[:1]:
            if (result := finder.find(image, found.region)) is not None:
                seen["hand"].append(hand_crop.crop(image, from_landmarks(result.points))[0].copy())
    if not seen["hand"]:
        raise CheckFailedError("the converted networks find no hand in the shipped clip", where=hand.licence)
    return seen


def _int8(network: BuiltNetwork, pictures: list[UInt8Array]) -> BuiltNetwork:
    model = quantise_hand(onnx.load_from_string(network.model), read_ranges())
    serialised = model.SerializeToString(deterministic=True)
    parity = variant_parity(network.model, serialised, pictures)
    return replace(network, variant="int8", model=serialised, quantization=QUANTIZATION, parity=parity)


def for_tensorrt(network: BuiltNetwork) -> BuiltNetwork:
    """The same network with its picture cast first, as TensorRT wants it."""
    return replace(network, model=pictures_first(network.model))


def half_network(network: BuiltNetwork, pictures: list[UInt8Array]) -> BuiltNetwork:
    """The fp16 variant of a converted network; raises CheckFailedError when it moves what is read off it too far."""
    # A Resize keeps its scales in float32, and the picture's scaling is preprocessing.
    serialised = to_fp16(network.model, keep_float=lambda name: name.startswith(("resize", "mul"))).model
    parity = half_parity(network.role, network.model, serialised, pictures)
    return replace(network, variant="fp16", model=serialised, quantization=FP16_DESCRIPTION, parity=parity)


def network_licence(name: str) -> Licence:
    """Licence and provenance of a network of the wheel."""
    path, sha256 = NETWORKS[name]
    return Licence(
        subject=f"MediaPipe {name.replace('_', ' ')}",
        spdx="Apache-2.0",
        source=f"mediapipe {WHEEL_VERSION} wheel, {path}, sha256 {sha256}",
    )

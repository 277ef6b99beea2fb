"""Measures the activation ranges that the int8 hand network is made with: writes ``hand_ranges.json``.

``python -m export.graphs.hands_calibration --data DIR`` takes every sixth picture of ``DIR/letters_images/vita`` (MIT
licence), finds the hand with the float networks, and cuts it out as the pipeline would in its first and in its later
frames: the palm's region, and one around the landmarks, moved, turned and scaled a little, mirrored half of the time,
in other light. Nothing of a picture is kept but the two ends of each activation's range.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper

from edge.capture.pictures import decode_picture
from edge.engines import OnnxEngine
from edge.errors import FingerpostError, InputError
from edge.landmarks.hand import SIZE, HandNetwork
from edge.landmarks.palm import PalmDetector
from edge.landmarks.regions import Cropper, Region, from_landmarks
from edge.types import FloatArray, UInt8Array
from export.graphs.hands import hand_networks
from export.graphs.hands_int8 import RANGES_FILE, quantised_points, scaled_points
from export.graphs.mediapipe_wheel import NETWORKS

EVERY = 6
"""Of the sorted pictures of the folder, every so many are used here; the rest are free to judge the result."""
_SAMPLES = 4000
_SHRINKINGS = np.linspace(0.3, 1, 36)


def calibration_pictures(data: Path) -> list[Path]:
    """The pictures that calibrate. Raises InputError when there are none."""
    pictures = sorted((data / "letters_images" / "vita").glob("*/*.jpg"))[::EVERY]
    if not pictures:
        raise InputError("no pictures to calibrate with", where=data, expected="letters_images/vita/<letter>/*.jpg")
    return pictures


def main(argv: Sequence[str]) -> int:
    """Measure and write the file."""
    parser = argparse.ArgumentParser(prog="python -m export.graphs.hands_calibration", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, default=RANGES_FILE)
    arguments = parser.parse_args(argv)
    networks = {n.role: n.model for n in hand_networks()}
    model = onnx.load_from_string(networks["hand"])
    crops = _crops(networks["palm"], networks["hand"], calibration_pictures(arguments.data))
    ranges, channels = measure(model, crops)
    written = {
        "network": "hand_landmark_full",
        "sha256": NETWORKS["hand_landmark_full"][1],
        "pictures": f"every {EVERY}th of letters_images/vita (princeo741/ViTA @ 8ed094c6, MIT)",
        "ranges": {name: [round(low, 5), round(high, 5)] for name, (low, high) in ranges.items()},
        "channels": {name: [round(float(v), 3) for v in values] for name, values in channels.items()},
    }
    arguments.output.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    return 0


def measure(
    model: onnx.ModelProto, crops: Iterator[UInt8Array]
) -> tuple[dict[str, tuple[float, float]], dict[str, FloatArray]]:
    """Per activation the range with the least squared rounding error, and the channels' largest values of a few."""
    points, scaled = quantised_points(model), scaled_points(model)
    probed = onnx.ModelProto()
    probed.CopyFrom(model)
    probed.graph.output.extend(helper.make_tensor_value_info(p, TensorProto.FLOAT, None) for p in points)
    engine = OnnxEngine(probed.SerializeToString(), label="hand network")
    rng = np.random.default_rng(0)
    samples: dict[str, list[FloatArray]] = {point: [] for point in points}
    ends = dict.fromkeys(points, (0.0, 0.0))
    channels: dict[str, FloatArray] = {}
    for crop in crops:
        out = engine.run({"image": crop[None]})
        for point in points:
            value = out[point]
            low, high = ends[point]
            ends[point] = min(low, float(value.min())), max(high, float(value.max()))
            samples[point].append(rng.choice(value.ravel(), min(_SAMPLES, value.size), replace=False))
            if point in scaled:
                channels[point] = np.maximum(channels.get(point, 0), value.max(axis=(0, 2, 3)))
    return {point: _best_range(*ends[point], np.concatenate(samples[point])) for point in points}, channels


def _best_range(low: float, high: float, values: FloatArray) -> tuple[float, float]:
    def error(shrinking: float) -> float:
        scale = (high - low) * shrinking / 255
        zero = round(-low * shrinking / scale)
        rounded = (np.clip(np.round(values / scale) + zero, 0, 255) - zero) * scale
        return float(np.square(rounded - values).mean())

    if high <= low:
        return low, high
    best = min(_SHRINKINGS, key=error)
    return float(low * best), float(high * best)


def _crops(palm: bytes, hand: bytes, pictures: Sequence[Path]) -> Iterator[UInt8Array]:
    detector = PalmDetector(OnnxEngine(palm), threshold=0.5)
    network = HandNetwork(OnnxEngine(hand), threshold=0.5)
    cropper = Cropper(SIZE, repeat_border=True)
    rng = np.random.default_rng(0)
    for path in pictures:
        image = decode_picture(path.read_bytes(), cv2)
        if image is None:
            raise InputError("not a picture", where=path)
        if rng.random() < 0.5:
            image = np.ascontiguousarray(image[:, ::-1])
        palms = detector.detect(image)
        found = network.find(image, palms[0].region) if palms else None
        if found is None:
            continue
        for region in (palms[0].region, _moved(from_landmarks(found.points), rng)):
            yield _relit(cropper.crop(image, region)[0], rng)


def _moved(region: Region, rng: np.random.Generator) -> Region:
    x, y = rng.normal(0, 0.04, 2) * region.side
    return Region(
        region.x + x, region.y + y, region.side * float(np.exp(rng.normal(0, 0.1))), region.angle + rng.normal(0, 0.15)
    )


def _relit(crop: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    light = crop * np.exp(rng.normal(0, 0.25)) + rng.normal(0, 10) + rng.normal(0, 3, crop.shape)
    relit: UInt8Array = np.clip(light, 0, 255).astype(np.uint8)
    return relit


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except FingerpostError as error:
        sys.exit(f"error: {error}")

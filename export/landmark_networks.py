"""The landmark networks of a bundle: which ones a task needs, and what they must answer on the device.

Hands are found for every task; a holistic model reads the face too. Golden pictures are what each network sees in the
shipped clip, where nobody was filmed, and a grey one in which there is nothing. Of the outputs only what the pipeline
would look at is kept: boxes that the detector believes in, points of a hand that is there. The rest is zeros, which say
nothing and take no room.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from edge.bundle.golden import THERE, golden_name
from edge.bundle.manifest import Role, Target, Task
from edge.engines import OnnxEngine
from edge.errors import CheckFailedError
from edge.types import AnyArray, UInt8Array
from export.classifier import VARIANTS
from export.graphs.faces import face_networks, face_pictures
from export.graphs.hands import hand_networks, hand_pictures
from export.graphs.types import BuiltNetwork

_GOLDEN_PICTURES = 5
_GREY = 128


def landmark_networks(
    task: Task, target: Target, *, wheel: Path | None = None, progress: Callable[[str], None] | None = None
) -> tuple[BuiltNetwork, ...]:
    """Roles ``palm`` and ``hand``, for a holistic model ``face-detector`` and ``face`` too, in the target's precisions.

    Palm and faces have no int8: the detectors run too rarely to matter. Raises what `hand_networks` raises.
    """
    precisions = VARIANTS[target]
    built = hand_networks(precisions=precisions, wheel=wheel, progress=progress)
    if task == "holistic-sequence":
        face = tuple(precision for precision in precisions if precision != "int8")
        built += face_networks(precisions=face, wheel=wheel, progress=progress)
    return built


def landmark_golden(networks: Sequence[BuiltNetwork]) -> dict[str, AnyArray]:
    """Golden pictures and float32 outputs of landmark networks, by `golden_name`."""
    fp32 = {network.role: network for network in networks if network.variant == "fp32"}
    seen: dict[Role, list[UInt8Array]] = {}
    if "palm" in fp32 and "hand" in fp32:
        seen |= hand_pictures(fp32["palm"], fp32["hand"])
    if "face" in fp32:
        seen |= face_pictures()
    arrays: dict[str, AnyArray] = {}
    for role, pictures in seen.items():
        chosen = np.unique(np.linspace(0, len(pictures) - 1, _GOLDEN_PICTURES).astype(int))
        images = np.stack([*(pictures[i] for i in chosen), np.full_like(pictures[0], _GREY)])
        arrays[golden_name(role, "image")] = images
        arrays |= {golden_name(role, name): values for name, values in _answers(fp32[role], images).items()}
    return arrays


def _answers(network: BuiltNetwork, images: UInt8Array) -> dict[str, AnyArray]:
    engine = OnnxEngine(network.model, label=network.role)
    runs = [engine.run({"image": image[None]}) for image in images]
    engine.close()
    answers = {name: np.concatenate([run[name] for run in runs]) for name in runs[0]}
    name, threshold = THERE[network.role]
    there = answers[name] > threshold
    if network.role in ("palm", "face-detector"):
        answers["boxes"] = answers["boxes"] * there
    elif there.any():
        answers["landmarks"] = answers["landmarks"] * there.reshape(-1, *(1,) * (answers["landmarks"].ndim - 1))
    if not all(np.isfinite(values).all() for values in answers.values()):
        raise CheckFailedError("a landmark network gives numbers that are not finite", where=network.role)
    return answers

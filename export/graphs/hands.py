"""The palm detector and the hand-landmark network, ready to be bundled.

MediaPipe has each in two sizes. *full* is what ``solutions.hands`` runs by default and what the shipped models'
training landmarks were made with, so it is what is exported; *lite* is there for boards that are too slow for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from edge.bundle.manifest import Licence, Precision, Role
from edge.errors import UsageError
from export.graphs.mediapipe_wheel import NETWORKS, WHEEL_VERSION, fetch_networks
from export.graphs.tflite_onnx import convert_tflite
from export.graphs.tflite_parity import tflite_parity
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

    Parity is against TFLite itself where ``ai-edge-litert`` is installed, else None. Raises what `fetch_networks`
    raises, UsageError for a precision that these networks do not have.
    """
    unknown = [p for p in precisions if p != "fp32"]
    if unknown:
        raise UsageError("hand networks do not come in this precision", expected="fp32", found=", ".join(unknown))
    names: tuple[tuple[Role, str, dict[str, str]], ...] = (
        ("palm", f"palm_detection_{size}", PALM_OUTPUTS),
        ("hand", f"hand_landmark_{size}", HAND_OUTPUTS),
    )
    files = fetch_networks(tuple(name for _, name, _ in names), cache, wheel=wheel, progress=progress)
    return tuple(_convert(role, name, files[name], outputs) for role, name, outputs in names)


def _convert(role: Role, name: str, data: bytes, outputs: dict[str, str]) -> BuiltNetwork:
    licence = network_licence(name)
    metadata = {"source": licence.source, "licence": licence.spdx}
    model = convert_tflite(data, label=name, outputs=outputs, value_range=_VALUE_RANGE, metadata=metadata)
    return BuiltNetwork(
        role=role,
        variant="fp32",
        model=(serialised := model.SerializeToString()),
        opset=next(o.version for o in model.opset_import if o.domain == ""),
        ir_version=model.ir_version,
        parity=tflite_parity(data, serialised, outputs=outputs, value_range=_VALUE_RANGE),
        licence=licence,
    )


def network_licence(name: str) -> Licence:
    """Licence and provenance of a network of the wheel."""
    path, sha256 = NETWORKS[name]
    return Licence(
        subject=f"MediaPipe {name.replace('_', ' ')}",
        spdx="Apache-2.0",
        source=f"mediapipe {WHEEL_VERSION} wheel, {path}, sha256 {sha256}",
    )

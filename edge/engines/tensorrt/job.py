"""What a build is asked for and what it says: the words between a process and the one that builds for it.

The builder reads a `Job` as JSON and prints one JSON object a line: ``progress`` any number of times, then ``done`` or
``error``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Job:
    """Paths of the ONNX file, of the plan to be written and of the timing cache; the only shape of each
    input that has free axes."""

    label: str
    model: str
    plan: str
    timing: str
    shapes: Shapes
    half: bool = True
    """Whether float16 must be found in what was built."""

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Job:
        """What `to_json` wrote."""
        raw: dict[str, Any] = json.loads(text)
        return cls(**{**raw, "shapes": {name: tuple(shape) for name, shape in raw["shapes"].items()}})


@dataclass(frozen=True, slots=True)
class Built:
    """What a builder found: ``half`` as `obtained_half` says, ``workspace`` and ``size`` in bytes, ``layers`` of the
    engine, ``memory`` the package that ran it once, ``recorded`` whether as a CUDA graph, ``seconds`` it took."""

    half: str
    workspace: int
    size: int
    layers: int
    memory: str
    recorded: bool
    seconds: float

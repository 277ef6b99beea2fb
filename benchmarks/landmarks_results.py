"""What the landmark suite found, as plain data: `landmarks_report` shows it, ``--json`` prints it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from benchmarks.fingerprint import Fingerprint
from benchmarks.landmarks_agreement import Agreement
from benchmarks.landmarks_letters import Letters
from edge.bundle.manifest import Precision

REFERENCE = "mediapipe"
OURS: tuple[Precision, ...] = ("fp32", "int8")
"""Our backends, by the precision of their hand network; the palm detector is fp32 in both."""


@dataclass(frozen=True, slots=True)
class Cost:
    """A value per backend, in ``unit``."""

    unit: str
    values: Mapping[str, float]

    def ratio(self, backend: str) -> float:
        """Against the reference."""
        return self.values[backend] / self.values[REFERENCE]


@dataclass(frozen=True, slots=True)
class LandmarkResult:
    """By scene, then by backend.

    ``agreements`` of ours with the reference; under the reference's own name stands how far it moves itself when the
    pictures' last bit is changed. ``faces`` likewise, ``jitters`` as shares of hand size. ``letters`` is there where a
    bundle and real pictures were given.
    """

    networks: str
    machine: Fingerprint
    costs: Mapping[str, Cost]
    agreements: Mapping[str, Mapping[str, Agreement]]
    faces: Mapping[str, Mapping[str, Agreement]]
    jitters: Mapping[str, Mapping[str, float]]
    letters: Letters | None
    suite: Literal["landmarks"] = "landmarks"

"""What a run is told: the command line's options as one value, checked once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

VariantChoice = Literal["auto", "fp32", "fp16", "int8"]
SentenceChoice = Literal["off", "rules", "auto"]
"""Whether sentences are made: not; by rules; by the bundle's model where there is one."""
LandmarkerChoice = Literal["bundle", "mediapipe"]

STORE_VARIABLE = "FINGERPOST_STORE"
TRIAL_SECONDS = 600.0
KIOSK_PORT = 8731
"""Where the kiosk's page is served unless told otherwise."""
_STORE = Path("/var/lib/fingerpost")
SETTINGS = Path("/etc/fingerpost/fingerpost.conf")
"""The settings of a device's service; systemd puts them into its environment."""


def default_store() -> Path:
    """The store that is used where none is named: ``$FINGERPOST_STORE``, else /var/lib/fingerpost."""
    return Path(os.environ.get(STORE_VARIABLE) or _STORE)


def default_threads() -> int:
    """Inference threads where none are asked for: the processor's cores, but not more than two.

    The networks are small: beyond two threads they wait for each other more than they gain, and a board needs a core
    for the camera.
    """
    return min(2, len(os.sched_getaffinity(0)))


@dataclass(frozen=True, slots=True)
class RunSettings:
    """One run.

    ``bundle`` a bundle file or unpacked folder, None for the active bundle of ``store``. ``policy`` and ``keys`` as
    `edge.bundle.signing.read_trust` takes them. ``landmarker`` finds the hands: the bundle's own networks, or the
    mediapipe package. ``fps`` the rate of a folder of pictures. ``max_frames`` ends the run after so many.
    ``trial_seconds`` a bundle on trial must be healthy before it is committed; only a service judges. ``metrics`` is
    the local port that answers Prometheus, None for none.
    """

    source: str
    bundle: Path | None = None
    store: Path = _STORE
    policy: str | None = None
    keys: Path | None = None
    variant: VariantChoice = "auto"
    landmarker: LandmarkerChoice = "bundle"
    threads: int = 1
    fps: float | None = None
    realtime: bool = False
    max_frames: int | None = None
    trial_seconds: float = TRIAL_SECONDS
    sentence: SentenceChoice = "off"
    beams: int = 1
    """Sentences that the model follows side by side; 1 always takes the likeliest word."""
    metrics: int | None = None
    require: Literal["", "tensorrt"] = ""
    """What must run the networks, however well something else would."""
    suggestions: int = 0
    """Words to choose from while one is being spelled."""
    gestures: bool = True
    """Whether gestures of the hands change the text (`edge.recognition.gestures`)."""
    forget_after: float | None = None
    """Seconds without hands after which what was signed is forgotten; None: never."""
    confidence: float | None = None
    moving_confidence: float | None = None
    """Thresholds that are not the usual ones (`edge.recognition.settings`)."""

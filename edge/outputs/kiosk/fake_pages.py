"""What stands behind the operator's page and the gallery, without a device: for tests and for `edge kiosk-demo`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edge.errors import InputError, UsageError
from edge.outputs.kiosk.topics import hand_points
from edge.samples import demo_landmarks

_PREVIEW_SECONDS = 60.0
_LETTERS = ("H", "E", "L", "L", "O")
_FRAMES = 35
"""Of the shipped clip, from one letter to the next."""


class FakeOperations:
    """A device that is well. Remembers in ``done`` what it was told to do."""

    def __init__(self, *, supervised: bool = True) -> None:
        self.done: list[str] = []
        self.settings: dict[str, Any] = {"source": "/dev/video0", "confidence": 0.6, "moving_confidence": 0.45}
        self.logs = ["12:00:00 INFO edge.kiosk: kiosk=http://127.0.0.1:8731/"]
        self.beside: list[tuple[str, str]] = []
        self._supervised = supervised
        self._on = False

    def report(self) -> dict[str, Any]:
        """As `edge.operator.operations.DeviceOperations.report`."""
        return {
            "bundle": {
                "title": "hands 1.1.0 (serial 7), hand-sequence for pi, 21.0 MB",
                "state": "committed",
                "previous": "hands 1.0.0",
                "lines": ["runs classifier fp32 (0.65 ms; int8 0.63 ms)", "letters among letters fp32: 0.8640"],
            },
            "health": {
                "temperature": 51.0,
                "limits": [],
                "memory_available": 3_100_000_000,
                "resident": 141_000_000,
                "disk_free": 21_000_000_000,
                "fps": 29.8,
                "total_ms": 14.2,
                "dropped": 3,
                "model": "A made-up board",
            },
            "beside": list(self.beside),
            "seconds": 7260,
            "settings": dict(self.settings),
            "range": [0.2, 0.95],
            "cameras": [["/dev/video0", "/dev/video0 A made-up camera"], ["/dev/video2", "/dev/video2 Another one"]],
            "preview": round(_PREVIEW_SECONDS) if self._on else 0,
            "supervised": self._supervised,
            "logs": list(self.logs),
        }

    def change(self, wanted: Mapping[str, Any]) -> None:
        """Remember settings."""
        if set(wanted) - set(self.settings):
            raise UsageError("there is no such setting")
        self.settings.update(wanted)
        self.done.append("change")

    def preview(self, *, on: bool) -> float:
        """Switch the picture."""
        self._on = on
        return _PREVIEW_SECONDS if on else 0.0

    def picture(self) -> bytes | None:
        """A picture of nobody, while it is on."""
        if not self._on:
            return None
        import cv2

        ramp = np.linspace(30, 160, 320).astype(np.uint8)
        done, data = cv2.imencode(".jpg", np.dstack([np.tile(ramp, (240, 1))] * 3))
        return data.tobytes() if done else None

    def restart(self) -> None:
        """Remember it."""
        self.done.append("restart")

    def roll_back(self) -> str:
        """Remember it."""
        self.done.append("rollback")
        return "hands 1.0.0"


class FakeSamples:
    """The shipped clip's letters, always read as what they are."""

    def __init__(self) -> None:
        with np.load(demo_landmarks()) as file:
            self._hands = file["landmarks"].astype(np.float32)

    def names(self) -> list[dict[str, str]]:
        """The letters."""
        return [{"label": letter, "source": f"HELLO {place}"} for place, letter in enumerate(_LETTERS, start=1)]

    def animation(self, number: int) -> dict[str, Any]:
        """A letter's frames."""
        if number not in range(len(_LETTERS)):
            raise InputError("there is no such sample", found=number)
        begin = 11 + number * _FRAMES
        frames = [{"left": None, "right": hand_points(hands[1])} for hands in self._hands[begin : begin + 25]]
        return {"fps": 25.0, "aspect": 4 / 3, "frames": frames}

    def classify(self, number: int) -> dict[str, Any]:
        """What it is."""
        label = self.names()[number]["label"]
        return {"label": label, "kind": "letter", "confidence": 0.94, "others": ["S", "T", "M"]}

    def sentence(self, words: Sequence[tuple[str, str]]) -> dict[str, str]:
        """The letters joined."""
        read = "".join(label for label, _ in words)
        return {"text": read.capitalize() + ".", "read": read}

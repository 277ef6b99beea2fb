"""Everything that the operator's page can do and show; the command line has a command for each.

================== ===========================================
the page           the command line
================== ===========================================
camera, thresholds ``edge settings``
bundle and figures ``edge status``, ``edge inspect``
health, logs       ``edge doctor``, ``journalctl -u fingerpost``
restart            ``systemctl restart fingerpost``
roll back          ``edge rollback``
another token      ``edge kiosk-token``
================== ===========================================
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from edge.bundle.inspection import describe_bundle
from edge.bundle.store import Store
from edge.capture.devices import camera_devices
from edge.capture.v4l2 import ask_device
from edge.config import RunSettings
from edge.errors import FingerpostError, UsageError
from edge.operator.logs import RecentLines
from edge.operator.preview import Preview
from edge.operator.pulse import Pulse
from edge.operator.settings import HIGHEST, LOWEST, read_settings, write_settings
from edge.recognition import RecognitionSettings
from edge.service.board import Board
from edge.types import State

_log = logging.getLogger(__name__)


class DeviceOperations:
    """The operations on this device.

    ``beside`` says what the device is in, beside what it reads. ``stop`` ends the run in order, and only where
    ``supervised`` somebody starts it again. Raises FingerpostError's classes for what cannot be done.
    """

    def __init__(
        self,
        settings: RunSettings,
        *,
        preview: Preview,
        pulse: Pulse,
        logs: RecentLines,
        beside: Callable[[], Sequence[State]],
        stop: Callable[[], None],
        supervised: bool,
    ) -> None:
        self._settings, self._preview, self._pulse, self._logs = settings, preview, pulse, logs
        self._beside, self._stop, self._supervised = beside, stop, supervised
        self._started = time.monotonic()
        self._board = Board(disk=settings.store)

    def report(self) -> dict[str, Any]:
        """All that the page shows."""
        chosen = read_settings(self._settings.store)
        usual = RecognitionSettings()
        return {
            "bundle": self._bundle(),
            "beside": [[state.name, state.detail] for state in self._beside()],
            "health": {**asdict(self._board.read()), **self._pulse.figures(), "model": self._board.model()},
            "seconds": round(time.monotonic() - self._started),
            "settings": {
                "source": chosen.source or self._settings.source,
                "confidence": chosen.confidence or usual.confidence,
                "moving_confidence": chosen.moving_confidence or usual.moving_confidence,
            },
            "range": [LOWEST, HIGHEST],
            "cameras": self._cameras(),
            "preview": round(self._preview.left),
            "supervised": self._supervised,
            "logs": self._logs.lines(),
        }

    def change(self, wanted: Mapping[str, Any]) -> None:
        """Keep settings, which count from the next start on; a camera must be one of those that are listed, because a
        source can also be a program."""
        source = wanted.get("source")
        if source is not None and source not in {name for name, _ in self._cameras()}:
            raise UsageError("this camera is not listed", found=repr(source)[:80], remedy="see `edge settings --help`")
        folder = self._settings.store
        write_settings(folder, read_settings(folder).changed(wanted))
        _log.info("the operator changed %s", ", ".join(sorted(wanted)))

    def preview(self, *, on: bool) -> float:
        """Switch the camera's picture on or off; the seconds until it goes off by itself."""
        _log.info("the operator switched the preview %s", "on" if on else "off")
        return self._preview.switch(on)

    def picture(self) -> bytes | None:
        """The camera's picture as a JPEG, while the preview is on."""
        return self._preview.jpeg()

    def restart(self) -> None:
        """End the run; the service is then started again."""
        if not self._supervised:
            raise UsageError("nobody would start this again", remedy="end it with Ctrl-C and start it yourself")
        _log.info("the operator asked for a restart")
        self._stop()

    def roll_back(self) -> str:
        """Return to the previous bundle and restart; what is active then."""
        if self._settings.bundle is not None:
            raise UsageError("this run was given its bundle", remedy="roll back a store with `edge rollback`")
        installed = Store(self._settings.store).rollback("asked for on the operator's page")
        if self._supervised:
            self.restart()
        return f"{installed.name} {installed.version}"

    def _bundle(self) -> dict[str, Any]:
        if self._settings.bundle is not None:
            return {"title": str(self._settings.bundle), "lines": [], "previous": None, "state": None}
        try:
            store = Store(self._settings.store)
            status, bundle = store.status(), store.active()
            if bundle is None or status.active is None:
                return {"title": None, "lines": [], "previous": None, "state": None}
            with bundle:
                lines = list(describe_bundle(bundle))
            runs = [f"runs {each.role} {each.describe()}" for each in status.active.choices]
            previous = status.previous and f"{status.previous.name} {status.previous.version}"
            state = f"{status.active.state} {status.active.reason or ''}".strip()
            return {"title": lines[0], "lines": [*runs, *lines[1:]], "previous": previous, "state": state}
        except FingerpostError as error:
            return {"title": None, "lines": [str(error)], "previous": None, "state": None}

    def _cameras(self) -> list[tuple[str, str]]:
        """Sources that may be chosen, each with its name for people."""
        devices = [device for path in camera_devices() if (device := ask_device(path)) is not None]
        found = [(str(device.path), str(device)) for device in devices]
        found += [("csi", "csi"), ("picamera2", "picamera2")]
        here = self._settings.source
        return found if here in {name for name, _ in found} else [(here, here), *found]

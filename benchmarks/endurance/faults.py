"""Faults of a whole service that can be played on any machine, and how long until frames move again.

A camera's process is stopped or killed by a signal, or plays its fault itself (`edge.capture.fake.FakeGrabber`); the
service is killed, crashed or stopped as a whole. Each is done to a service that runs well, again and again.
"""

from __future__ import annotations

import os
import signal
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from benchmarks.endurance.service import RESTART_S, WATCHDOG_S, Service
from edge.capture.watch import WatchSettings

_START_S = 15.0
"""What a start of the service may take: more than on a Raspberry Pi 4."""
_CAMERA_S = 4.0
"""What a start of the camera's process may take."""

Do: TypeAlias = Callable[[Service, float], float]


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault.

    ``source`` is the camera; ``do`` brings the fault about, is told when frames began to move, and returns when the
    fault happened; ``restarts`` says whether the service (else its camera's process) is started anew; ``within``
    seconds frames must move again.
    """

    name: str
    source: str
    do: Do
    restarts: bool
    within: float


@dataclass(frozen=True, slots=True)
class Recovery:
    """What came of one kind of fault: ``seconds`` from each fault to the next frame; of ``injected`` ones."""

    fault: str
    injected: int
    seconds: tuple[float, ...]
    within: float

    @property
    def in_time(self) -> int:
        """After how many frames moved again within the bound; all came back, or it would have been an error."""
        return sum(each <= self.within for each in self.seconds)

    @property
    def median(self) -> float:
        """Of the seconds."""
        return statistics.median(self.seconds)


def faults() -> tuple[Fault, ...]:
    """All of them."""
    watch = WatchSettings()
    comes_and_goes = "fake:" + "|".join(("", "absent", "absent") * 20)
    return (
        Fault("camera hangs", "fake:", _to_camera(signal.SIGSTOP), False, watch.stall + _CAMERA_S),
        Fault("camera's process dies", "fake:", _to_camera(signal.SIGKILL), False, _CAMERA_S),
        Fault("camera vanishes, is back at the third try", comes_and_goes, _to_camera(signal.SIGKILL), False,
              3 * _CAMERA_S + 3 * watch.pause),
        Fault("camera freezes", "fake:usr1", _to_camera(signal.SIGUSR1), False, watch.frozen + _CAMERA_S),
        Fault("service is killed", "fake:", _to_service(signal.SIGKILL), True, RESTART_S + _START_S),
        Fault("service crashes", "fake:", _to_service(signal.SIGSEGV), True, RESTART_S + _START_S),
        Fault("service hangs", "fake:", _to_service(signal.SIGSTOP), True, WATCHDOG_S + RESTART_S + _START_S),
    )  # fmt: skip


def recover(fault: Fault, folder: Path, bundle: Path, *, times: int) -> Recovery:
    """Do it ``times`` times to one service; raises CheckFailedError when it does not come back at all."""
    seconds: list[float] = []
    with Service(folder, ["--bundle", str(bundle), "--source", fault.source]) as service:
        service.wait_for_word("READY=1")
        moved = service.wait_for_frames()
        while len(seconds) < times:
            before = _noticed(service, fault)
            happened = fault.do(service, moved)
            service.wait("it is noticed", partial(_more, service, fault, before))
            moved = service.wait_for_frames()
            seconds.append(moved - happened)
    return Recovery(fault.name, times, tuple(seconds), fault.within)


def _noticed(service: Service, fault: Fault) -> int:
    """How often something was started anew."""
    return service.starts if fault.restarts else service.log.read_text(errors="replace").count("started anew")


def _more(service: Service, fault: Fault, before: int) -> bool:
    return _noticed(service, fault) > before


def _to_camera(number: signal.Signals) -> Do:
    def do(service: Service, moved: float) -> float:
        # Until then the camera's watch remembers its failures, and would wait longer.
        service.wait("a steady camera", lambda: time.monotonic() > moved + WatchSettings().steady + 1.0)
        os.kill(service.camera, number)
        return time.monotonic()

    return do


def _to_service(number: signal.Signals) -> Do:
    def do(service: Service, moved: float) -> float:
        service.forget_starts()
        service.process.send_signal(number)
        return time.monotonic()

    return do

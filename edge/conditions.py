"""How the device is, for those in front of it: an update on trial, one that was taken back, too hot, without its GPU.

Each is a state that stands beside what the recogniser does (`edge.types.BESIDE`): told when it begins, and when it is
over. The loop asks at every frame, so asking costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from edge.bundle.acceptance import Acceptance
from edge.bundle.layout import StoreStatus
from edge.service.board import Readings
from edge.types import State, StateName


class OnTrial(Protocol):
    """The part of `edge.bundle.trial.TrialGate` that is needed."""

    @property
    def on_trial(self) -> bool:
        """Whether the active bundle still has to prove itself."""
        ...


class Watched(Protocol):
    """The part of `edge.service.health.Health` that is needed."""

    @property
    def interval(self) -> float:
        """Least time in seconds from one frame to the next; 0 while the board is well."""
        ...

    @property
    def readings(self) -> Readings | None:
        """The latest readings of the board."""
        ...


class Updating:
    """The bundle that runs is new and on trial."""

    def __init__(self, trial: OnTrial, *, bundle: str) -> None:
        self._trial = trial
        self._told = _Told("updating")
        self._bundle = bundle

    def changes(self, now: float) -> list[State]:
        """Whether the trial began or ended."""
        return self._told.changes(self._bundle if self._trial.on_trial else None, now)


class RolledBack:
    """A newer bundle than the one that runs was taken back; so it is until a newer one is installed.

    ``store`` as it is when the run begins.
    """

    def __init__(self, store: StoreStatus) -> None:
        self._told = _Told("rolled-back")
        self._reason = _taken_back(store)

    def changes(self, now: float) -> list[State]:
        """The state, once."""
        return self._told.changes(self._reason, now)


class TooHot:
    """The processor was held back for so long that frames are read more slowly (`edge.service.health`).

    A weak power supply holds it back too; that is for the operator's eyes (`edge doctor`), not for the signer's.
    """

    def __init__(self, health: Watched) -> None:
        self._health = health
        self._told = _Told("too-hot")

    def changes(self, now: float) -> list[State]:
        """Whether it began or ended."""
        readings = self._health.readings
        if not self._health.interval or readings is None or "low voltage" in readings.limits:
            return self._told.changes(None, now)
        degrees = "" if readings.temperature is None else f"{readings.temperature:.0f} °C"
        return self._told.changes(degrees, now)


class OnCpu:
    """The CPU runs what the bundle holds a network for the GPU for: slower, and otherwise as good.

    ``fallback`` says why TensorRT does not run at all, empty where it does; ``roles`` how the choice of each network
    came about. A network that merely runs faster on the CPU is none of these.
    """

    def __init__(self, fallback: str, roles: Iterable[Acceptance]) -> None:
        self._told = _Told("on-cpu")
        barred = (
            f"{each.role}: {result.barred}"
            for each in roles
            for result in each.results
            if result.variant == "fp16" and result.barred
        )
        self._reasons = [fallback] if fallback else list(barred)

    @property
    def reason(self) -> str:
        """Why, in one line; empty where nothing fell back."""
        return "; ".join(self._reasons)

    def lost(self, role: str, reason: str) -> None:
        """The engine of one network, which was there when it was chosen, cannot be opened any more."""
        self._reasons.append(f"{role}: {reason}")

    def changes(self, now: float) -> list[State]:
        """The state, once."""
        return self._told.changes(self.reason or None, now)


class _Told:
    """What was said of one state: nothing is said twice."""

    def __init__(self, name: StateName) -> None:
        self._name = name
        self._on = False

    def changes(self, detail: str | None, now: float) -> list[State]:
        """``detail`` while the state holds, None while it does not."""
        on = detail is not None
        if on == self._on:
            return []
        self._on = on
        return [State(self._name, now, detail or "", over=not on)]


def _taken_back(store: StoreStatus) -> str | None:
    """Why the newest bundle does not run, None where it does, or was never tried."""
    active = store.active
    if active is None:
        return None
    newer = [each for each in store.bundles if each.name == active.name and (each.serial or 0) > (active.serial or 0)]
    newest = max(newer, key=lambda each: each.serial or 0, default=None)
    if newest is None or newest.state != "rolled-back":
        return None
    return f"{newest.version}: {newest.reason}"

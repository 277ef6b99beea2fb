"""What a start may wait for, as people see it: TensorRT engines that are built, networks that are tried.

Who waits is told; ``edge build-engines`` builds beforehand.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edge.config import STORE_VARIABLE, default_store
from edge.errors import EngineError, StoreError
from edge.types import State

if TYPE_CHECKING:
    from edge.bundle.acceptance import Acceptance, EngineFactory
    from edge.engines.base import Engine
    from edge.outputs.base import Output
    from edge.service.notify import Notifier

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_LONGER_S = 180.0
"""What systemd is asked for at a time: a phase of a build may say nothing for minutes."""
_EVERY_S = 10.0
_TRY_S = 60.0
"""The same, for each variant of a network that is tried on the golden inputs: the largest take a Pi some seconds."""


class BuildNews:
    """Tells outputs and systemd that an engine is being built, and systemd that it takes longer.

    Called about once a second while one is built, with what is being done; `over` when all are there. Raises
    KeyboardInterrupt when somebody ``stopped`` the run meanwhile: nobody waits minutes for a build that is not wanted.
    """

    def __init__(
        self,
        outputs: Sequence[Output],
        notifier: Notifier,
        *,
        stopped: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outputs, self._notifier, self._stopped, self._clock = outputs, notifier, stopped, clock
        self._told: float | None = None

    def __call__(self, text: str) -> None:
        """Something is being done."""
        if self._stopped():
            raise KeyboardInterrupt
        now = self._clock()
        if self._told is None:
            for output in self._outputs:
                output.show(State("building", 0.0, "some minutes, once"))
        if self._told is None or now - self._told >= _EVERY_S:
            self._told = now
            self._notifier.extend(_LONGER_S)
            self._notifier.status(f"building {text}")

    def over(self) -> None:
        """Everything is built, or was there."""
        if self._told is not None:
            self._told = None
            for output in self._outputs:
                output.show(State("building", 0.0, over=True))


def trying(make_engine: EngineFactory, notifier: Notifier) -> EngineFactory:
    """The same factory for networks that are tried: systemd learns which one it is, and that it takes longer."""

    def make(model: bytes, label: str) -> Engine:
        notifier.extend(_TRY_S)
        notifier.status(f"trying {label}")
        return make_engine(model, label)

    return make


def add_build_engines(commands: Commands) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "build-engines",
        help="build the TensorRT engines of the active bundle (Jetson)",
        description="Build what the GPU of this device runs, each in a process of its own, and keep it in the store. "
        "Minutes the first time; nothing is done when they are there. Exit code 6 when one cannot be built.",
    )
    add = parser.add_argument
    add("--store", type=Path, metavar="DIR", help=f"default: ${STORE_VARIABLE}, else {default_store()}")
    add("--again", action="store_true", help="also those that could not be built before")
    add("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from edge.bundle.device_engines import DeviceEngines, engines_folder
    from edge.bundle.record import Remembered
    from edge.bundle.store import Store
    from edge.service.notify import SystemdNotifier

    store = Store(options.store or default_store())
    notifier = SystemdNotifier()
    news = BuildNews((), notifier)

    def progress(text: str) -> None:
        news(text)
        if not options.json and sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{text[:110]}")
            sys.stderr.flush()

    bundle = store.active()
    if bundle is None:
        raise StoreError("no bundle is active here", where=store.root, remedy="install one: edge install FILE")
    with bundle:
        engines = DeviceEngines(bundle, threads=1, folder=engines_folder(store), progress=progress)
        before, remembered = engines.look(), store.recall(bundle)
        results = engines.build_all(again=options.again)
        without = _chosen_without(remembered.roles if remembered else ())
        if any((before[role] or role in without) and not problem for role, problem in results.items()):
            # What was chosen while they were not there is chosen anew at the next start.
            store.remember(bundle, Remembered(conditions={}))
        title = bundle.title
    if not options.json and sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    if options.json:
        sys.stdout.write(json.dumps({"bundle": title, "fallback": engines.fallback, "engines": results}) + "\n")
    else:
        lines = [f"  {role}: {problem or 'built'}" for role, problem in results.items()]
        none = engines.fallback or "the bundle has no fp16 networks: export it with --target jetson"
        sys.stdout.write("\n".join([f"{title}: {'engines' if results else f'no engines: {none}'}", *lines]) + "\n")
    if failed := [role for role, problem in results.items() if problem]:
        raise EngineError(
            "engines could not be built",
            where=title,
            found=", ".join(failed),
            remedy="what is said of each says why; after a change: edge build-engines --again",
        )
    return 0


def _chosen_without(roles: Iterable[Acceptance]) -> set[str]:
    """The roles whose engine could not be opened or run when the choice was made, for want of memory for example."""
    return {
        each.role
        for each in roles
        for result in each.results
        if result.variant == "fp16" and result.barred and result.max_abs_diff is None
    }

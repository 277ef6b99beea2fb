"""TensorRT on this machine as one thing: from a network to an engine that runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edge.engines.tensorrt.cache import PlanCache
from edge.engines.tensorrt.checks import PlanError
from edge.engines.tensorrt.engine import TensorRtEngine
from edge.engines.tensorrt.memory import Memory, open_memory
from edge.engines.tensorrt.plans import Plans, Progress, Wanted
from edge.engines.tensorrt.probing import Bindings, probe


class Backend:
    """Makes engines of networks; see `open_backend`."""

    def __init__(self, bindings: Bindings, plans: Plans, *, open_memory: Callable[[], Memory]) -> None:
        self.bindings, self.plans, self._open_memory = bindings, plans, open_memory

    def describe(self) -> str:
        """The machine, with all that its engines depend on."""
        return self.plans.machine.describe()

    def engine(self, wanted: Wanted) -> TensorRtEngine:
        """An engine that is ready to run, in this thread, built where it is not there yet, which takes minutes.

        Raises EngineError or DependencyError.
        """
        plan = self.plans.get(wanted)
        memory = self._open_memory()
        try:
            return TensorRtEngine(
                plan, bindings=self.bindings, machine=self.plans.machine, memory=memory, label=wanted.label
            )
        except PlanError as error:
            # Whatever else goes wrong, such as memory that another program holds, may go right the next time.
            self.plans.discard(wanted, str(error))
            raise


def open_backend(folder: Path, progress: Progress) -> Backend:
    """TensorRT with its engines in ``folder``; raises EngineError or DependencyError when it cannot run here."""
    bindings, machine = probe()
    open_memory().close()
    return Backend(bindings, Plans(machine, PlanCache(folder), progress=progress), open_memory=open_memory)

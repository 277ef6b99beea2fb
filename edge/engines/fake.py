"""An engine without a runtime, for tests and for trying things out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edge.engines.base import TensorSpec
from edge.errors import EngineError
from edge.types import AnyArray


class FakeEngine:
    """Answers each run with ``function(feeds)``; remembers how often it ran and whether it was closed."""

    def __init__(
        self,
        function: Callable[[Mapping[str, AnyArray]], dict[str, AnyArray]],
        *,
        inputs: tuple[TensorSpec, ...] = (),
        outputs: tuple[TensorSpec, ...] = (),
    ) -> None:
        self._function = function
        self.name = "fake"
        self.inputs = inputs
        self.outputs = outputs
        self.runs = 0
        self.closed = False

    def run(self, feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        """Run the function once."""
        if self.closed:
            raise EngineError("the engine is closed")
        self.runs += 1
        return self._function(feeds)

    def close(self) -> None:
        """Mark it closed."""
        self.closed = True

    def __repr__(self) -> str:
        return f"<FakeEngine: {self.runs} runs{', closed' if self.closed else ''}>"

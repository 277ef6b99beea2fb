"""Run with TensorRT for RTX on the path: our builder on real bindings, up to the plan, which only a GPU could run.

Standard input: a job; standard output: what a builder prints.
"""

from __future__ import annotations

import importlib
import sys

from edge.engines.tensorrt import build
from edge.engines.tensorrt.fake import FAKE_MACHINE
from edge.engines.tensorrt.fake_memory import FakeMemory


def main() -> int:
    """Build the job."""
    bindings = importlib.import_module("tensorrt_rtx_bindings")
    build._tried = lambda *_: ("yes", 1, "not tried", False)
    return build.answer(lambda job, say: build.build(job, bindings, FAKE_MACHINE, open_memory=FakeMemory, progress=say))


if __name__ == "__main__":
    sys.exit(main())

"""Run by the Python of .venv-rtx, on its own: TensorRT for RTX reads and builds graphs, which needs no GPU.

Standard input: a JSON list of ``{"file", "shapes", "build"}``; standard output: a JSON object a line for each,
``{"file", "error", "size"}``, the error empty when nothing is wrong.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Check what standard input names."""
    trt = importlib.import_module("tensorrt_rtx_bindings")
    for item in json.load(sys.stdin):
        error, size = check(trt, Path(item["file"]).read_bytes(), item["shapes"], build=item["build"])
        sys.stdout.write(json.dumps({"file": item["file"], "error": " ".join(error.split()), "size": size}) + "\n")
        sys.stdout.flush()


def _log(trt: Any) -> Any:
    """A log that keeps the last error."""

    def start(log: Any) -> None:
        trt.ILogger.__init__(log)
        log.last = ""

    def take(log: Any, severity: Any, message: str) -> None:
        # Without a driver it complains of that at every step, and goes on.
        if severity <= trt.ILogger.ERROR and "cuda" not in message.lower():
            log.last = message

    return type("Log", (trt.ILogger,), {"__init__": start, "log": take})()


def check(trt: Any, model: bytes, shapes: dict[str, list[int]], *, build: bool) -> tuple[str, int]:
    """What is wrong with a graph, empty when nothing is, and the plan's size in bytes (0 unless one is built)."""
    log = _log(trt)
    builder = trt.Builder(log)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, log)
    if not parser.parse(model):
        faults = [parser.get_error(index) for index in range(parser.num_errors)]
        return next((f"{fault.node_name()}: {fault.desc()}" for fault in faults), log.last or "it cannot be read"), 0
    if not build:
        return "", 0
    config, profile = builder.create_builder_config(), builder.create_optimization_profile()
    inputs = [network.get_input(index) for index in range(network.num_inputs)]
    for given in inputs:
        if -1 in tuple(given.shape):
            if given.name not in shapes:
                return f"the input {given.name} has free axes that nobody gave sizes for", 0
            profile.set_shape(given.name, *[shapes[given.name]] * 3)
    if any(-1 in tuple(given.shape) for given in inputs) and config.add_optimization_profile(profile) < 0:
        return log.last or "the shapes are refused", 0
    plan = builder.build_serialized_network(network, config)
    return (log.last or "no plan was made", 0) if plan is None else ("", int(plan.nbytes))


if __name__ == "__main__":
    main()

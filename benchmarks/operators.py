"""Where the time of a network goes: ONNX Runtime's own profile of it, summed up by operator.

What a profile says is wall time of single operators as the runtime runs them, after it has fused and reordered the
graph; writing it down costs more than a small operator does, so the shares mean more than their sum.
"""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import onnxruntime as ort

from benchmarks.latency import Feeds, Method

_NODE, _KERNEL = "Node", "_kernel_time"


@dataclass(frozen=True, slots=True)
class OperatorTime:
    """``seconds`` of one run that all ``count`` nodes of an operator take, the median of each; of one variant."""

    variant: str
    operator: str
    count: int
    seconds: float


def operator_times(variant: str, model: bytes, feeds: Feeds, *, method: Method) -> tuple[OperatorTime, ...]:
    """Run a serialised network on one thread; its operators, the costliest first."""
    with tempfile.TemporaryDirectory(prefix="fingerpost-profile-") as folder:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        for _ in range(method.warmup + method.iterations):
            session.run(None, feeds)
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    nodes: dict[tuple[str, str], list[int]] = defaultdict(list)
    for event in events:
        if event.get("cat") == _NODE and event["name"].endswith(_KERNEL):
            nodes[event["args"]["op_name"], event["name"]].append(event["dur"])
    operators: dict[str, list[float]] = defaultdict(list)
    for (operator, _), durations in nodes.items():
        operators[operator].append(median(durations[method.warmup :]) / 1e6)
    found = [OperatorTime(variant, name, len(seconds), sum(seconds)) for name, seconds in operators.items()]
    return tuple(sorted(found, key=lambda each: -each.seconds))

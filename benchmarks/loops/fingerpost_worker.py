"""Our loop in a process of its own: ``python fingerpost_worker.py STORE CLIP THREADS time|memory``.

The same way as ``python -m edge run --store STORE --source CLIP``: `edge.assembly` makes the runtime, an output keeps
the captions. It starts with one frame, as a kiosk that becomes ready.
"""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.loops.marks import Marks, serve

if TYPE_CHECKING:
    from edge.outputs.base import Item
    from edge.summary import Summary


class _Latencies:
    """An output that keeps how long each caption took."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def show(self, item: Item) -> None:
        from edge.types import Caption

        if isinstance(item, Caption) and item.latency is not None:
            self.seconds.append(item.latency)

    def close(self) -> None:
        """Nothing is held."""


def main(words: list[str]) -> None:
    """Start, then serve."""
    store, clip, threads, measured = words
    marks = Marks(memory=measured == "memory")
    marks.done("python")
    import cv2  # noqa: F401 - the stage is what importing costs; a run imports the same on the way
    import numpy  # noqa: F401
    import onnxruntime  # noqa: F401

    from edge.assembly import assembled
    from edge.config import RunSettings
    from edge.service.notify import FakeNotifier

    marks.done("packages")

    def run(*, camera: bool, frames: int | None = None) -> tuple[Summary, list[float], float]:
        latencies = _Latencies()
        settings = RunSettings(
            source=clip,
            store=Path(store),
            policy="off",
            threads=int(threads),
            realtime=camera,
            max_frames=frames,
        )
        with assembled(settings, [latencies], notifier=FakeNotifier()) as runtime:
            if frames is not None:
                marks.done("networks")
            began = time.process_time()
            summary = runtime.run()
            return summary, latencies.seconds, time.process_time() - began

    run(camera=False, frames=1)
    marks.done("first frame")

    def play(camera: bool) -> dict[str, Any]:
        summary, latencies, cpu = run(camera=camera)
        return {
            "frames": summary.frames,
            "dropped": summary.dropped,
            "seconds": summary.seconds,
            "cpu": cpu,
            "text": summary.text,
            "stages": {name: asdict(spread) for name, spread in summary.stages.items()},
            "latencies": latencies,
        }

    serve(marks, play)


if __name__ == "__main__":
    main(sys.argv[1:])

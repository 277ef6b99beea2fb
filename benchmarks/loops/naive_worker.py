"""The loop that one writes first: read a frame, ``hands.process``, the PyTorch model on the last frames, show a label.

``python -I naive_worker.py MODEL FRAMES CLIP PATHS time|memory``, in an environment that has MediaPipe. ``PATHS``
(split by colons) are looked in after its own packages: there PyTorch and the class of the pickled ``MODEL`` are found,
where the environment has none. MODEL was written by the process that starts this one.

The model runs on every frame, on the last FRAMES of them. Its answer is shown when it is another one than before; how
long after the frame's capture is the latency. At camera rate it gets the newest frame that is due, which is kinder than
a camera's queue.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from typing import Any

_PERCENTS = {"p50": 50, "p90": 90, "p99": 99}


def main(words: list[str]) -> None:
    """Start, then serve."""
    model_file, frames, clip, paths, measured = words
    sys.path += paths.split(":")
    from benchmarks.loops.marks import Marks, serve

    marks = Marks(memory=measured == "memory")
    marks.done("python")
    import pydantic  # noqa: F401 - what the class of our model imports besides, and a user's own would not

    marks.done("of the measurement", counts=False)
    import cv2
    import mediapipe
    import torch

    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    marks.done("packages")
    model = torch.load(model_file, weights_only=False)
    marks.done("model")
    loop = _Loop(cv2, mediapipe, torch, model, int(frames))
    loop.play(clip, camera=False, most=1)
    marks.done("first frame")
    serve(marks, lambda camera: loop.play(clip, camera=camera))


class _Loop:
    """The loop; packages are handed in, because when they are imported is measured."""

    def __init__(self, cv2: Any, mediapipe: Any, torch: Any, model: Any, frames: int) -> None:
        self._cv2, self._torch, self._model, self._frames = cv2, torch, model, frames
        self._hands = mediapipe.solutions.hands.Hands(static_image_mode=False, max_num_hands=2, model_complexity=1)

    def play(self, clip: str, *, camera: bool, most: int | None = None) -> dict[str, Any]:
        """Go through the clip once."""
        self._hands.reset()
        capture = self._cv2.VideoCapture(clip)
        rate = capture.get(self._cv2.CAP_PROP_FPS)
        window: deque[Any] = deque(maxlen=self._frames)
        stages: dict[str, list[float]] = {name: [] for name in ("capture", "landmarks", "recognition", "total")}
        latencies: list[float] = []
        shown, dropped, index = -1, 0, 0
        cpu, began = time.process_time(), time.monotonic()
        while most is None or len(stages["total"]) < most:
            captured = asked = time.monotonic()
            if camera:
                captured = began + index / rate
                time.sleep(max(captured - asked, 0.0))
                while began + (index + 1) / rate <= time.monotonic() and capture.grab():
                    dropped, index = dropped + 1, index + 1
                    captured = began + index / rate
            there, image = capture.read()
            if not there:
                break
            index += 1
            picked = time.monotonic()
            window.append(self._landmarks(image))
            found = time.monotonic()
            label = self._recognise(window)
            decided = time.monotonic()
            spent = (picked - (captured if camera else asked), found - picked, decided - found, decided - captured)
            for kept, seconds in zip(stages.values(), spent, strict=True):
                kept.append(seconds)
            if label != shown:
                shown = label
                latencies.append(time.monotonic() - captured)
        return {
            "frames": len(stages["total"]),
            "dropped": dropped,
            "seconds": time.monotonic() - began,
            "cpu": time.process_time() - cpu,
            "text": "",
            "stages": {name: _spread(seconds) for name, seconds in stages.items()},
            "latencies": latencies,
        }

    def _landmarks(self, image: Any) -> Any:
        """(2, 21, 3), the signer's left hand first, zeros where there is none."""
        hands = self._torch.zeros(2, 21, 3)
        result = self._hands.process(self._cv2.cvtColor(image, self._cv2.COLOR_BGR2RGB))
        for one, side in zip(result.multi_hand_landmarks or [], result.multi_handedness or [], strict=False):
            slot = int(side.classification[0].label == "Left")  # its labels are those of a mirrored picture
            hands[slot] = self._torch.tensor([(p.x, p.y, p.z) for p in one.landmark])
        return hands

    def _recognise(self, window: deque[Any]) -> int:
        landmarks = self._torch.zeros(1, self._frames, 2, 21, 3)
        mask = self._torch.zeros(1, self._frames)
        landmarks[0, : len(window)] = self._torch.stack(list(window))
        mask[0, : len(window)] = 1
        with self._torch.inference_mode():
            return int(self._model(landmarks, mask).argmax())


def _spread(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    ranks = {name: -(-percent * len(ordered) // 100) - 1 for name, percent in _PERCENTS.items()}  # nearest rank
    return {**{name: ordered[max(rank, 0)] for name, rank in ranks.items()}, "n": len(ordered)} if ordered else {"n": 0}


if __name__ == "__main__":
    main(sys.argv[1:])

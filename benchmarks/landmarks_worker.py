"""One landmark backend in a process of its own, told what to do on standard input.

Run by path in any environment, so it imports nothing of the project but what the backend itself needs:
``python -I landmarks_worker.py mediapipe``, ``... fingerpost PALM.onnx HAND.onnx``; for faces ``mediapipe-face``,
``fingerpost-face DETECTOR.onnx FACE.onnx``. Each line of standard input is a scene, ``{"scene": NPZ, "result": NPZ}``;
each line of standard output answers one, after a first line that says that the backend is ready.

Scenes hold pictures ``i0``, ``i1``, ... (uint8, BGR), ``order`` (N,) which of them each frame shows, ``reset`` (N,)
bool, true where a frame begins another source, ``fps``. Results hold ``landmarks`` (N, 4, K, 3), of hands K = 21, of
faces 468, image-normalised, zeros where missing, in the backend's own order; ``right`` (N, 4) the probability that the
hand is the signer's right one, in an unmirrored picture; ``cpu`` (N,) seconds of CPU time of the whole process for each
frame.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

Found = list[tuple[Any, float]]
"""(landmarks (21, 3), probability of the signer's right hand) of each hand."""


_MOST = 4
"""Hands a frame: MediaPipe, told to find two, may report one of them twice, and a followed one besides."""


def _mediapipe() -> tuple[Callable[[Any, float], Found], Callable[[], None]]:
    import cv2
    import mediapipe

    cv2.setNumThreads(1)
    hands = mediapipe.solutions.hands.Hands(static_image_mode=False, max_num_hands=2, model_complexity=1)

    def find(image: Any, _: float) -> Found:
        result = hands.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
        found = []
        for one, side in zip(result.multi_hand_landmarks or [], result.multi_handedness or [], strict=False):
            # Its labels are those of a mirrored picture.
            guess = side.classification[0]
            right = guess.score if guess.label == "Left" else 1 - guess.score
            found.append((np.array([(p.x, p.y, p.z) for p in one.landmark], np.float32), right))
        return found

    return find, hands.reset


def _fingerpost(palm: str, hand: str) -> tuple[Callable[[Any, float], Found], Callable[[], None]]:
    from pathlib import Path

    import cv2

    from edge.landmarks import open_hand_pipeline
    from edge.types import Frame

    cv2.setNumThreads(1)
    pipeline = open_hand_pipeline(Path(palm).read_bytes(), Path(hand).read_bytes(), threads=1)

    def find(image: Any, at: float) -> Found:
        hands = pipeline.process(Frame(image, at, 0.0, 0))
        return [(hands.landmarks[slot], float(slot)) for slot in (0, 1) if hands.presence[slot]]

    return find, pipeline.reset


def _mediapipe_face() -> tuple[Callable[[Any, float], Found], Callable[[], None]]:
    import cv2
    import mediapipe

    cv2.setNumThreads(1)
    holistic = mediapipe.solutions.holistic.Holistic(static_image_mode=False, refine_face_landmarks=False)

    def find(image: Any, _: float) -> Found:
        face = holistic.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).face_landmarks
        return [(np.array([(p.x, p.y, p.z) for p in face.landmark], np.float32), 1.0)] if face else []

    return find, holistic.reset


def _fingerpost_face(detector: str, face: str) -> tuple[Callable[[Any, float], Found], Callable[[], None]]:
    from pathlib import Path

    import cv2

    from edge.landmarks.face import open_face_pipeline
    from edge.types import Frame

    cv2.setNumThreads(1)
    pipeline = open_face_pipeline(Path(detector).read_bytes(), Path(face).read_bytes(), threads=1)

    def find(image: Any, at: float) -> Found:
        points = pipeline.process(Frame(image, at, 0.0, 0))
        return [] if points is None else [(points, 1.0)]

    return find, pipeline.reset


_BACKENDS: dict[str, tuple[Callable[..., tuple[Callable[[Any, float], Found], Callable[[], None]]], int]] = {
    "mediapipe": (_mediapipe, 21),
    "fingerpost": (_fingerpost, 21),
    "mediapipe-face": (_mediapipe_face, 468),
    "fingerpost-face": (_fingerpost_face, 468),
}


def _run(scene: str, result: str, find: Callable[[Any, float], Found], reset: Callable[[], None], count: int) -> None:
    with np.load(scene, allow_pickle=False) as data:
        order, fresh, fps = data["order"], data["reset"], float(data["fps"])
        landmarks = np.zeros((len(order), _MOST, count, 3), np.float32)
        right, cpu = np.zeros((len(order), _MOST), np.float32), np.zeros(len(order))
        for index, (shown, begins) in enumerate(zip(order, fresh, strict=True)):
            image = data[f"i{shown}"]
            if begins:
                reset()
            began = time.process_time()
            found = find(image, index / fps)
            cpu[index] = time.process_time() - began
            for place, (points, side) in enumerate(found[:_MOST]):
                landmarks[index, place], right[index, place] = points, side
    np.savez(result, landmarks=landmarks, right=right, cpu=cpu)


def _peak_kib() -> int:
    # Not getrusage: its maximum begins with that of the process that this one was forked from.
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - pathlib costs memory that is measured
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def _answer(**values: Any) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def main(words: list[str]) -> None:
    """Serve until standard input ends."""
    backend, *files = words
    make, count = _BACKENDS[backend]
    find, reset = make(*files)
    _answer(ready=True)
    for line in sys.stdin:
        request = json.loads(line)
        _run(request["scene"], request["result"], find, reset, count)
        _answer(done=True, peak_kib=_peak_kib())


if __name__ == "__main__":
    main(sys.argv[1:])

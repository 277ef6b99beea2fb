"""Nobody in view, nothing moves: little is searched for, and yet a hand that comes is there within 200 ms."""

import numpy as np
import pytest

from edge.landmarks import HandConfig, SearchConfig

IDLE_SECONDS, WAKE_SECONDS = 1.4, 0.2
ENTERS = slice(0, 12)
"""Frames of the clip: the hand comes into view from below."""
EAGER = HandConfig(search=SearchConfig(empty=0, partial=0, idle=0, partial_idle=0))
"""Searches on every frame, as MediaPipe does."""


def seen_by_a_camera(images, fps: float, clip_fps: float = 25.0) -> list[np.ndarray]:
    """First nobody for a while, then the pictures; at the camera's rate, with its noise."""
    waiting = [images[0]] * round(IDLE_SECONDS * fps)
    shown = waiting + [images[int(i * clip_fps / fps)] for i in range(int(len(images) * fps / clip_fps))]
    noise = [np.random.default_rng(seed).normal(0, 2, images[0].shape).astype(np.float32) for seed in range(3)]
    return [np.clip(image + noise[i % 3], 0, 255).astype(np.uint8) for i, image in enumerate(shown)]


@pytest.mark.parametrize("fps", [25.0, 10.0])
def test_a_hand_that_enters_is_found_within_200_ms_of_an_always_searching_pipeline(make_pipeline, clip, run, fps):
    shown = seen_by_a_camera(clip[ENTERS], fps)
    first = {}
    for name, config in (("eager", EAGER), ("ours", HandConfig())):
        hands = run(make_pipeline("int8", config), shown, fps=fps)
        first[name] = next(h.time for h in hands if h.count)
    assert first["eager"] > IDLE_SECONDS
    assert first["ours"] - first["eager"] <= WAKE_SECONDS + 1e-6


def test_a_hand_that_is_suddenly_there_is_found_in_its_first_frame(make_pipeline, clip, still, run):
    shown = seen_by_a_camera([clip[0]], 25.0) + [still] * 3
    counts = [h.count for h in run(make_pipeline("int8"), shown)]
    assert counts[-3:] == [1, 1, 1]
    assert not any(counts[:-3])


def test_while_nobody_is_there_the_palm_network_runs_once_a_second(make_pipeline, clip, run):
    pipeline = make_pipeline("int8")
    run(pipeline, seen_by_a_camera([clip[0]], 25.0))
    assert pipeline.counts.palm == 2  # at 0 and at 1 second
    assert pipeline.counts.hand == 0

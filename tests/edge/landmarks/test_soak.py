"""Long runs: memory stays where it is."""

from pathlib import Path

import numpy as np
import pytest

from edge.landmarks import HandConfig, SearchConfig

FRAMES, SETTLED = 20_000, 2_000
LIMIT = 2 * 2**20


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_memory_does_not_grow_over_twenty_thousand_frames(make_pipeline, clip, run):
    # A hand for 10 frames, then nobody for 50 in pictures of many sizes: all paths run, in bounded time.
    pipeline = make_pipeline("int8", HandConfig(search=SearchConfig(empty=0.5, recovery=0.04)))
    rng = np.random.default_rng(0)
    empty = [rng.integers(0, 256, (int(h), int(w), 3), np.uint8) for h, w in rng.integers(20, 200, (16, 2))]
    images = [clip[20 + i % 140] if i % 60 < 10 else empty[i % len(empty)] for i in range(FRAMES)]
    run(pipeline, images[:SETTLED])
    before = resident()
    for begin in range(SETTLED, FRAMES, 1000):
        run(pipeline, images[begin : begin + 1000], start=begin / 25)
    assert resident() - before < LIMIT
    assert pipeline.counts.frames == FRAMES
    assert pipeline.counts.hand > 1000

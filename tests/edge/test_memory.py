"""What was freed goes back to the system when it is told to, and not before."""

from __future__ import annotations

import os
import subprocess
import sys

SCRIPT = """
from pathlib import Path
from edge.memory import give_back_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

blocks = [bytes(50_000) for _ in range(1000)]
kept = blocks[::100]
full = resident()
del blocks
freed = resident()
give_back_memory()
print(full - freed, full - resident())
"""


def test_free_heap_is_given_back():
    # A C library that gives nothing back by itself: else the comparison would say nothing.
    unwilling = {"MALLOC_TRIM_THRESHOLD_": str(1 << 30), "MALLOC_MMAP_THRESHOLD_": str(1 << 30)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=os.environ | unwilling, capture_output=True, text=True, check=True
    )
    before, after = map(int, done.stdout.split())
    assert before < 10_000_000
    assert after > 40_000_000

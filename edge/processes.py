"""What a process that works for another does first."""

from __future__ import annotations

import ctypes
import signal
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_OOM_SCORE = Path("/proc/self/oom_score_adj")
_MOST = "1000"
"""oom_score_adj: killed before all others (proc(5)). Anybody may raise their own."""


def end_with_parent() -> None:
    """Let the kernel kill this process when the thread that started it is gone, however that ended."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def be_killed_first() -> None:
    """When memory is short, let the kernel take this process rather than whoever waits for it."""
    with suppress(OSError):  # a kernel or container that forbids it: then the largest one goes, which is likely this
        _OOM_SCORE.write_text(_MOST)

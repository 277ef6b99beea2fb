"""Giving memory back: what starting up took and freed stays with the C library, unless it is told.

Reading and trying networks leaves tens of megabytes of free heap behind, on a board that may have 1 GB for everything.
"""

from __future__ import annotations

import ctypes
import gc


def give_back_memory() -> None:
    """Return free heap to the system; does nothing where the C library cannot (musl)."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)

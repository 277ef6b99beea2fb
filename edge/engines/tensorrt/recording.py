"""CUDA graphs by the driver's own library: pycuda knows nothing of them, and two ways would be one too many.

A network of fifty small kernels spends more time in being queued than in being computed; recorded once, it is queued
as one piece.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Callable
from typing import Any

from edge.errors import EngineError

_log = logging.getLogger(__name__)
_THREAD_LOCAL = 1
"""CU_STREAM_CAPTURE_MODE_THREAD_LOCAL: what other threads do meanwhile does not spoil the recording."""


class DriverGraph:
    """A recorded graph on the queue that it was recorded from."""

    def __init__(self, cuda: Any, executable: ctypes.c_void_p, stream: int) -> None:
        self._cuda, self._executable, self._stream = cuda, executable, ctypes.c_void_p(stream)

    def launch(self) -> None:
        """Queue it; raises EngineError."""
        if code := self._cuda.cuGraphLaunch(self._executable, self._stream):
            raise EngineError("the GPU refuses the recorded work", found=f"CUDA error {code}")

    def close(self) -> None:
        """Forget it."""
        if self._executable:
            self._cuda.cuGraphExecDestroy(self._executable)
            self._executable = ctypes.c_void_p()


def record(stream: int, work: Callable[[], None], load: Callable[[str], Any] = ctypes.CDLL) -> DriverGraph | None:
    """What ``work`` puts into ``stream``, as one piece; None when the driver, or something in the work, cannot.

    An EngineError of ``work`` itself ends the recording and means None too: it is asked for again without one.
    """
    try:
        cuda = load("libcuda.so.1")
        begin, end, instantiate = (
            cuda.cuStreamBeginCapture_v2,
            cuda.cuStreamEndCapture,
            cuda.cuGraphInstantiateWithFlags,
        )
    except (OSError, AttributeError) as error:
        _log.info("no CUDA graphs: %s", error)
        return None
    handle, graph, executable = ctypes.c_void_p(stream), ctypes.c_void_p(), ctypes.c_void_p()
    if code := begin(handle, _THREAD_LOCAL):
        _log.info("no CUDA graphs: recording cannot begin, error %d", code)
        return None
    failed = ""
    try:
        work()
    except EngineError as error:
        failed = str(error)
    # A recording that has begun must be ended, whatever happened, or the queue stays unusable.
    ended = end(handle, ctypes.byref(graph))
    made = (
        not failed
        and not ended
        and graph.value
        and not instantiate(ctypes.byref(executable), graph, ctypes.c_ulonglong(0))
    )
    if graph.value:
        cuda.cuGraphDestroy(graph)
    if not made or not executable.value:
        _log.info("no CUDA graphs: %s", failed or f"the recording failed, error {ended}")
        return None
    return DriverGraph(cuda, executable, stream)

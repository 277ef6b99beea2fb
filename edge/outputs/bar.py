"""A progress bar on stderr, for a recorded source that takes more than a moment."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

PATIENCE_S = 1.0
"""What is done sooner needs no bar."""
_REFRESH_S = 0.1


class Bar:
    """Appears after `PATIENCE_S`; the lines of stdout scroll above it when both are the same terminal."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._drawn = 0.0
        self._stop: Callable[[], None] | None = None
        self._draw: Callable[[int, int], None] = self._start

    def update(self, done: int, total: int) -> None:
        """So much is done."""
        now = time.monotonic()
        if now - self._begin >= PATIENCE_S and (now - self._drawn >= _REFRESH_S or done == total):
            self._drawn = now
            self._draw(done, total)

    def close(self) -> None:
        """Take the bar off the screen."""
        if self._stop is not None:
            self._stop()

    def _start(self, done: int, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        progress = Progress(
            TextColumn("reading"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            auto_refresh=False,
            # Otherwise a stdout that goes to a file would be sent to the terminal instead.
            redirect_stdout=sys.stdout.isatty(),
            redirect_stderr=False,
        )
        task = progress.add_task("reading", total=total)
        progress.start()
        self._stop = progress.stop
        self._draw = lambda done, total: progress.update(task, completed=done, total=total, refresh=True)
        self._draw(done, total)

"""What the export is doing, on standard error: a bar on a terminal, else a line per step, with ``--json`` nothing."""

from __future__ import annotations

import sys
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Steps:
    """A known number of steps; call it with what begins now. Use it in a ``with``."""

    def __init__(self, total: int, *, quiet: bool = False) -> None:
        self._console = Console(stderr=True, quiet=quiet)
        self._bar = self._console.is_terminal and not quiet
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._bar,
        )
        self._task = self._progress.add_task("starting", total=total)
        self._begun = False

    def __call__(self, text: str) -> None:
        """The step before is done; this one begins."""
        if self._begun:
            self._progress.advance(self._task)
        self._begun = True
        self.say(text)

    def say(self, text: str) -> None:
        """More about the step at hand."""
        self._progress.update(self._task, description=text)
        if not self._bar and not self._console.quiet:
            sys.stderr.write(f"  {text} ...\n")
            sys.stderr.flush()

    def __enter__(self) -> Steps:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

"""Progress of a training on stderr: bars where that is a terminal, else a line an epoch."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

_Row = TypeVar("_Row")


def track(rows: list[_Row], what: str) -> Iterable[_Row]:
    """The rows, with a bar that moves as they are taken."""
    from rich.console import Console
    from rich.progress import track as follow

    return follow(rows, what, console=Console(stderr=True))


class TrainingBar:
    """A bar over all epochs of a training; `training_bar` opens it."""

    def __init__(self, what: str, epochs: int, progress: Progress) -> None:
        self._what, self._epochs, self._progress = what, epochs, progress
        self._task = progress.add_task(what, total=epochs, said="")

    def epoch(self, number: int, **figures: float) -> None:
        """Epoch ``number``, from 1, is done, and these figures came of it."""
        said = ", ".join(f"{name} {value:.3f}" for name, value in figures.items())
        self._progress.update(self._task, completed=number, said=said)
        if self._progress.disable:
            sys.stderr.write(f"{self._what}: epoch {number} of {self._epochs}: {said}\n")

    def step(self, done: float) -> None:
        """So many epochs are done; parts count."""
        self._progress.update(self._task, completed=done)


@contextmanager
def training_bar(what: str, epochs: int) -> Iterator[TrainingBar]:
    """A bar that is drawn while the block runs."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[said]}"), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield TrainingBar(what, epochs, progress)

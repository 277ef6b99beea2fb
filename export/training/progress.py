"""Progress of a training on stderr: bars where that is a terminal, else a line an epoch."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

_Row = TypeVar("_Row")


def track(rows: list[_Row], what: str) -> Iterable[_Row]:
    """The rows, with a bar that moves as they are taken."""
    from rich.console import Console
    from rich.progress import track as follow

    return follow(rows, what, console=Console(stderr=True))


@contextmanager
def training_bar(what: str, epochs: int) -> Iterator[Callable[[float, str], None]]:
    """A bar over all epochs: call it with the epochs done (parts count) and how it goes."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[said]}"), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task(what, total=epochs, said="")

        def say(done: float, said: str) -> None:
            progress.update(bar, completed=done, said=said)
            if not console.is_terminal and done == int(done):
                sys.stderr.write(f"{what}: epoch {int(done)} of {epochs}: {said}\n")

        yield say

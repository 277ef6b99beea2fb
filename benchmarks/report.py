"""What a person or a program reads: tables by rich, JSON, and progress while they wait.

Tables and JSON go to standard output, progress to standard error and only to a terminal.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as _Bars

from edge.statistics import Interval

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_T = TypeVar("_T")
_PIPED_WIDTH = 120
_NAMES_SHOWN = 8
_DRAW_EVERY = 0.25


class Track(Protocol):
    """Hands out the items one by one and shows how far it is."""

    def __call__(self, items: Sequence[Any], title: str) -> Iterable[Any]:
        """The same items."""
        ...


class Progress:
    """Progress bars on a console; `task` shows one while its block runs.

    Bars are drawn by whoever reports a step, never by a thread: drawing must not run inside what is being timed.
    """

    def __init__(self, bars: _Bars) -> None:
        self._bars = bars
        self._drawn = 0.0

    @contextmanager
    def task(self, title: str, total: int) -> Iterator[Callable[..., None]]:
        """A bar of ``total`` steps; call what it gives with the number of steps done, 1 where none is said."""
        number = self._bars.add_task(title, total=total)
        self._draw(force=True)

        def advance(steps: int = 1) -> None:
            self._bars.advance(number, steps)
            self._draw()

        try:
            yield advance
        finally:
            self._bars.remove_task(number)

    def track(self, items: Sequence[_T], title: str) -> Iterator[_T]:
        """Hand out the items, a step each."""
        with self.task(title, len(items)) as advance:
            for item in items:
                yield item
                advance()

    def _draw(self, *, force: bool = False) -> None:
        now = time.monotonic()
        if force or now - self._drawn > _DRAW_EVERY:
            self._drawn = now
            self._bars.refresh()


@contextmanager
def progress(console: Console | None = None) -> Iterator[Progress]:
    """Bars that vanish when done; nothing where standard error is no terminal."""
    console = console or Console(stderr=True)
    bars = _Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
        auto_refresh=False,
    )
    with bars:
        yield Progress(bars)


def wide_console() -> Console:
    """Standard output, wide enough for the tables also where it is no terminal."""
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, _PIPED_WIDTH)
    return console


def print_json(result: DataclassInstance | Mapping[str, object]) -> None:
    """The result as one JSON object on one line."""
    plain = result if isinstance(result, Mapping) else asdict(result)
    sys.stdout.write(json.dumps(plain, allow_nan=False) + "\n")


def line(console: Console, text: str) -> None:
    """One line of rich markup; it is broken at words on a terminal only."""
    console.print(text, highlight=False, soft_wrap=not console.is_terminal)


def counts(numbers: Mapping[str, int]) -> str:
    """The largest few, as text."""
    names = sorted(numbers, key=lambda name: (-numbers[name], name))
    shown = ", ".join(f"{name} ({numbers[name]})" for name in names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def interval(figure: Interval | None, digits: int = 3) -> str:
    """``0.947 [0.944, 0.950]``; nothing for None."""
    if figure is None:
        return ""
    return f"{figure.value:.{digits}f} [{figure.low:.{digits}f}, {figure.high:.{digits}f}]"


def milliseconds(seconds: float) -> str:
    """Without the unit."""
    return f"{seconds * 1e3:.2f}" if seconds > 1e-3 else f"{seconds * 1e3:.3f}"


def mebibytes(size: int) -> str:
    """With the unit and three digits."""
    number = size / 2**20
    return f"{number:.{2 if number < 10 else 1}f} MiB"


def percent(share: float) -> str:
    """With two digits."""
    return f"{share:.2%}"

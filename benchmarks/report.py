"""What a person or a program reads: tables by rich, JSON, and progress while they wait.

Tables and JSON go to standard output, progress to standard error and only to a terminal.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as _Bars
from rich.table import Table

from benchmarks.accuracy import Score
from benchmarks.results import Agreement, ClassifierResult, DataInfo, Latency
from edge.statistics import Interval

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_T = TypeVar("_T")
_PIPED_WIDTH = 120
_NAMES_SHOWN = 8
_DRAW_EVERY = 0.25


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


def print_classifier(result: ClassifierResult) -> None:
    """The result as tables."""
    console = wide_console()
    _line(console, f"[bold]{escape(result.title)}[/] for {result.target}: {escape(result.bundle)}")
    _line(console, f"[dim]Machine: {escape(result.machine.line)}[/]")
    if result.machine.load > result.machine.cores_allowed:
        _line(console, "[yellow]The machine was busy with other things: times are too long, ratios are fairer.[/]")
    rounds = f"{result.iterations} interleaved rounds after {result.warmup} to warm up"
    _line(console, f"\n[bold]Size and latency of one window[/], {rounds}")
    console.print(_latency_table(result))
    if result.data is None:
        _line(console, "\n[bold]Same label on the bundle's golden inputs[/]")
        console.print(_golden_table(result.golden, result.reference))
        _line(console, "Golden inputs have no labels: accuracy and retention need recordings, named with --data DIR.")
    else:
        _line(console, f"\n[bold]Accuracy on {result.data.n} recordings[/] of {escape(result.data.path)}")
        console.print(_score_table(result.scores, result.reference))
        _line(console, f"{_seen(result.data)} Intervals are 95 %; macro F1 is over the labels that occur.")
        _line(console, "\n[bold]Accuracy by source[/]")
        console.print(_source_table(result.scores, result.data))
        if result.data.unknown:
            total = sum(result.data.unknown.values())
            names = _counts(result.data.unknown)
            _line(console, f"Left out: {total} recordings of labels that the model does not have: {names}")


def _line(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True, highlight=False)


def _latency_table(result: ClassifierResult) -> Table:
    table = Table()
    over = f"/ {result.reference}"
    for name in ("variant", "size", "threads", "p50 ms", "p90", "p99", over, "CPU ms", f"CPU {over}"):
        table.add_column(name, justify="left" if name == "variant" else "right", no_wrap=True)
    sizes = {variant.variant: variant.size for variant in result.variants}
    for row in result.latencies:
        table.add_row(*_latency_cells(row, sizes[row.variant]))
    return table


def _latency_cells(row: Latency, size: int) -> tuple[str, ...]:
    wall = (_milliseconds(value) for value in (row.wall.p50, row.wall.p90, row.wall.p99))
    cpu = (_milliseconds(row.cpu.p50), _interval(row.cpu_ratio, digits=2))
    return (row.variant, _mebibytes(size), str(row.threads), *wall, _interval(row.ratio, digits=2), *cpu)


def _golden_table(golden: tuple[Agreement, ...], reference: str) -> Table:
    table = Table()
    table.add_column("variant")
    table.add_column("inputs", justify="right")
    table.add_column(f"agrees with {reference}", justify="right")
    for row in golden:
        table.add_row(row.variant, str(row.n), "" if row.variant == reference else _percent(row.agreement))
    return table


def _score_table(scores: tuple[Score, ...], reference: str) -> Table:
    table = Table()
    names = ("variant", "accuracy", "top-5", "macro F1", "mean of sources", "retention", f"agrees with {reference}")
    for name in names:
        table.add_column(name, justify="left" if name == "variant" else "right")
    for row in scores:
        table.add_row(
            row.variant,
            _interval(row.accuracy),
            f"{row.top5:.4f}",
            f"{row.macro_f1:.4f}",
            f"{row.source_mean:.4f}",
            _interval(row.retention, digits=4),
            "" if row.variant == reference else _percent(row.agreement),
        )
    return table


def _source_table(scores: tuple[Score, ...], data: DataInfo) -> Table:
    table = Table()
    table.add_column("source")
    table.add_column("recordings", justify="right")
    for row in scores:
        table.add_column(row.variant, justify="right")
    table.add_column("seen in training")
    for name, n in data.sources.items():
        seen = "yes" if name in data.seen else "no"
        table.add_row(escape(name), str(n), *(f"{row.sources[name]:.4f}" for row in scores), seen)
    return table


def _seen(data: DataInfo) -> str:
    if not data.seen:
        return "The bundle names none of these sources as seen in training."
    if set(data.sources) <= set(data.seen):
        return "All of them were seen in training: accuracy here says nothing about new signers, retention still holds."
    return f"{sum(n for name, n in data.sources.items() if name in data.seen)} of them were seen in training."


def _counts(counts: Mapping[str, int]) -> str:
    names = sorted(counts, key=lambda name: (-counts[name], name))
    shown = ", ".join(f"{escape(name)} ({counts[name]})" for name in names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return f"{shown} and {more} more labels" if more > 0 else shown


def _interval(interval: Interval | None, digits: int = 3) -> str:
    if interval is None:
        return ""
    return f"{interval.value:.{digits}f} [{interval.low:.{digits}f}, {interval.high:.{digits}f}]".replace("[", "\\[")


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.2f}" if seconds > 1e-3 else f"{seconds * 1e3:.3f}"


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:.2f} MiB"


def _percent(share: float) -> str:
    return f"{share:.2%}"

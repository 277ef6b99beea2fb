"""The plots, each a function that makes a drawing of plain figures; matplotlib is only there when one is drawn.

Colours tell apart without red against green (Okabe and Ito's palette); every plot's figures stand in a table too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Draw: TypeAlias = "Callable[[Figure], None]"

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#666666")
_LEAST_SPAN = 0.02
"""Of a front's y axis: differences that are smaller than noise must not look large."""
_MARKERS = "osD^vPX*"
_LONGEST_TAIL = 99.5
"""Percentile at which a distribution's axis ends: a single hiccup would squeeze all else together."""


@dataclass(frozen=True, slots=True)
class Panel:
    """``name`` of the y axis, ``curves`` by name as (x, y), ``limits`` of y, None for those of the figures."""

    name: str
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]]
    limits: tuple[float | None, float | None] = (None, None)


def distributions(samples: Mapping[str, Sequence[float]], *, label: str, factor: float = 1e3) -> Draw:
    """Cumulative distributions, one line each; ``factor`` makes of the samples what ``label`` says."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        end = 0.0
        for number, (name, values) in enumerate(samples.items()):
            ordered = np.sort(np.asarray(values)) * factor
            share = np.arange(len(ordered) + 1) / len(ordered)
            rises = np.concatenate([ordered[:1], ordered])  # from 0, so that a single sample is a line too
            axes.step(rises, share, where="post", label=name, color=_colour(number), linestyle=_dashes(number))
            end = max(end, float(np.percentile(ordered, _LONGEST_TAIL)))
        axes.set(xlabel=label, ylabel="share", ylim=(0, 1.02), xlim=(0, end * 1.05 or 1))
        axes.grid(alpha=0.3)
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize="small")

    return draw


def stacked(rows: Mapping[str, Mapping[str, float]], *, label: str) -> Draw:
    """A bar for each row, made of its parts; a part has one colour in all rows."""
    parts = _in_order(rows.values())

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        names = list(rows)
        left = np.zeros(len(names))
        for number, part in enumerate(parts):
            widths = np.array([row.get(part, 0.0) for row in rows.values()])
            axes.barh(names, widths, left=left, color=_colour(number), label=part, edgecolor="white")
            left += widths
        for name, end in zip(names, left, strict=True):
            axes.annotate(f" {end:.3g}", (end, name), va="center", fontsize="small")
        axes.invert_yaxis()
        axes.set(xlabel=label, xlim=(0, float(left.max()) * 1.12 or 1))
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize="small")

    return draw


def front(points: Sequence[tuple[str, float, float, float]], *, labels: tuple[str, str]) -> Draw:
    """Points (name, x, y, size in MiB): the area is the size. ``labels`` of x and y; the best corner is upper left."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        largest = max(size for *_, size in points)
        for number, (name, x, y, size) in enumerate(points):
            area = 40 + 700 * size / largest
            axes.scatter(x, y, s=area, color=_colour(number), alpha=0.7, label=f"{name} ({size:.2g} MiB)")
        _, across, up, _ = zip(*points, strict=True)
        middle, half = (max(up) + min(up)) / 2, max(0.65 * (max(up) - min(up)), _LEAST_SPAN / 2)
        axes.set(xlabel=labels[0], ylabel=labels[1], xlim=(0, 1.15 * max(across)), ylim=(middle - half, middle + half))
        axes.grid(alpha=0.3)
        handles, names = axes.get_legend_handles_labels()
        legend = axes.legend(handles, names, loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize="small")
        for handle in legend.legend_handles:
            getattr(handle, "set_sizes", lambda _: None)([40])

    return draw


def heatmap(matrix: NDArray[np.float64], names: Sequence[str], *, labels: tuple[str, str]) -> Draw:
    """``matrix`` (rows, columns) of shares from 0 to 1; rows and columns are ``names``."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        shown = axes.imshow(matrix, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
        axes.set_yticks(range(len(names)), names, fontsize=7)
        axes.set(xlabel=labels[0], ylabel=labels[1])
        for row, column in np.argwhere((matrix >= 0.005) & ~np.eye(len(names), dtype=bool)):
            share = matrix[row, column]
            colour = "white" if share > 0.6 else "black"
            axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=5, color=colour)
        figure.colorbar(shown, ax=axes, shrink=0.8, label="share of the row")

    return draw


def lines(panels: Sequence[Panel], *, label: str) -> Draw:
    """Panels above each other on one x axis."""

    def draw(figure: Figure) -> None:
        grid = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for axes, panel in zip(grid, panels, strict=True):
            for number, (curve, (x, y)) in enumerate(panel.curves.items()):
                marker = _MARKERS[number % len(_MARKERS)]
                axes.plot(x, y, color=_colour(number), marker=marker, markersize=2.5, linewidth=1, label=curve)
            axes.set_ylabel(panel.name, fontsize="small")
            axes.set_ylim(*panel.limits)
            axes.grid(alpha=0.3)
            if len(panel.curves) > 1:
                axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize="small")
        grid[-1].set_xlabel(label)

    return draw


def _in_order(rows: Iterable[Iterable[str]]) -> list[str]:
    """All parts once; one that only some rows have stands behind the part that it follows there."""
    parts: list[str] = []
    for row in rows:
        place = 0
        for part in row:
            if part in parts:
                place = parts.index(part) + 1
            else:
                parts.insert(place, part)
                place += 1
    return parts


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _dashes(number: int) -> str:
    return ("-", "--", ":", "-.")[number % 4]

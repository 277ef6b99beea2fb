"""Plots of a training as PNG: curves over its epochs, and who is taken for whom."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Panels = Mapping[str, Mapping[str, Sequence[float | None]]]
"""Per panel its lines by name, a value an epoch; None where there was none."""


def curves(panels: Panels) -> bytes:
    """The panels side by side."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(4.5 * len(panels), 3.4), layout="constrained")
    for axes, (title, lines) in zip(np.ravel(figure.subplots(1, len(panels))), panels.items(), strict=True):
        for name, values in lines.items():
            known = [(number, value) for number, value in enumerate(values, 1) if value is not None]
            axes.plot(*zip(*known, strict=True), marker="o", markersize=3, label=name)
        axes.set(title=title, xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        if len(lines) > 1:
            axes.legend()
    return _png(figure)


def confusions(
    parts: Sequence[tuple[str, NDArray[np.int64]]], names: Sequence[str], pairs: Sequence[tuple[str, str]] = ()
) -> bytes:
    """For each (title, matrix) the share of each class's rows that was answered so; cells of ``pairs`` are framed, both
    ways. Rows and columns (len(names)) are what was shown and what was answered; a class that was not shown is grey."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    side = 2.0 + 0.24 * len(names)
    figure = Figure(figsize=(side * len(parts), side + 0.3), layout="constrained")
    index = {name: place for place, name in enumerate(names)}
    for axes, (title, matrix) in zip(np.ravel(figure.subplots(1, len(parts))), parts, strict=True):
        shown = matrix.sum(axis=1, keepdims=True)
        share = np.ma.masked_array(matrix / np.maximum(shown, 1), mask=np.broadcast_to(shown == 0, matrix.shape))
        axes.set_facecolor("lightgrey")
        axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
        for row, column in np.argwhere(matrix):
            dark = share[row, column] > 0.6
            axes.text(
                column, row, matrix[row, column], ha="center", va="center", fontsize=5, color="w" if dark else "k"
            )
        for a, b in pairs:
            for row, column in ((a, b), (b, a)):
                if row in index and column in index:
                    corner = (index[column] - 0.5, index[row] - 0.5)
                    axes.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor="tab:red", linewidth=1.2))
        axes.set_xticks(range(len(names)), names, fontsize=6, rotation=90)
        axes.set_yticks(range(len(names)), names, fontsize=6)
        axes.set(xlabel="answered", ylabel="shown")
        axes.set_title(title, fontsize=8, wrap=True)
    return _png(figure)


def _png(figure: Figure) -> bytes:
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110)
    return content.getvalue()

"""What the drawings show, as matplotlib holds it."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from benchmarks.pages.plots import distributions, front, stacked


def test_parts_of_a_bar_stand_in_their_order_also_where_rows_differ() -> None:
    figure = Figure()
    rows = {
        "ours": {"python": 1.0, "networks": 2.0, "frame": 3.0},
        "naive": {"python": 1.0, "model": 4.0, "frame": 5.0},
    }
    stacked(rows, label="s")(figure)
    (axes,) = figure.axes
    legend = axes.get_legend()
    assert legend is not None
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["python", "model", "networks", "frame"]
    assert sorted({text.get_text().strip() for text in axes.texts}) == ["10", "6"]


def test_a_distribution_ends_where_nearly_all_of_it_is() -> None:
    figure = Figure()
    distributions({"fp32": [0.001] * 999 + [9.0]}, label="ms")(figure)
    (axes,) = figure.axes
    assert axes.get_xlim()[1] < 2, "milliseconds, without the hiccup"


@pytest.mark.parametrize(("low", "high"), [(0.9799, 0.98), (0.5, 0.9)])
def test_a_front_does_not_blow_small_differences_up(low: float, high: float) -> None:
    figure = Figure()
    front([("a", 1.0, low, 1.0), ("b", 2.0, high, 2.0)], labels=("ms", "accuracy"))(figure)
    bottom, top = figure.axes[0].get_ylim()
    assert bottom < low and top > high and top - bottom >= 0.02


@pytest.mark.parametrize("samples", [[0.002], [0.001, 0.002]])
def test_a_distribution_rises_from_nothing_to_all_of_it(samples: list[float]) -> None:
    figure = Figure()
    distributions({"ours": samples}, label="ms")(figure)
    (line,) = figure.axes[0].get_lines()
    x, y = (list(map(float, np.asarray(values))) for values in (line.get_xdata(), line.get_ydata()))
    assert x == [1e3 * value for value in (samples[0], *samples)]
    assert (y[0], y[-1]) == (0, 1)

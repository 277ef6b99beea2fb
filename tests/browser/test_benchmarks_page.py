"""The benchmarks' page in a browser: drawn, alone, and no wider than a phone."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.pages.document import Block, Heading, Plot
from benchmarks.pages.html import page as as_page
from benchmarks.pages.plots import distributions, heatmap, stacked

pytestmark = pytest.mark.browser

PLOTS: list[Block] = [
    Plot("latency", distributions({"fp32": [0.001, 0.002, 0.003], "int8": [0.001] * 3}, label="ms")),
    Plot("stages", stacked({"ours": {"capture": 1.0, "landmarks": 5.0}, "naive": {"landmarks": 20.0}}, label="ms")),
    Plot("confusions", heatmap(np.array([[0.7, 0.3], [0.0, 1.0]]), ["A", "B"], labels=("answer", "shown"))),
]


def test_a_browser_draws_it_and_asks_for_nothing(page, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(as_page("Plots", [[Heading("One", top=True), *PLOTS]]))
    page.set_viewport_size({"width": 390, "height": 800})
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(path.as_uri())
    wide = page.evaluate("document.documentElement.scrollWidth")
    boxes = page.eval_on_selector_all("figure svg", "all => all.map(one => one.getBoundingClientRect().height)")
    assert asked == [path.as_uri()] and said == []
    assert wide <= 390, "no sideways scrolling on a phone"
    assert len(boxes) == len(PLOTS) and all(height > 50 for height in boxes)

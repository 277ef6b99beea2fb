"""The page: self-contained, its plots inside, its references unbroken."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np

from benchmarks.pages.document import Block, Heading, Line, Plot, Table
from benchmarks.pages.html import page
from benchmarks.pages.plots import Panel, distributions, front, heatmap, lines, stacked

PLOTS: list[Block] = [
    Plot("latency", distributions({"fp32": [0.001, 0.002, 0.003], "int8": [0.001] * 3}, label="ms")),
    Plot("stages", stacked({"ours": {"capture": 1.0, "landmarks": 5.0}, "naive": {"landmarks": 20.0}}, label="ms")),
    Plot("front", front([("fp32", 2.0, 0.9, 4.0), ("int8", 1.0, 0.89, 1.0)], labels=("CPU ms", "accuracy"))),
    Plot("confusions", heatmap(np.array([[0.7, 0.3], [0.0, 1.0]]), ["A", "B"], labels=("answer", "shown"))),
    Plot(
        "temperature", lines([Panel("degrees C", {"t": ([0, 1], [50, 60])}), Panel("MHz", {}, (0, 1))], label="minutes")
    ),
]


class Elements(HTMLParser):
    """What a page holds: ids, what points at them, and what would be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.points: set[str] = set()
        self.fetched: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            text = value or ""
            if name == "id":
                self.ids.append(text)
            elif name in ("href", "xlink:href", "src"):
                (self.points.add(text[1:]) if text.startswith("#") else self.fetched.append(text))
            self.points.update(re.findall(r"url\(#([^)]+)\)", text))


def read(text: str) -> Elements:
    elements = Elements()
    elements.feed(text)
    return elements


def test_nothing_is_fetched_and_every_reference_has_one_target() -> None:
    text = page("Two reports", [[Heading("One", top=True), *PLOTS], [Heading("Two", top=True), *PLOTS]])
    found = read(text)
    assert [url for url in found.fetched if not url.startswith("data:")] == []
    assert "script" not in found.tags and "link" not in found.tags
    assert len(found.ids) == len(set(found.ids))
    assert found.points <= set(found.ids)
    assert found.tags.count("figure") == 2 * len(PLOTS)
    assert "default-src 'none'" in text


def test_every_plot_says_its_names_as_text() -> None:
    text = page("Plots", [PLOTS])
    for word in ("landmarks", "accuracy", "degrees C", "minutes", "share", "fp32"):
        assert re.search(rf">[^<]*{re.escape(word)}", text), word


def test_what_a_bundle_says_cannot_become_markup() -> None:
    evil = "<script>x</script>&"
    blocks: list[Block] = [Heading(evil, evil, top=True), Line(evil), Table((evil,), ((evil,),), evil)]
    blocks.append(Plot(evil, stacked({evil: {evil: 1.0}}, label=evil)))
    text = page(evil, [blocks])
    assert "<script" not in text
    assert read(text).tags.count("table") == 1


def test_reports_called_alike_are_told_apart_by_what_they_are_about():
    reports = [[Heading("Classifier", name, top=True)] for name in ("dexnet 0.1.0 for pi", "resnet18 0.1.0 for pi")]
    text = page("Figures", [*reports, [Heading("Start-up", "dexnet 0.1.0: a process", top=True)], []])
    names = ["Classifier dexnet", "Classifier resnet18", "Start-up", "part 4"]
    assert re.findall(r'<a href="#part\d">([^<]*)</a>', text) == names

"""One self-contained page: no script, no font, no picture from anywhere else, so that it can be mailed and kept.

Plots are SVG inside the page, their letters as text; tables hold the same figures for whoever cannot see
plots. The page asks for nothing when it is opened: its own content security policy forbids it.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import Any

from benchmarks.pages.document import Block, Heading, Line, Plot, Table

_STYLE = """
:root { color-scheme: light; --ink: #1b1b1b; --quiet: #5a5a5a; --line: #d5d5d5; --paper: #ffffff; --warn: #8a4b00; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem 4rem; color: var(--ink); background: var(--paper);
  font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 1.5rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 .5rem; padding-top: 1rem; border-top: 3px solid var(--ink); }
h3 { font-size: 1.05rem; margin: 2rem 0 .25rem; }
h2 small, h3 small { font-weight: normal; color: var(--quiet); font-size: .85em; overflow-wrap: anywhere; }
p { margin: .4rem 0; overflow-wrap: anywhere; }
p.quiet { color: var(--quiet); font-size: .85rem; }
p.warning { color: var(--warn); border-left: 4px solid currentcolor; padding-left: .75rem; }
nav a { margin-right: 1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: .75rem 0; font-variant-numeric: tabular-nums; font-size: .9rem; }
caption { caption-side: bottom; text-align: left; color: var(--quiet); padding-top: .3rem; }
th, td { padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); text-align: right; }
th { border-bottom-width: 2px; vertical-align: bottom; white-space: pre-line; }
th:first-child, td:first-child { text-align: left; }
figure { margin: 1rem 0; }
figure svg { max-width: 100%; height: auto; display: block; }
figcaption { color: var(--quiet); font-size: .85rem; }
@media print { h2 { break-before: page; } figure, table { break-inside: avoid; } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(title: str, reports: Sequence[Sequence[Block]]) -> str:
    """The whole page of one or several reports, each of which begins with its top heading."""
    body = []
    links = [f'<a href="#part{number}">{escape(name)}</a>' for number, name in enumerate(_names(reports))]
    for number, report in enumerate(reports):
        blocks = "\n".join(_html(block, f"{number}-{place}") for place, block in enumerate(report))
        body.append(f'<section id="part{number}">\n{blocks}\n</section>')
    contents = f"<nav>{' '.join(links)}</nav>\n" if len(reports) > 1 else ""
    parts = "\n".join(body)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
        f"{contents}{parts}\n</body>\n</html>\n"
    )


def svg(plot: Plot, name: str) -> str:
    """The plot as an SVG element; ``name`` keeps its inner references apart from those of others on the page."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": name, "font.size": 10, "font.family": ["DejaVu Sans"]}
    with rc_context(settings):  # letters stay text: smaller, searchable, read aloud
        figure = Figure(figsize=plot.size, layout="constrained")
        plot.draw(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Type": None, "Format": None})
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    return _apart(text.strip(), name)


def _apart(text: str, name: str) -> str:
    """Ids that no other plot of the page has."""
    text = re.sub(r'\bid="([^"]+)"', rf'id="p{name}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#p{name}-\1)", text)
    return re.sub(r'href="#([^"]+)"', rf'href="#p{name}-\1"', text)


def _names(reports: Sequence[Sequence[Block]]) -> list[str]:
    """What each report is called; of several called alike, also what each is about."""
    tops = [next((each for each in report if isinstance(each, Heading) and each.top), None) for report in reports]
    often = Counter(top.text for top in tops if top is not None)
    names = []
    for number, top in enumerate(tops, start=1):
        if top is None:
            names.append(f"part {number}")
        else:
            names.append(f"{top.text} {top.detail.split(' ')[0]}" if often[top.text] > 1 else top.text)
    return names


def _html(block: Block, name: str) -> str:
    if isinstance(block, Heading):
        level = "h2" if block.top else "h3"
        detail = f" <small>{escape(block.detail)}</small>" if block.detail else ""
        return f"<{level}>{escape(block.text)}{detail}</{level}>"
    if isinstance(block, Line):
        kind = "" if block.tone == "plain" else f' class="{block.tone}"'
        return f"<p{kind}>{escape(block.text)}</p>"
    if isinstance(block, Table):
        return _table(block)
    drawn = svg(block, name).replace("<svg", f'<svg role="img" aria-label="{escape(block.text)}"', 1)
    return f"<figure>\n{drawn}\n<figcaption>{escape(block.text)}</figcaption>\n</figure>"


def _table(block: Table) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in block.columns)
    rows = "\n".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in block.rows)
    caption = f"<caption>{escape(block.caption)}</caption>" if block.caption else ""
    return f'<div class="scroll"><table>{caption}<thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody></table></div>'

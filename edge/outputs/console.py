"""The caption on a terminal: large enough to read from a chair, with what is going on below it."""

from __future__ import annotations

import time

from rich.console import Console as RichConsole
from rich.console import Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.text import Text

from edge.outputs.base import Item
from edge.outputs.plain import sentence_line, summary_lines
from edge.summary import Summary
from edge.types import BESIDE, Caption, Sentence, State, StateName, Suggestions

_WORDS: dict[StateName, str] = {
    "starting": "starting",
    "waiting": "waiting for a hand",
    "hand": "a hand is there",
    "recognising": "reading",
    "sure": "understood",
    "unsure": "not sure, please repeat",
    "camera-lost": "the camera is lost",
    "ended": "ended",
    "safe-mode": "out of order:",
    "updating": "an update is being tried",
    "rolled-back": "the update was taken back:",
    "too-hot": "too hot, reading more slowly",
    "on-cpu": "on the CPU, without the GPU:",
    "building": "the GPU's engines are built:",
}
_REFRESH_S = 0.1


class Console:
    """A live caption line; where the terminal is no terminal, use `edge.outputs.Plain`.

    `progress` may be called for each frame of a recorded source. Raises what the terminal raises.
    """

    def __init__(self, console: RichConsole | None = None) -> None:
        self._console = console or RichConsole()
        self._caption = ""
        self._sentence = ""
        self._state = "starting"
        self._beside: dict[StateName, str] = {}
        self._suggestions = ""
        self._done = 0
        self._total: int | None = None
        self._drawn = 0.0
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._live.start()
        self._draw()

    def show(self, item: Item) -> None:
        """Redraw with a new caption, sentence or state; the summary ends the live part and stays on the screen."""
        match item:
            case Caption():
                self._caption = item.text
            case Sentence():
                self._sentence = sentence_line(item)
            case State():
                self._change(item)
            case Suggestions():
                self._suggestions = "  ".join(item.words)
            case Summary():
                self._live.stop()
                self._console.print(self._panel())
                if self._sentence:
                    self._console.print(self._sentence, markup=False, highlight=False)
                for line in summary_lines(item):
                    self._console.print(line, markup=False, highlight=False)
                return
            case _:
                return
        self._draw()

    def _change(self, state: State) -> None:
        likeliest = " or ".join(label for label, _ in state.alternatives)
        words = " ".join(part for part in (_WORDS[state.name], likeliest, state.detail) if part)
        if state.name not in BESIDE:
            self._state = words
        elif state.over:
            self._beside.pop(state.name, None)
        else:
            self._beside[state.name] = words

    def progress(self, done: int, total: int) -> None:
        """Show how much of a recording is read."""
        self._done, self._total = done, total
        if time.monotonic() - self._drawn >= _REFRESH_S:
            self._draw()

    def close(self) -> None:
        """Give the terminal back."""
        self._live.stop()

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        states = "; ".join((self._state, *self._beside.values()))
        below = [Text(line) for line in (self._suggestions, self._sentence) if line]
        rows: list[RenderableType] = [self._panel(), *below, Text(states, style="dim")]
        if self._total:
            rows.append(ProgressBar(total=self._total, completed=self._done, width=40))
        self._live.update(Group(*rows), refresh=True)

    def _panel(self) -> Panel:
        return Panel(Text(self._caption or " ", style="bold", justify="center"), padding=(1, 2))

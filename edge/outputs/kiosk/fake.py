"""A runtime without a camera: tells a hub what a signer, a camera and a device may do, for tests and for trying out.

`FakeRuntime.scene` puts the page into one state and leaves it there; `FakeRuntime.play` tells a story round and round:
the shipped clip's hand spells, one letter is doubtful, a sentence is made, the camera goes and comes back. Buttons and
keys work on the text.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from threading import Event
from typing import Protocol

import numpy as np

from edge.controls import Controls
from edge.outputs.base import Output, Viewer
from edge.samples import demo_landmarks, demo_truth
from edge.types import (
    RIGHT,
    Action,
    Caption,
    FloatArray,
    Guess,
    Hands,
    Past,
    Sentence,
    SignEvent,
    Speak,
    State,
    StateName,
    Suggestions,
)

RATE = 25.0
"""Frames a second of the shipped clip."""
SCENES: tuple[StateName, ...] = (
    "starting",
    "waiting",
    "hand",
    "recognising",
    "sure",
    "unsure",
    "camera-lost",
    "updating",
    "rolled-back",
    "too-hot",
    "on-cpu",
    "building",
    "safe-mode",
    "ended",
)
_WORDS = ("HELLO", "HELP", "HELD")
_DECIDED = 8
"""Frames that a letter is held before it is decided."""
_DETAILS: dict[StateName, str] = {
    "camera-lost": "the camera stopped giving pictures",
    "updating": "hands 1.1.0",
    "rolled-back": "hands 1.1.0 gave numbers that are not finite",
    "safe-mode": "no bundle is active here",
    "too-hot": "81\u00a0°C",
    "building": "some minutes, once",
    "on-cpu": "there is no NVIDIA driver here; expected libcuda.so.1",
}


class Told(Output, Viewer, Protocol):
    """What the fake tells: an output that is a viewer too, such as a `Hub`."""


class FakeRuntime:
    """Tells ``told`` what a runtime would; takes what is asked from ``controls``."""

    def __init__(self, told: Told, controls: Controls, *, sleep: Callable[[float], object] | None = None) -> None:
        self._told = told
        self._controls = controls
        self._ended = Event()
        self._sleep = sleep or self._ended.wait
        self._text = self._before = ""
        self._said: list[Sentence] = []
        self._frame = 0
        with np.load(demo_landmarks()) as file:
            self._hands: FloatArray = file["landmarks"].astype(np.float32)
        self._letters: list[str] = [frame["label"] for frame in json.loads(demo_truth().read_text())["frames"]]

    def close(self) -> None:
        """End the story; any thread may."""
        self._ended.set()

    def write(self, text: str) -> None:
        """Tell a caption."""
        self._text = text
        self._told.show(Caption(text, self._now))
        spelled = text.rpartition(" ")[2]
        words = tuple(word for word in _WORDS if len(spelled) > 1 and word.startswith(spelled) and word != spelled)
        self._told.show(Suggestions(words, spelled, self._now))

    def scene(self, name: StateName, *, text: str = "HELL", frame: int = 170) -> None:
        """One state of the page with all that belongs to it, and then nothing more."""
        self._frame = frame
        if name in ("starting", "safe-mode"):
            self._told.show(State(name, self._now, _DETAILS.get(name, "")))
            return
        self.write(text)
        if name in _DETAILS and name != "camera-lost":
            self._told.show(State("recognising", self._now))
            self._look(Guess("O", "letter", 0.74, (("S", 0.12),), self._now))
            self._told.show(State(name, self._now, _DETAILS[name]))
        elif name in ("waiting", "camera-lost", "ended"):
            self._told.view(self._seen(np.zeros((2, 21, 3), np.float32)), None)
            self._told.show(State(name, self._now, _DETAILS.get(name, "")))
        else:
            if name == "sure":
                self._told.show(SignEvent("L", "letter", 0.97, 0.0, 1.0, time.monotonic()))
            pair = (("A", 0.41), ("S", 0.38)) if name == "unsure" else ()
            self._told.show(State(name, self._now, alternatives=pair))
            self._look(Guess("O", "letter", 0.74, (("S", 0.12),), self._now) if name == "recognising" else None)

    def beat(self) -> None:
        """One more frame like the last one: time goes by and nothing changes."""
        self._look(None)

    def play(self, rounds: int | None = None) -> None:
        """Tell the story until `close`, or so many times."""
        for told in self._rounds(rounds):
            if self._ended.is_set():
                return
            self._answer()
            told()
            self._frame += 1
            self._sleep(1 / RATE)
        self._told.show(State("ended", self._now))

    @property
    def _now(self) -> float:
        return self._frame / RATE

    def _rounds(self, rounds: int | None) -> Iterator[Callable[[], None]]:
        begun = 0
        while rounds is None or begun < rounds:
            self._state("waiting")
            yield from [lambda: self._look(None, away=True)] * round(2 * RATE)
            yield from self._spell()
            self._state("unsure", (("A", 0.41), ("S", 0.38)))
            yield from [lambda: self._look(None)] * round(1.5 * RATE)
            self._state("waiting")
            yield from [lambda: self._look(None, away=True)] * round(2 * RATE)
            self._do(Action("sentence", "fake"))
            yield from [lambda: self._look(None, away=True)] * round(3 * RATE)
            self._told.show(State("camera-lost", self._now, _DETAILS["camera-lost"]))
            yield from [lambda: None] * round(3 * RATE)
            self._do(Action("clear", "fake"))
            begun += 1

    def _spell(self) -> Iterator[Callable[[], None]]:
        held = 0
        self._state("hand")
        for place, letter in enumerate(self._letters):
            self._frame = place
            held = held + 1 if letter and letter == self._letters[place - 1] else 0
            if letter and held == 1:
                self._state("recognising")
            if held == _DECIDED:
                sign = SignEvent(letter, "letter", 0.96, self._now - 0.3, self._now, time.monotonic())
                self._told.show(sign)
                self.write(self._text + letter)
                self._state("sure")
            share = min(0.2 + 0.1 * held, 0.96)
            guess = Guess(letter, "letter", share, (("S", 1 - share),), self._now) if letter else None

            def look(guess: Guess | None = guess, place: int = place) -> None:
                self._frame = place
                self._look(guess)

            yield look

    def _state(self, name: StateName, alternatives: tuple[tuple[str, float], ...] = ()) -> None:
        self._told.show(State(name, self._now, alternatives=alternatives))

    def _look(self, guess: Guess | None, *, away: bool = False) -> None:
        hands = self._hands[self._frame % len(self._hands)]
        self._told.view(self._seen(np.zeros_like(hands) if away else hands), guess)

    def _seen(self, hands: FloatArray) -> Hands:
        presence = (0.0, 0.99 * bool(hands[RIGHT].any()))
        return Hands(hands, presence, 4 / 3, self._now, time.monotonic(), self._frame)

    def _answer(self) -> None:
        for action in self._controls.take():
            self._do(action)

    def _do(self, action: Action) -> None:
        self._told.show(action)
        text, words = self._text, self._text.split(" ")
        match action.name:
            case "clear" | "forget":
                self._take_back("")
            case "undo-letter":
                self._take_back(text[:-1].rstrip())
            case "undo-word":
                self._take_back(" ".join(words[:-1]))
            case "restore":
                self.write(self._before)
            case "space":
                self.write(text.rstrip() + " " if text else "")
            case "complete":
                self.write(" ".join([*words[:-1], action.value]) + " ")
            case "sentence" if text.strip():
                self._say(Sentence(text.strip().capitalize() + ".", text.strip(), self._now, "rules"))
            case "speak" if text.strip():
                self._told.show(Speak(self._said[-1].text if self._said else text, self._now))
            case _:
                pass

    def _take_back(self, text: str) -> None:
        self._before = self._text
        self.write(text)

    def _say(self, sentence: Sentence) -> None:
        self._said = [*self._said, sentence][-20:]
        self._told.show(sentence)
        self._told.show(Past(tuple(self._said), self._now))

    def __repr__(self) -> str:
        return f"<FakeRuntime: {self._text!r}>"

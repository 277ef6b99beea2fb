"""The text's side of the loop: signs, gestures and buttons in; captions, suggestions and sentences out.

Whatever changes the text, the outputs hear in one order: what happened (a sign, an action), the caption, what the word
may become. Sentences come when they are done. What was said is remembered in memory only, and gone when the run ends.

A gesture is made with hands that the recogniser reads too: signs that it read out of a gesture are taken back, or not
let in.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

from edge.outputs.base import Item
from edge.parts import Composer, Sentences, Suggester
from edge.types import Action, Caption, Gesture, Past, Sentence, SignEvent, Speak, State, StateName

_NOBODY: tuple[StateName, ...] = ("waiting", "camera-lost")
"""States in which nobody is seen: what was signed is forgotten by and by, also while the camera is away."""
REMEMBERED = 50
"""Sentences."""
PALMS_AGAIN = 30.0
"""Seconds within which both palms, shown once more, bring back what they have cleared."""


class Dialogue:
    """Keeps the text of one run; ``show`` tells the outputs. ``signs`` and ``captions`` count.

    Text and past are forgotten when the hands were away for ``forget_after`` seconds: the next one in front of it is
    somebody else. None: never.
    """

    def __init__(
        self,
        show: Callable[[Item], None],
        *,
        composer: Composer,
        sentences: Sentences | None = None,
        suggester: Suggester | None = None,
        forget_after: float | None = None,
    ) -> None:
        self._show = show
        self._composer, self._sentences, self._suggester = composer, sentences, suggester
        self._past: deque[Sentence] = deque(maxlen=REMEMBERED)
        self._said: Sentence | None = None
        """The sentence of the present text."""
        self._gesture_end = self._cleared = -math.inf
        """When the last gesture was over; when both palms cleared the text, if that was the last that was done."""
        self._forget_after = math.inf if forget_after is None else forget_after
        self._left: float | None = None
        """Since when the hands are away."""
        self.text = ""
        self.signs = self.captions = 0

    def hear(self, result: SignEvent | State, now: float, *, age: Callable[[float], float | None]) -> None:
        """The recogniser's next result; ``age`` gives the latency of what a frame caused, by when it was captured."""
        if isinstance(result, SignEvent) and result.begin < self._gesture_end:
            return  # it was a gesture
        self._show(result)
        if not isinstance(result, State) or result.name not in _NOBODY:
            self._left = None
        elif self._left is None:
            self._left = result.time
        text = self._composer.apply(result)
        if isinstance(result, SignEvent):
            self.signs += 1
            self._cleared = -math.inf
            if text != self.text:
                self._caption(Caption(text, now, age(result.captured), result))
        self._suggest(now)

    def gesture(self, gesture: Gesture, now: float) -> None:
        """The hands asked for something."""
        self._gesture_end = gesture.end
        text = self._composer.take_back(gesture.begin)
        again = gesture.name == "clear" and not text and now - self._cleared <= PALMS_AGAIN
        self.act(Action("restore" if again else gesture.name, "gesture"), now)
        if gesture.name == "clear" and not again:
            self._cleared = now

    def new_scene(self) -> None:
        """Time on the source begins anew, and with it what is measured by it."""
        self._gesture_end = self._cleared = -math.inf
        self._left = None
        self._composer.new_scene()

    def act(self, action: Action, now: float) -> None:
        """Somebody asked for something."""
        self._cleared = -math.inf
        text = self._composer.act(action)
        self._show(action)
        if text != self.text:
            self._caption(Caption(text, now))
        match action.name:
            case "sentence":
                self._translate(now)
            case "speak":
                self._speak(now)
            case "forget":
                self._past.clear()
                self._show(Past((), now))
        self._suggest(now)

    def wait(self, now: float) -> None:
        """Time has passed: sentences may be due, or done, or nobody may be there any more."""
        if self._sentences is not None:
            self._tell(self._sentences.due(now), now)
        if self._left is not None and now - self._left >= self._forget_after and (self.text or self._past):
            self.act(Action("forget", "nobody"), now)

    def finish(self, now: float) -> None:
        """The source has ended: what is left is said."""
        if self._sentences is not None:
            self._tell(self._sentences.finish(now), now)

    def _caption(self, caption: Caption) -> None:
        self.text, self._said = caption.text, None
        self.captions += 1
        self._show(caption)

    def _suggest(self, now: float) -> None:
        if self._suggester is not None and (suggestions := self._suggester.changed(now)) is not None:
            self._show(suggestions)

    def _translate(self, now: float) -> None:
        """Have a sentence made; say the last one again where nothing was signed since."""
        if self._sentences is None:
            return
        if not self._sentences.ask(now) and self._said is not None:
            self._show(self._said)

    def _speak(self, now: float) -> None:
        # Spelled words are in capitals, which a voice would take for abbreviations.
        if text := self._said.text if self._said is not None else self.text.lower():
            self._show(Speak(text, now))

    def _tell(self, sentences: list[Sentence], now: float) -> None:
        for sentence in sentences:
            self._said = sentence
            self._past.append(sentence)
            self._show(sentence)
        if sentences:
            self._show(Past(tuple(self._past), now))

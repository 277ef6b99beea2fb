"""The recogniser: hands in, decided signs out.

Each frame's hands are resampled to the model's rate (`resample`), cut into movements and holds (`segment`) and read
(`decide`). A held sign is decided during its hold, as soon as it is clear, so that the caption follows the hand
closely; a moving one when the hand comes to rest or leaves. A letter is read twice only when the hand went away in
between, however long it is held.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from edge.engines import Engine
from edge.recognition.classify import Classifier
from edge.recognition.decide import HoldReader, MovementReader, went_away
from edge.recognition.inputs import Inputs, Windows, hand_window
from edge.recognition.labels import LabelInfo
from edge.recognition.motion import Pose
from edge.recognition.resample import Resampler, Tick
from edge.recognition.segment import Phase, Sample, Segmenter
from edge.recognition.settings import RecognitionSettings
from edge.types import Guess, Hands, SignEvent, State, StateName

Result = SignEvent | State

_SETTLED = 0.15
"""A hold's place is taken this long (seconds) before its end, when the hand had not yet set off."""


class Recogniser:
    """Recognises signs in a stream of `Hands`; see the module.

    ``engine`` as `edge.recognition.classify` states it; ``labels`` in the order of its classes; ``rate`` in ticks
    per second, ``window`` in ticks and ``aspect`` (width / height) as the bundle's manifest gives them; ``logits``
    says whether the network's output still needs a softmax; ``inputs`` feeds it (hand landmarks by default). Raises
    EngineError from `push` when inference fails.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        labels: Sequence[LabelInfo],
        rate: float,
        window: int,
        aspect: float,
        settings: RecognitionSettings | None = None,
        logits: bool = True,
        inputs: Inputs | None = None,
    ) -> None:
        self._settings = settings or RecognitionSettings()
        self._rate, self._window, self._aspect = rate, window, aspect
        self._inputs = inputs or Windows(hand_window)
        self._classifier = Classifier(engine, classes=len(labels), window=window, logits=logits, inputs=self._inputs)
        self._holds = HoldReader(self._classifier, labels, self._settings)
        self._movements = MovementReader(self._classifier, labels, self._settings)
        self._start()

    @property
    def finite(self) -> bool:
        """Whether all numbers that the network has computed were finite."""
        return self._classifier.finite

    @property
    def guess(self) -> Guess | None:
        """What the hand that is held seems to show; None while it moves or is away."""
        return self._holds.guess if self._phase is Phase.HOLDING else None

    def push(self, hands: Hands) -> list[Result]:
        """Take a frame's hands; returns what was decided and how the state changed, in order of time."""
        self._inputs.see(hands)
        return [result for tick in self._resampler.push(hands) for result in self._stepped(tick)]

    def finish(self) -> list[Result]:
        """The source is over: decide what is still open. A frame pushed afterwards starts a new stream."""
        results: list[Result] = []
        if self._phase is Phase.HOLDING:
            results += self._end_hold(self._segmenter.movement, self._segmenter.hold)
        elif self._phase is Phase.MOVING:
            results += self._end_movement(self._segmenter.movement)
        if self._phase is not Phase.ABSENT:
            results += self._end_stay()
        self._start()
        return results

    def _start(self) -> None:
        self._inputs.forget()
        self._resampler = Resampler(self._rate, self._aspect)
        self._segmenter = Segmenter(self._aspect, self._settings, remember=self._window + 1)
        self._phase = Phase.ABSENT
        self._state: StateName | None = None
        self._sure_until = -math.inf
        self._since = 0.0
        """When the phase began."""
        self._last: str | None = None
        self._place: Pose | None = None
        self._silent = True
        """Whether nothing was read since the hand came."""
        self._spelling = False
        """Whether the last sign since then was a letter."""

    def _stepped(self, tick: Tick) -> list[Result]:
        before = self._phase
        results = self._step(tick)
        if before is not self._phase or self._state is None:
            self._since = tick.time
        if results:
            self._sure_until = tick.time + self._settings.sure_for
        name = self._name(tick) if tick.time >= self._sure_until else "sure"
        if name == self._state and not (results and name == "sure"):
            return results
        self._state = name
        likeliest = self._holds.likeliest[:2] if name == "unsure" else ()
        # Hands that left while the state was still sure have been away since then, not since now.
        return [*results, State(name, self._since if name == "waiting" else tick.time, alternatives=likeliest)]

    def _step(self, tick: Tick) -> list[Result]:
        segments = self._segmenter
        before, movement, hold = self._phase, segments.movement, segments.hold
        self._phase = segments.push(tick)
        results: list[Result] = []
        if before is Phase.HOLDING and self._phase is not Phase.HOLDING:
            results += self._end_hold(movement, hold)
        if before is Phase.MOVING and self._phase is not Phase.MOVING:
            results += self._end_movement(segments.movement)
        if before is not Phase.ABSENT and self._phase is Phase.ABSENT:
            results += self._end_stay()
        if self._phase is Phase.ABSENT:
            self._last, self._place, self._spelling = None, None, False
            self._inputs.forget(tick.time)
        elif self._phase is Phase.HOLDING:
            results += self._accept(self._holds.look(segments.hold), [*segments.movement, *segments.hold])
        return results

    def _name(self, tick: Tick) -> StateName:
        """What the hand is doing, a decision of just now aside."""
        if self._phase is not Phase.HOLDING:
            return "waiting" if self._phase is Phase.ABSENT else "hand"
        held = tick.time - self._segmenter.hold[0].tick.time
        return "unsure" if not self._holds.decided and held >= self._settings.unsure_after else "recognising"

    def _end_movement(self, movement: Sequence[Sample]) -> list[Result]:
        sign = self._movements.read(movement, spelling=self._spelling)
        if sign is None or sign.kind == "letter":
            self._holds.reset()
        else:
            self._holds.skip()
        if sign is None:
            return []
        again = sign.label == self._last and self._place is not None  # held first, then moved: one sign
        self._last, self._place, self._silent = sign.label, None, False
        self._spelling = sign.kind == "letter"
        return [] if again else [sign]

    def _end_stay(self) -> list[Result]:
        """The hand is gone: read the whole stay if nothing of it was read and it fits a window."""
        stay = self._segmenter.stay
        silent, self._silent = self._silent, True
        if not silent or len(stay) > self._window:
            return []
        sign = self._movements.read_stay(stay)
        return [] if sign is None else [sign]

    def _end_hold(self, movement: Sequence[Sample], hold: Sequence[Sample]) -> list[Result]:
        results = self._accept(self._holds.last_look(hold), [*movement, *hold])
        if self._holds.decided:
            settled = hold[-1].tick.time - _SETTLED
            self._place = next((s.pose for s in reversed(hold) if s.tick.time <= settled), hold[0].pose)
        return results

    def _accept(self, sign: SignEvent | None, since: Sequence[Sample]) -> list[Result]:
        """Let a held sign through unless it is the last one, still held; ``since`` is all since the hold before."""
        if sign is None:
            return []
        place = self._place if sign.label == self._last else None
        if place is not None and not went_away(since, place, self._settings):
            return []
        self._last = sign.label
        self._silent = False
        self._spelling = sign.kind == "letter"
        return [sign]

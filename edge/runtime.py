"""The loop: a source's items go through landmarks, recognition and language to the outputs, one at a time.

::

    source -> landmarker -> recogniser -> dialogue -> outputs

`Runtime` owns the run from its first frame to its summary and measures it; it knows the rooms by their protocols only.
`edge.assembly` makes one from a bundle and a command line, and closes what it opened. One thread: the newest frame of a
live source is taken, read to the end and shown, then the next newest; what came meanwhile is dropped by the source.

Where time on the source jumps (a clip that begins anew, a camera that was away), the scene has ended: what is pending
is decided, and landmarker and recogniser begin as with the first frame.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from edge.capture.base import HandsSource, Source
from edge.controls import Controls
from edge.dialogue import Dialogue
from edge.errors import FingerpostError, SourceError
from edge.outputs.base import Item, Output, Viewer
from edge.parts import Composer, Condition, Gestures, Health, Observer, Recogniser, Sentences, Suggester, Trial
from edge.service.notify import Notifier
from edge.summary import FrameTimes, StageTimes, Summary, Times, peak_memory
from edge.types import JUMP, Frame, Hands, SignEvent, State

if TYPE_CHECKING:
    from edge.landmarks.base import Landmarker  # the room imports OpenCV, which a landmark recording does not need


_PATIENCE = 30.0
"""How much longer (seconds) systemd is asked to wait for the first frame, each time that a camera says it is away."""


class Runtime:
    """One run of one source.

    ``landmarker`` may be None for a source that delivers hands; ``sentences``, ``suggester`` and ``gestures`` where
    none are wanted; ``trial`` where nobody judges the bundle. ``viewers`` see each frame's hands and the present guess;
    ``controls`` brings what people ask for; ``conditions`` say how the device is;
    ``forget_after`` as `edge.dialogue.Dialogue` has it. ``observers`` see each frame's times;
    ``health`` may slow a live source down. ``progress`` is called with frames done and to do, for a source whose length
    is known. ``bundle`` and ``variant`` name in the summary what ran; ``notice`` stands in the
    supervisor's line about the run.
    """

    def __init__(
        self,
        source: Source | HandsSource,
        *,
        landmarker: Landmarker | None,
        recogniser: Recogniser,
        composer: Composer,
        outputs: Sequence[Output],
        notifier: Notifier,
        viewers: Sequence[Viewer] = (),
        controls: Controls | None = None,
        sentences: Sentences | None = None,
        suggester: Suggester | None = None,
        gestures: Gestures | None = None,
        conditions: Sequence[Condition] = (),
        forget_after: float | None = None,
        trial: Trial | None = None,
        observers: Sequence[Observer] = (),
        health: Health | None = None,
        progress: Callable[[int, int], None] | None = None,
        max_frames: int | None = None,
        bundle: str = "",
        variant: str = "",
        notice: str = "",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._source = source
        self._landmarker = landmarker
        self._recogniser = recogniser
        self._outputs = outputs
        self._notifier = notifier
        self._viewers = viewers
        self._controls = controls or Controls()
        self._dialogue = Dialogue(
            self._show, composer=composer, sentences=sentences, suggester=suggester, forget_after=forget_after
        )
        self._gestures = gestures
        self._conditions = conditions
        self._trial = trial
        self._observers = observers
        self._health = health
        self._progress = progress
        self._max_frames = max_frames
        self._bundle, self._variant, self._notice = bundle, variant, notice
        self._clock, self._sleep = clock, sleep
        self._stopping = False
        self._frames = 0
        self._now = 0.0
        self._trouble: str | None = None
        self._times = StageTimes()
        self._latency = Times()

    def stop(self) -> None:
        """End the run after the frame that it is at. Sets flags only: a signal handler may call it."""
        self._stopping = True
        self._source.close()

    def run(self) -> Summary:
        """Run until the source ends, `stop` is called or ``max_frames`` are read; returns the measured summary.

        What the source raises (a camera that is lost, a clip that is cut off) is raised after what was read so far is
        decided and the summary shown.
        """
        begin = self._clock()
        failed: FingerpostError | None = None
        try:
            self._show(State("starting", 0.0))
            try:
                self._read_all()
            except SourceError as error:
                failed = error
                if self._source.live:
                    self._show(State("camera-lost", self._now, error.what))
            if not self._stopping:
                self._tell(self._recogniser.finish(), caused=False)
                self._dialogue.finish(self._now)
            self._notifier.stopping()
            self._show(State("ended", self._now))
            summary = self._summary(self._clock() - begin)
            self._show(summary)
        finally:
            self._source.close()
        if failed is not None:
            raise failed
        return summary

    def _read_all(self) -> None:
        asked = self._clock()
        for item in self._source:
            if self._stopping:
                return
            if isinstance(item, State):
                self._away(item)
                continue
            self._step(item, asked)
            self._frame_done()
            if self._frames == self._max_frames:
                return
            if self._health is not None and self._source.live:
                self._sleep(max(self._health.interval - (self._clock() - asked), 0.0))
            asked = self._clock()

    def _away(self, state: State) -> None:
        """The camera is away and says so now and then: the loop is alive, and nobody is to blame."""
        self._act()
        self._dialogue.wait(max(self._now, state.time))
        if state.detail != self._trouble:
            self._trouble = state.detail
            self._tell([state], caused=False)
        if not self._frames:
            self._notifier.extend(_PATIENCE)
        self._notifier.watchdog()
        if self._health is not None:
            self._health.tick()

    def _step(self, item: Frame | Hands, asked: float) -> None:
        picked = self._clock()
        if self._frames and not 0 <= item.time - self._now <= JUMP:
            self._new_scene()
        self._now, self._trouble = item.time, None
        self._act()
        hands = item if isinstance(item, Hands) else self._landmarks(item)
        found = self._clock()
        decisions = self._recogniser.push(hands)
        decided = self._clock()
        self._tell(decisions, caused=True)
        if self._gestures is not None and (gesture := self._gestures.push(hands)) is not None:
            self._dialogue.gesture(gesture, item.time)
        for viewer in self._viewers:
            viewer.view(hands, self._recogniser.guess)
        self._dialogue.wait(item.time)
        self._frames += 1
        times = FrameTimes(
            capture=picked - (item.captured if self._source.live else asked),
            landmarks=found - picked if isinstance(item, Frame) else None,
            recognition=decided - found,
            total=decided - item.captured,
            dropped=self._source.dropped,
        )
        self._times.add(times)
        for observer in self._observers:
            observer.frame(times)

    def _new_scene(self) -> None:
        self._tell(self._recogniser.finish(), caused=False)
        self._dialogue.new_scene()
        if self._landmarker is not None:
            self._landmarker.reset()

    def _landmarks(self, frame: Frame) -> Hands:
        if self._landmarker is None:
            raise TypeError("a source of pictures needs a landmarker")
        return self._landmarker.process(frame)

    def _tell(self, decisions: Sequence[SignEvent | State], *, caused: bool) -> None:
        for decision in decisions:
            self._dialogue.hear(decision, self._now, age=self._age if caused else lambda _captured: None)
            if isinstance(decision, State):
                self._notifier.status(self._noted(decision.name))

    def _age(self, captured: float) -> float:
        """The latency of a caption that is about to be shown."""
        latency = self._clock() - captured
        self._latency.add(latency)
        return latency

    def _act(self) -> None:
        """What happened beside the frames since the last one: what people ask for, and how the device is."""
        for action in self._controls.take():
            self._dialogue.act(action, self._now)
        for condition in self._conditions:
            for state in condition.changes(self._now):
                self._show(state)

    def _frame_done(self) -> None:
        if self._trial is not None:
            self._trial.frame(finite=self._recogniser.finite)
        if self._frames == 1:
            self._notifier.ready(self._noted(f"{self._bundle} {self._variant}".strip()))
        self._notifier.watchdog()
        if self._progress is not None and self._source.length:
            self._progress(self._frames, self._source.length)

    def _noted(self, line: str) -> str:
        return f"{line}; {self._notice}" if self._notice else line

    def _show(self, item: Item) -> None:
        for output in self._outputs:
            output.show(item)

    def _summary(self, seconds: float) -> Summary:
        return Summary(
            text=self._dialogue.text,
            signs=self._dialogue.signs,
            captions=self._dialogue.captions,
            frames=self._frames,
            dropped=self._source.dropped,
            seconds=seconds,
            stages=self._times.spreads(),
            latency=self._latency.spread(),
            peak_memory=peak_memory(),
            bundle=self._bundle,
            variant=self._variant,
        )

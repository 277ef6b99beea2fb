"""The text's side of the loop: what the outputs hear, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Event

import pytest

from edge.capture.fake import FakeSource
from edge.dialogue import PALMS_AGAIN, REMEMBERED, Dialogue
from edge.landmarks.fake import FakeLandmarker, no_hands
from edge.language import Composer
from edge.language.background import Background, Foreground
from edge.language.completion import Completer, Suggester
from edge.language.fake import FakeSentencer
from edge.language.lexicon import Lexicon
from edge.language.sentence import SentenceMaker, Utterances
from edge.language.words import Composed
from edge.outputs import FakeOutput
from edge.runtime import Runtime
from edge.service.notify import FakeNotifier
from edge.types import Action, ActionName, Caption, Gesture, Guess, Hands, Past, SignEvent, Speak, State, Suggestions

FEW = Lexicon([("hello", 8.0), ("help", 7.0), ("key", 8.0), ("a", 9.0)])


class Talk:
    """A dialogue over the real language room, with a sentencer that joins words."""

    def __init__(self, *, automatic: bool = True, forget_after: float | None = None) -> None:
        self.output = FakeOutput()
        composer = Composer()
        self.dialogue = Dialogue(
            self.output.show,
            composer=composer,
            sentences=Utterances(composer, Foreground(SentenceMaker(FakeSentencer(), FEW)), automatic=automatic),
            suggester=Suggester(composer, Completer(FEW)),
            forget_after=forget_after,
        )
        self.now = 0.0

    def sign(self, label: str, *, begin: float | None = None) -> None:
        self.now += 1
        kind = "word" if len(label) > 1 else "letter"
        sign = SignEvent(label, kind, 0.9, self.now - 0.5 if begin is None else begin, self.now, 0.0)
        self.dialogue.hear(sign, self.now, age=lambda captured: 0.01 + captured)

    def spell(self, word: str) -> None:
        for letter in word:
            self.sign(letter)

    def act(self, name: ActionName, value: str = "") -> list[object]:
        before = len(self.output.items)
        self.now += 1
        self.dialogue.act(Action(name, "touch", value), self.now)
        return self.output.items[before:]

    def away(self) -> None:
        self.dialogue.hear(State("waiting", self.now), self.now, age=lambda _: None)
        self.now += 5
        self.dialogue.wait(self.now)


def test_a_sign_comes_before_its_caption_and_that_before_the_suggestions():
    talk = Talk()
    talk.sign("H")
    sign, caption, suggestions = talk.output.items
    assert isinstance(sign, SignEvent)
    assert caption == Caption("H", 1.0, 0.01) and caption.event is sign
    assert suggestions == Suggestions(("HELLO", "HELP"), "H", 1.0)


def test_an_action_comes_before_its_caption_and_a_suggestion_that_is_taken_is_written():
    talk = Talk()
    talk.spell("HE")
    action, caption, suggestions = talk.act("complete", "HELLO")
    assert action == Action("complete", "touch", "HELLO")
    assert caption == Caption("HELLO", 3.0)
    assert suggestions == Suggestions((), "", 3.0)
    assert talk.dialogue.captions == 3 and talk.dialogue.signs == 2


def test_an_action_that_changes_nothing_is_told_without_a_caption():
    assert Talk().act("undo-letter") == [Action("undo-letter", "touch")]


def test_the_sentence_button_translates_now_and_again():
    talk = Talk(automatic=False)
    talk.sign("hello")
    talk.away()
    assert talk.output.sentences == []
    talk.act("sentence")
    talk.dialogue.wait(talk.now)
    assert talk.output.sentences == ["hello"]
    talk.act("sentence")
    assert talk.output.sentences == ["hello", "hello"], "asked again, it is shown again"
    talk.act("clear")
    talk.act("sentence")
    talk.dialogue.wait(talk.now)
    assert talk.output.sentences == ["hello", "hello"], "there is nothing to translate"


def test_the_sentence_button_without_sentences_does_nothing():
    output = FakeOutput()
    dialogue = Dialogue(output.show, composer=Composer())
    dialogue.act(Action("sentence", "key"), 1.0)
    dialogue.wait(2.0)
    dialogue.finish(3.0)
    assert output.items == [Action("sentence", "key")]


def test_what_is_spoken_is_the_sentence_or_what_was_signed_since():
    talk = Talk()
    assert not [item for item in talk.act("speak") if isinstance(item, Speak)], "there is nothing to say"
    talk.spell("KEY")
    assert talk.act("speak")[-1] == Speak("key", talk.now)
    talk.away()
    assert talk.output.sentences == ["key"]
    talk.sign("you")
    assert talk.act("speak")[-1] == Speak("key you", talk.now)
    talk.away()
    assert talk.act("speak")[-1] == Speak(talk.output.sentences[-1], talk.now)


def test_the_past_is_remembered_up_to_a_limit_and_can_be_forgotten():
    talk = Talk()
    for n in range(REMEMBERED + 3):
        talk.sign(f"word {n}")
        talk.away()
    past = [item for item in talk.output.items if isinstance(item, Past)][-1]
    assert [sentence.text for sentence in past.sentences] == [f"word {n}" for n in range(3, REMEMBERED + 3)]
    talk.act("forget")
    assert [item for item in talk.output.items if isinstance(item, Past)][-1].sentences == ()
    assert talk.dialogue.text == ""
    talk.act("restore")
    assert talk.dialogue.text == ""


def test_what_somebody_said_who_has_left_is_forgotten_for_good():
    talk = Talk(forget_after=60.0)
    talk.spell("KEY")
    talk.away()
    left = talk.now - 5
    talk.dialogue.wait(left + 59)
    assert talk.dialogue.text == "KEY"
    talk.dialogue.wait(left + 60)
    assert talk.dialogue.text == ""
    assert Action("forget", "nobody") in talk.output.items
    assert [item for item in talk.output.items if isinstance(item, Past)][-1].sentences == ()
    count = len(talk.output.items)
    talk.dialogue.wait(left + 600)
    assert len(talk.output.items) == count, "once"
    talk.act("restore")
    assert talk.dialogue.text == ""


def test_a_camera_that_is_away_does_not_keep_what_was_said():
    talk = Talk(forget_after=60.0)
    talk.spell("KEY")
    for at in (30.0, 50.0):
        talk.dialogue.hear(State("camera-lost", at, f"reason {at}"), at, age=lambda _: None)
    talk.dialogue.wait(89.0)
    assert talk.dialogue.text == "KEY"
    talk.dialogue.wait(90.0)
    assert talk.dialogue.text == ""


def test_who_comes_back_in_time_is_not_forgotten():
    talk = Talk(forget_after=60.0)
    talk.spell("KEY")
    talk.away()
    talk.dialogue.hear(State("hand", 20.0), 20.0, age=lambda _: None)
    talk.dialogue.wait(500.0)
    assert talk.dialogue.text == "KEY"
    never = Talk()
    never.spell("KEY")
    never.away()
    never.dialogue.wait(1e6)
    assert never.dialogue.text == "KEY"


def test_nothing_that_was_said_is_written_to_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import builtins
    import os

    opened = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(builtins, "open", lambda *args, **kwargs: opened.append(args))
    monkeypatch.setattr(os, "open", lambda *args, **kwargs: opened.append(args))
    talk = Talk()
    talk.spell("KEY")
    talk.away()
    talk.act("speak")
    monkeypatch.undo()
    assert talk.output.sentences == ["key"]
    assert opened == [] and list(tmp_path.iterdir()) == []
    assert not [item for item in Talk().output.items if isinstance(item, Past)], "another run begins with nothing"


def test_signs_that_were_read_out_of_a_gesture_are_taken_back_or_not_let_in():
    talk = Talk()
    talk.spell("KEY")
    talk.sign("B")  # the flat hand that is about to be swept
    assert talk.dialogue.text == "KEYB"
    talk.dialogue.gesture(Gesture("undo-letter", begin=3.8, end=5.0), 5.0)
    assert talk.dialogue.text == "KE"
    before = len(talk.output.items)
    talk.now = 5.0
    talk.sign("hello", begin=4.2)  # the sweep itself, read when it is over
    assert talk.dialogue.text == "KE" and len(talk.output.items) == before
    talk.sign("Y", begin=6.0)
    assert talk.dialogue.text == "KEY"


def test_what_a_gesture_did_can_be_taken_back_without_the_signs_that_were_read_out_of_it():
    talk = Talk()
    talk.spell("KEY")
    talk.sign("B")
    talk.dialogue.gesture(Gesture("clear", begin=3.8, end=5.0), 5.0)
    assert talk.dialogue.text == ""
    talk.act("restore")
    assert talk.dialogue.text == "KEY"


def test_a_gesture_of_one_scene_takes_nothing_from_the_next_whose_time_begins_anew():
    talk = Talk()
    talk.now = 50.0
    talk.spell("KEY")
    talk.dialogue.gesture(Gesture("undo-letter", begin=54.0, end=55.0), 55.0)
    talk.dialogue.new_scene()
    talk.now = 0.0
    talk.spell("Y")
    assert talk.dialogue.text == "KEY"
    talk.dialogue.new_scene()
    talk.dialogue.gesture(Gesture("undo-letter", begin=0.2, end=1.0), 1.0)
    assert talk.dialogue.text == "KE", "one letter, not all that were signed at later times"


def palms(talk: Talk, at: float) -> str:
    talk.dialogue.gesture(Gesture("clear", begin=at - 1.5, end=at), at)
    return talk.dialogue.text


def test_both_palms_once_more_bring_back_what_they_have_cleared():
    talk = Talk()
    talk.spell("KEY")
    assert [palms(talk, 10.0), palms(talk, 15.0), palms(talk, 20.0)] == ["", "KEY", ""]
    names = [item.name for item in talk.output.items if isinstance(item, Action)]
    assert names == ["clear", "restore", "clear"]


def test_both_palms_bring_nothing_back_later_or_what_somebody_else_has_cleared():
    talk = Talk()
    talk.spell("KEY")
    assert [palms(talk, 10.0), palms(talk, 10.0 + PALMS_AGAIN + 1)] == ["", ""]
    talk = Talk()
    talk.spell("KEY")
    talk.act("clear")
    assert palms(talk, 10.0) == ""
    talk = Talk()
    talk.spell("KEY")
    palms(talk, 10.0)
    talk.now = 11.0
    talk.spell("A")
    assert palms(talk, 20.0) == ""
    assert palms(talk, 22.0) == "A"


def test_the_loop_goes_on_while_a_slow_model_makes_a_sentence():
    class Slow:
        """Takes until the loop has gone on for a while."""

        def __init__(self) -> None:
            self.let_go = Event()

        def compose(self, words: Sequence[str]) -> Composed:
            assert self.let_go.wait(10)
            return Composed(" ".join(words), "slow")

    slow, output, notifier = Slow(), FakeOutput(), FakeNotifier()
    composer = Composer()
    background = Background(SentenceMaker(slow, FEW))
    composer.apply(SignEvent("hello", "word", 0.9, 0.0, 0.1, 0.0))
    composer.apply(State("waiting", -5.0))
    frames = 0

    class Looking:
        def view(self, hands: Hands, guess: Guess | None) -> None:
            nonlocal frames
            frames += 1
            if frames == 40:
                assert output.sentences == [] and notifier.told.count(("watchdog", "")) == 39
                slow.let_go.set()

    class Nobody:
        finite = True
        guess = None

        def push(self, hands: Hands) -> list[SignEvent | State]:
            return []

        def finish(self) -> list[SignEvent | State]:
            return []

    summary = Runtime(
        FakeSource(count=60),
        landmarker=FakeLandmarker(no_hands),
        recogniser=Nobody(),
        composer=composer,
        sentences=Utterances(composer, background),
        outputs=[output],
        notifier=notifier,
        viewers=[Looking()],
    ).run()
    background.close()
    assert summary.frames == 60 and output.sentences == ["hello"]

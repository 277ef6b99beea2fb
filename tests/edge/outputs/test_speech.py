"""Sentences are spoken beside the loop, by a speaker that may hang, fail or be missing."""

from __future__ import annotations

import shutil
import time
import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.errors import DependencyError, UsageError
from edge.outputs import speech
from edge.outputs.speech import LONGEST, WAITING, Espeak, FakeSpeaker, Speech
from edge.types import Caption, Sentence, Speak

needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


def sentence(text: str) -> Sentence:
    return Sentence(text, text.upper(), 1.0, "rules")


def eventually(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + 10
    while not true() and time.monotonic() < end:
        time.sleep(0.005)
    return true()


def script(folder: Path, text: str) -> str:
    """A program in the place of espeak-ng."""
    program = folder / "espeak-ng"
    program.write_text("#!/bin/sh\n" + text)
    program.chmod(0o755)
    return str(program)


def test_sentences_and_what_is_asked_for_are_spoken_and_nothing_else():
    speaker = FakeSpeaker()
    output = Speech(speaker)
    for item in (Caption("HELLO", 1.0), sentence("Hello."), sentence(""), Speak("key", 2.0)):
        output.show(item)
    assert eventually(lambda: speaker.said == ["Hello.", "key"])
    output.close()


def test_a_speaker_that_hangs_holds_nobody_up_and_only_the_newest_texts_wait():
    speaker = FakeSpeaker(hang=True)
    output = Speech(speaker)
    output.show(sentence("first"))
    assert eventually(lambda: speaker.said == ["first"])
    begin = time.monotonic()
    for n in range(50):
        output.show(sentence(f"text {n}"))
    assert time.monotonic() - begin < 1
    speaker.let_go()
    assert eventually(lambda: len(speaker.said) == 1 + WAITING)
    assert speaker.said[1:] == [f"text {n}" for n in range(50 - WAITING, 50)]
    output.close()


def test_closing_lets_the_last_words_be_said():
    speaker = FakeSpeaker()
    output = Speech(speaker)
    output.show(sentence("Goodbye."))
    output.close()
    assert speaker.said == ["Goodbye."]


def test_closing_breaks_off_what_takes_too_long(monkeypatch):
    monkeypatch.setattr(speech, "_LAST_WORDS_S", 0.1)
    speaker = FakeSpeaker(hang=True)
    output = Speech(speaker)
    output.show(sentence("a long story"))
    output.show(sentence("and another"))
    assert eventually(lambda: bool(speaker.said))
    begin = time.monotonic()
    output.close()
    assert time.monotonic() - begin < 1.5
    assert speaker.said == ["a long story"]


def test_a_loudspeaker_that_does_not_work_is_said_once(caplog: pytest.LogCaptureFixture):
    speaker = FakeSpeaker(error=OSError("no sound card"))
    output = Speech(speaker)
    for n in range(3):
        output.show(sentence(f"text {n}"))
        assert eventually(lambda n=n: len(speaker.said) == n + 1)
    output.close()
    assert [record.getMessage() for record in caplog.records] == ["nothing can be heard: no sound card"]


def test_a_text_of_any_length_is_bounded():
    speaker = FakeSpeaker()
    output = Speech(speaker)
    output.show(sentence("x" * 100_000))
    assert eventually(lambda: speaker.said == ["x" * LONGEST])
    output.close()


def test_a_missing_espeak_is_one_line_with_the_remedy():
    with pytest.raises(DependencyError, match=r"needs espeak-ng.*Apt-get install espeak-ng"):
        Espeak(program="espeak-ng-that-is-not-there")


@pytest.mark.parametrize("language", ["", "-h", "en; rm -rf /", "../en", "EN", "e"])
def test_what_is_no_language_is_refused_before_anything_is_run(language):
    with pytest.raises(UsageError, match="no language to speak"):
        Espeak(language, program="/bin/false")


def test_the_text_goes_to_standard_input_and_never_to_the_command_line(tmp_path):
    program = script(tmp_path, f'echo "$@" >>{tmp_path}/words; cat >>{tmp_path}/heard\n')
    Espeak("de", program=program).say('--help; $(touch x) "quoted"')
    assert (tmp_path / "heard").read_text() == '--help; $(touch x) "quoted"'
    assert (tmp_path / "words").read_text().splitlines() == ["-v de --stdin -q", "-v de --stdin"]


def test_an_espeak_that_hangs_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(speech, "_PATIENCE_S", 0.2)
    monkeypatch.setattr(speech, "_PATIENCE_PER_CHARACTER_S", 0.0)
    program = script(tmp_path, f'case "$*" in *-q) exit 0;; esac; echo $$ >{tmp_path}/pid; exec sleep 60\n')
    espeak = Espeak(program=program)
    with pytest.raises(TimeoutError, match="hung, and was ended"):
        espeak.say("hello")
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


@pytest.mark.parametrize("ending", ["exit 1", "echo 'error: No such file' >&2"])
def test_an_espeak_that_complains_is_an_error(tmp_path, ending):
    program = script(tmp_path, f'case "$*" in *-q) exit 0;; esac; cat >/dev/null; {ending}\n')
    with pytest.raises(OSError, match="ended with"):
        Espeak(program=program).say("hello")


@needs_espeak
def test_the_real_espeak_speaks_into_a_file_and_knows_its_languages(tmp_path):
    Espeak("en", more=("-w", str(tmp_path / "a.wav"))).say("Hello, my name is John.")
    with wave.open(str(tmp_path / "a.wav")) as sound:
        assert sound.getnframes() / sound.getframerate() > 0.5
    with pytest.raises(UsageError, match="no voice for this language"):
        Espeak("xx")

from __future__ import annotations

import io
from typing import get_args

import pytest
from rich.console import Console as RichConsole

from edge.outputs import Plain
from edge.outputs.bar import Bar
from edge.outputs.console import Console
from edge.summary import Spread, Summary
from edge.types import Caption, Sentence, SignEvent, SpellingChange, State, StateName, Suggestions

SUMMARY = Summary(
    text="HELLO [bold]",
    signs=5,
    captions=5,
    frames=186,
    dropped=7,
    seconds=6.2,
    stages={"landmarks": Spread(0.02, 0.025, 0.031, 186)},
    latency=Spread(0.0214, 0.03, 0.04, 5),
    peak_memory=150 << 20,
    variant="int8",
    bundle="hands 1.0.0",
)


def terminal() -> tuple[RichConsole, io.StringIO]:
    stream = io.StringIO()
    return RichConsole(file=stream, force_terminal=True, width=60, height=20), stream


def test_plain_writes_a_line_for_each_caption_and_none_for_what_led_to_it():
    stream = io.StringIO()
    output = Plain(stream)
    output.show(State("hand", 0.5))
    output.show(SignEvent("H", "letter", 0.9, 0.5, 1.0, 0.0))
    output.show(Caption("H", 1.04, 0.02))
    output.show(Caption("HE", 2.0, 0.02))
    assert stream.getvalue() == "    1.04 s  H\n    2.00 s  HE\n"


def test_a_log_that_is_kept_has_nothing_of_what_was_signed():
    stream = io.StringIO()
    output = Plain(stream, captions=False)
    for item in (Caption("HELLO", 1.0, 0.02), Sentence("Hello.", "HELLO", 2.0, "rules"), SUMMARY):
        output.show(item)
    output.show(State("camera-lost", 3.0, "no picture comes"))
    assert "ello" not in stream.getvalue().lower()
    assert "frames: 186" in stream.getvalue()
    assert "no picture comes" in stream.getvalue()


def test_plain_names_a_lost_camera():
    stream = io.StringIO()
    Plain(stream).show(State("camera-lost", 3.0, "no picture came for 5 s"))
    assert stream.getvalue() == "    3.00 s  [camera lost] no picture came for 5 s\n"


def test_the_summary_has_transcript_rate_latency_and_memory():
    stream = io.StringIO()
    Plain(stream).show(SUMMARY)
    assert stream.getvalue().splitlines() == [
        "transcript: HELLO [bold]",
        "frames: 186 in 6.2 s, 30.0 per second, 7 dropped",
        "capture-to-caption latency: p50 21.4 ms, p90 30.0 ms, p99 40.0 ms (n=5)",
        "  landmarks: p50 20.0 ms, p90 25.0 ms, p99 31.0 ms (n=186)",
        "peak memory: 150 MiB",
        "bundle: hands 1.0.0, int8",
    ]


def test_plain_writes_to_the_stdout_of_the_moment(capsys):
    output = Plain()
    output.show(Caption("A", 0.0))
    assert capsys.readouterr().out == "    0.00 s  A\n"


def test_the_console_shows_caption_state_and_progress():
    console, stream = terminal()
    output = Console(console)
    output.show(State("unsure", 1.0, alternatives=(("A", 0.4), ("S", 0.3))))
    output.progress(5, 10)
    output.show(Caption("HELLO", 1.0))
    output.close()
    shown = stream.getvalue()
    assert "HELLO" in shown and "not sure, please repeat A or S" in shown and "━" in shown


def test_the_console_shows_what_the_device_is_in_beside_what_is_read_until_it_is_over():
    console, stream = terminal()
    output = Console(console)
    shown = []
    for state in (
        State("too-hot", 1.0, "85 °C"),
        State("hand", 2.0),
        State("too-hot", 3.0, over=True),
        State("sure", 4.0),
    ):
        stream.truncate(0)
        output.show(state)
        shown.append(stream.getvalue())
    output.close()
    assert ["too hot, reading more slowly 85 °C" in text for text in shown] == [True, True, False, False]
    assert "a hand is there; too hot" in shown[1]
    assert "understood" in shown[3]


def test_the_console_has_words_for_every_state():
    console, _ = terminal()
    output = Console(console)
    for name in get_args(StateName):
        output.show(State(name, 1.0))
    output.close()


def test_the_console_shows_the_words_that_a_spelling_may_become():
    console, stream = terminal()
    output = Console(console)
    output.show(Suggestions(("HELLO", "HELP"), "HE", 1.0))
    output.close()
    assert "HELLO  HELP" in stream.getvalue()


def test_plain_names_what_the_device_is_in_and_when_that_is_over():
    stream = io.StringIO()
    output = Plain(stream, captions=False)
    output.show(State("rolled-back", 0.0, "0.2.0: it crashed"))
    output.show(State("too-hot", 3.0, "85 °C"))
    output.show(State("too-hot", 63.0, over=True))
    assert stream.getvalue().splitlines() == [
        "    0.00 s  [the update was taken back] 0.2.0: it crashed",
        "    3.00 s  [too hot, reading more slowly] 85 °C",
        "   63.00 s  [over: too hot, reading more slowly]",
    ]


def test_the_consoles_summary_stays_on_the_screen_unchanged_by_markup():
    console, stream = terminal()
    output = Console(console)
    output.show(SUMMARY)
    output.close()
    assert "transcript: HELLO [bold]" in stream.getvalue()


@pytest.mark.parametrize(("patience", "drawn"), [(0.0, True), (60.0, False)])
def test_the_bar_appears_only_when_it_takes_long(monkeypatch, capsys, patience, drawn):
    monkeypatch.setattr("edge.outputs.bar.PATIENCE_S", patience)
    monkeypatch.setattr("edge.outputs.bar._REFRESH_S", 0.0)
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes stderr for a terminal
    bar = Bar()
    for done in range(1, 4):
        bar.update(done, 3)
    bar.close()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert ("3/3" in captured.err) == drawn


SENTENCE = Sentence("[key].", "KEBY", 3.0, "rules", (SpellingChange("KEBY", "KEY", ("KEN",)),))


def test_plain_shows_a_sentence_and_what_was_changed_in_it():
    stream = io.StringIO()
    output = Plain(stream)
    output.show(SENTENCE)
    output.show(Sentence("Hello.", "HELLO", 9.5, "t5"))
    assert stream.getvalue() == "    3.00 s  = [key]. (KEBY read as KEY)\n    9.50 s  = Hello.\n"


def test_the_console_shows_a_sentence_and_keeps_it_at_the_end():
    console, stream = terminal()
    output = Console(console)
    output.show(SENTENCE)
    assert "= [key]. (KEBY read as KEY)" in stream.getvalue()
    stream.truncate(0)
    output.show(SUMMARY)
    assert "= [key]. (KEBY read as KEY)" in stream.getvalue()

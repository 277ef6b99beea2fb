from __future__ import annotations

import io
import json
import re
from typing import get_args

import numpy as np

from edge.errors import SourceError
from edge.outputs import Item, JsonLines, json_lines
from edge.outputs.json_lines import error_object
from edge.summary import Spread, Summary
from edge.types import (
    Action,
    ActionName,
    Caption,
    Past,
    Sentence,
    SignEvent,
    Speak,
    SpellingChange,
    State,
    StateName,
    Suggestions,
)

SIGN = SignEvent("L", "letter", np.float32(0.9), 1.0, 1.5, 99.0, (("A", np.float32(0.0625)), ("S", 0.01)))
SUMMARY = Summary(
    text="HELLO",
    signs=5,
    captions=5,
    frames=186,
    dropped=1,
    seconds=6.2,
    stages={"capture": Spread(0.001, 0.002, 0.003, 186)},
    latency=None,
    peak_memory=1 << 27,
    variant="int8",
    bundle="hands 1.0.0",
)
SENTENCE = Sentence("My key.", "my KEBY", 3.0, "rules", (SpellingChange("KEBY", "KEY", ("KEN",)),))
ITEMS = (
    *(State("starting", 0.0), SIGN, Caption("L", 1.6, 0.0312345678, SIGN), Caption("L", 2.0), SUMMARY),
    *(SENTENCE, Action("complete", "touch", "LOVE"), Suggestions(("LOVE",), "L", 1.6), Speak("l", 2.5)),
    Past((SENTENCE,), 3.0),
)


def written(*items: object) -> list[dict[str, object]]:
    stream = io.StringIO()
    output = JsonLines(stream)
    for item in items:
        output.show(item)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_one_object_a_line_with_a_type():
    assert [line["type"] for line in written(*ITEMS)][:5] == ["state", "sign", "caption", "caption", "summary"]


def test_a_sign_has_all_that_is_known_of_it():
    (sign,) = written(SIGN)
    alternatives = [{"label": "A", "probability": 0.0625}, {"label": "S", "probability": 0.01}]
    assert sign == {
        "type": "sign",
        "label": "L",
        "kind": "letter",
        "confidence": 0.9,
        "begin": 1.0,
        "end": 1.5,
        "alternatives": alternatives,
    }


def test_a_caption_without_a_causing_frame_has_no_latency():
    caused, uncaused = written(ITEMS[2], ITEMS[3])
    assert caused == {"type": "caption", "text": "L", "time": 1.6, "latency": 0.031235}
    assert uncaused["latency"] is None


def test_the_summary_has_figures_by_stage():
    (summary,) = written(SUMMARY)
    assert summary["fps"] == 30.0
    assert summary["stages"] == {"capture": {"p50": 0.001, "p90": 0.002, "p99": 0.003, "n": 186}}
    assert summary["latency"] is None and summary["text"] == "HELLO" and summary["peak_memory"] == 1 << 27


def test_text_of_any_script_stays_on_one_line():
    (line,) = written(Caption("ñ 手\n\u2028x", 0.0))
    assert line["text"] == "ñ 手\n\u2028x"
    stream = io.StringIO()
    JsonLines(stream).show(Caption("a\nb\u2028c", 0.0))
    assert len(stream.getvalue().splitlines()) == 1


def test_every_line_is_flushed():
    class Stream(io.StringIO):
        flushed = 0

        def flush(self) -> None:
            self.flushed += 1

    stream = Stream()
    output = JsonLines(stream)
    for item in ITEMS:
        output.show(item)
    assert stream.flushed == len(ITEMS)


def test_an_error_keeps_its_parts():
    error = SourceError("the file is empty", where="a.mp4", expected="at least one frame", found=0)
    assert error_object(error) == {
        "type": "error",
        "message": "a.mp4: the file is empty; expected at least one frame; found 0",
        "code": 5,
        "kind": "SourceError",
        "what": "the file is empty",
        "where": "a.mp4",
        "expected": "at least one frame",
        "found": "0",
        "remedy": None,
    }


def test_the_documentation_names_every_field():
    text = json_lines.__doc__ or ""
    documented = set(re.findall(r"``(\w+)``", text)) | set(re.findall(r'"(\w+)"', text))
    for line in [*written(*ITEMS), error_object(SourceError("x"))]:
        assert set(line) <= documented


def test_a_sentence_has_what_was_read_and_what_was_changed():
    (line,) = written(SENTENCE)
    assert line == {
        "type": "sentence",
        "text": "My key.",
        "read": "my KEBY",
        "time": 3.0,
        "by": "rules",
        "changes": [{"read": "KEBY", "written": "KEY", "others": ["KEN"]}],
    }


def test_the_documentation_names_every_state_and_every_action():
    text = json_lines.__doc__ or ""
    assert {name for name in (*get_args(StateName), *get_args(ActionName)) if f'"{name}"' not in text} == set()


def test_every_item_has_a_type_of_its_own():
    kinds = get_args(Item)
    assert {type(item) for item in ITEMS} >= set(kinds)
    assert len({line["type"] for line in written(*ITEMS)}) == len(kinds)


def test_an_unsure_state_has_the_two_likeliest():
    (line,) = written(State("unsure", 1.0, alternatives=(("A", 0.4), ("S", 0.3))))
    assert line["alternatives"] == [{"label": "A", "probability": 0.4}, {"label": "S", "probability": 0.3}]

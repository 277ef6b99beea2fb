"""What the hub holds, as the JSON that a page reads.

One message is an object with the topics that changed since the message before:

=============== =====================================================================================================
``live``        in every message: whether the loop moves, or says why it does not
``state``       ``name``, ``detail``, ``alternatives`` (a list of ``[label, probability]``)
``beside``      a list of ``{name, detail}``: updating, rolled back, too hot, on the CPU, building
``caption``     the whole text
``sign``        ``label``, ``kind``, ``confidence``; ``n`` counts them, so that the same letter twice is two
``guess``       ``label``, ``kind``, ``confidence``, ``alternatives``; or null
``hands``       ``aspect`` and, for the signer's ``left`` and ``right``, 21 times x, y in thousandths of the picture, or
                null for a hand that is not there; or null
``suggestions`` ``words``, ``spelled``
``sentence``    ``text``, ``read``, ``changes`` (a list of ``[read, written]``)
``past``        a list of texts, oldest first
``action``      ``name``, and ``n`` as above: what somebody asked has been done
=============== =====================================================================================================
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from edge.outputs.kiosk.hub import News, Told
from edge.types import (
    LEFT,
    RIGHT,
    Action,
    Caption,
    FloatArray,
    Guess,
    Hands,
    Past,
    Sentence,
    SignEvent,
    State,
    Suggestions,
)

_THOUSAND = 1000
_OUTSIDE = 9
"""Pictures: farther away than this nothing is drawn, and a wild number stays short."""


def as_message(news: News, **more: object) -> str:
    """One line of JSON."""
    topics = {topic: as_json(told, count) for topic, (count, told) in news.topics.items()}
    return json.dumps({**topics, "live": news.live, **more}, separators=(",", ":"), allow_nan=False)


def as_json(told: Told, count: int) -> Any:  # noqa: PLR0911 - a line for each kind of thing
    """What a page reads of a thing, the ``count``-th of its topic."""
    match told:
        case State():
            return {"name": told.name, "detail": told.detail, "alternatives": _rounded(told.alternatives)}
        case tuple():
            return [{"name": state.name, "detail": state.detail} for state in told]
        case Caption():
            return told.text
        case SignEvent():
            return {"label": told.label, "kind": told.kind, "confidence": _share(told.confidence), "n": count}
        case Guess():
            alternatives = _rounded(told.alternatives)
            share = _share(told.confidence)
            return {"label": told.label, "kind": told.kind, "confidence": share, "alternatives": alternatives}
        case Hands():
            left, right = (hand_points(told.landmarks[slot]) for slot in (LEFT, RIGHT))
            return {"aspect": round(told.aspect, 4), "left": left, "right": right}
        case Suggestions():
            return {"words": list(told.words), "spelled": told.spelled}
        case Sentence():
            changes = [[change.read, change.written] for change in told.changes]
            return {"text": told.text, "read": told.read, "changes": changes}
        case Past():
            return [sentence.text for sentence in told.sentences]
        case Action():
            return {"name": told.name, "n": count}
        case _:
            return None


def hand_points(hand: FloatArray) -> list[int] | None:
    """21 times x, y in thousandths of the picture; None for a hand that is not there."""
    if not hand.any():
        return None
    near = np.clip(np.nan_to_num(hand[:, :2]), -_OUTSIDE, 1 + _OUTSIDE)
    points: list[int] = np.rint(near * _THOUSAND).astype(int).ravel().tolist()
    return points


def _share(value: float) -> float:
    # numpy's floats are no JSON, and a page shows whole percents.
    return round(float(np.nan_to_num(value)), 3)


def _rounded(alternatives: tuple[tuple[str, float], ...]) -> list[list[object]]:
    return [[label, _share(share)] for label, share in alternatives]

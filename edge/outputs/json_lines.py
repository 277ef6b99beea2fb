"""JSON lines: one object a line on a stream, flushed at once, for programs that read along.

Every object has a ``type``; readers skip types and fields they do not know. Times are seconds on the source's own
timeline, durations are seconds; ``null`` where there is none.

=============== ========================================================================================================
``type``        fields
=============== ========================================================================================================
``sign``        ``label``; ``kind`` ("letter", "word" or "key"); ``confidence`` 0-1; ``begin``, ``end``;
                ``alternatives``, a list of ``{"label", "probability"}``, best first
``caption``     ``text``, the whole text after the change; ``time``; ``latency`` from the frame's capture to this
                caption, null when no frame caused the change (a button, the end of the source)
``sentence``    ``text``; ``read``, the words as they were read; ``changes``, a list of ``{"read", "written",
                "others"}``, the spelled words that were corrected; ``by`` ("rules" or "t5"); ``time``
``state``       ``name``: "starting", "waiting", "hand", "recognising", "sure", "unsure", "camera-lost", "safe-mode" or
                "ended"; or one that stands beside these until it comes again with ``over`` true: "updating",
                "rolled-back", "too-hot", "on-cpu", "building" (the GPU's engines); ``time``; ``detail``;
                ``alternatives`` as for a sign: the two likeliest of "unsure"; ``over``
``action``      ``name`` of what was asked for and done: "clear", "undo-letter", "undo-word", "restore", "space",
                "complete", "speak", "sentence" or "forget"; ``origin`` ("touch", "key", "gesture", "mqtt", "nobody":
                who was there has left, ...); ``value``, the word of "complete"
``suggestions`` ``words`` that the word being spelled may become, likeliest first; ``spelled``, its letters; ``time``
``speak``       ``text`` that somebody asked to be spoken; ``time``
``past``        ``sentences`` that are still remembered, oldest first, each with the fields of a sentence; ``time``
``summary``     ``text``; ``signs``, ``captions``, ``frames``, ``dropped`` (counts); ``seconds`` of wall time; ``fps``;
                ``stages``: ``capture``, ``landmarks``, ``recognition``, ``total``, each ``{"p50", "p90", "p99", "n"}``
                or absent; ``latency``, the same or null; ``peak_memory`` in bytes; ``bundle``, ``variant``
``error``       ``message``, the same line that stands on stderr; ``code``, the exit code; ``kind``, the class's name;
                ``what``, ``where``, ``expected``, ``found``, ``remedy``. It is the last line
=============== ========================================================================================================
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TextIO

from edge.errors import FingerpostError
from edge.outputs.base import Item
from edge.summary import Summary
from edge.types import Action, Caption, Past, Sentence, SignEvent, Speak, State, Suggestions

_TYPES: dict[type[Item], str] = {
    SignEvent: "sign",
    Caption: "caption",
    Sentence: "sentence",
    State: "state",
    Action: "action",
    Suggestions: "suggestions",
    Speak: "speak",
    Past: "past",
    Summary: "summary",
}
_LEFT_OUT = frozenset(("captured", "event"))
"""Fields that mean something within the process only."""
_DECIMALS = 6


class JsonLines:
    """Writes each item as one line to ``stream``."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, item: Item) -> None:
        """Write one line and flush it."""
        write_line(self._stream, as_object(item))

    def close(self) -> None:
        """The stream is the caller's; it stays open."""


def as_object(item: Item) -> dict[str, Any]:
    """The JSON object of an item, as the module describes it."""
    fields = {name: value for name, value in asdict(item).items() if name not in _LEFT_OUT}
    if "alternatives" in fields:
        fields["alternatives"] = [{"label": label, "probability": p} for label, p in fields["alternatives"]]
    if isinstance(item, Summary):
        fields["fps"] = item.fps
    return {"type": _TYPES[type(item)], **fields}


def error_object(error: FingerpostError) -> dict[str, Any]:
    """The JSON object of an error."""
    parts = {name: getattr(error, name) for name in ("what", "where", "expected", "found", "remedy")}
    return {
        "type": "error",
        "message": str(error),
        "code": error.exit_code,
        "kind": type(error).__name__,
        # A file name may hold bytes that are no text, which strict readers of JSON refuse.
        **{name: None if v is None else str(v).encode(errors="replace").decode() for name, v in parts.items()},
    }


def write_line(stream: TextIO, thing: Mapping[str, Any]) -> None:
    """Write one object as one line and flush it."""
    stream.write(as_text(thing) + "\n")
    stream.flush()


def as_text(thing: Mapping[str, Any]) -> str:
    """One object as JSON, without an end of line."""
    # ASCII only: any locale can write it, and no character in a text is taken for the end of a line.
    return json.dumps(_plain(thing), allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    # float() also turns numpy's scalars, which json does not know, into Python's.
    return round(float(value), _DECIMALS) if isinstance(value, float) or hasattr(value, "dtype") else value

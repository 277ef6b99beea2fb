"""In which language a page speaks: one file of strings for each, ``pages/strings.LANGUAGE.json``."""

from __future__ import annotations

from collections.abc import Collection
from importlib.resources import files

ENGLISH = "en"


def languages() -> tuple[str, ...]:
    """The languages there are, English among them."""
    names = (entry.name.split(".") for entry in files("edge.outputs.kiosk").joinpath("pages").iterdir())
    return tuple(sorted(name[1] for name in names if name[0] == "strings" and name[-1] == "json"))


def strings_file(language: str) -> str:
    """The name of a language's file."""
    return f"strings.{language}.json"


def choose_language(accepted: str, known: Collection[str]) -> str:
    """The language of ``Accept-Language`` that is ``known`` and that the browser likes best; else English."""
    wanted = []
    for place, part in enumerate(accepted.split(",")):
        tag, _, weight = part.partition(";q=")
        try:
            liking = float(weight) if weight else 1.0
        except ValueError:
            continue
        wanted.append((-liking, place, tag.strip().lower().partition("-")[0]))
    return next((language for _, _, language in sorted(wanted) if language in known), ENGLISH)

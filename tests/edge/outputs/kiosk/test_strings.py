from __future__ import annotations

import json
import re
from typing import get_args

import pytest

from edge.outputs.kiosk.language import choose_language, languages
from edge.types import BESIDE, StateName


@pytest.fixture(scope="module")
def pages(root):
    return root / "edge/outputs/kiosk/pages"


@pytest.fixture(scope="module")
def english(pages):
    return json.loads((pages / "strings.en.json").read_text())


def test_there_are_english_and_german():
    assert languages() == ("de", "en")


def test_every_language_has_the_same_keys_and_places(pages, english):
    for language in languages():
        strings = json.loads((pages / f"strings.{language}.json").read_text())
        assert list(strings) == list(english)
        assert strings["language"] == language
        for key, words in strings.items():
            assert words.strip() == words != ""
            assert set(re.findall(r"\{\d\}", words)) == set(re.findall(r"\{\d\}", english[key])), key


def test_every_word_of_the_pages_is_in_the_file_and_every_word_in_the_file_is_used(pages, english):
    code = "\n".join(file.read_text() for file in [*pages.glob("*.html"), *pages.glob("*.js")])
    named = set(re.findall(r'data-(?:text|label)="([\w.-]+)"', code)) | set(re.findall(r'\btext\("([\w.-]+)"', code))
    named |= set(re.findall(r'"((?:notice|state|operator|gallery|health)\.[\w.-]+)"', code))
    made = set(re.findall(r"text\(`([\w.]+)\$\{", code))
    assert named - set(english) == set()
    unused = {key for key in english if key not in named and not any(key.startswith(start) for start in made)}
    assert unused - {"language", "title"} == set()


def test_every_state_has_words_and_a_shape(pages, english):
    page = (pages / "kiosk.html").read_text()
    for name in get_args(StateName):
        assert f"{'beside' if name in BESIDE else 'state'}.{name}" in english
        assert f'id="shape-{name}"' in page


def test_no_two_shapes_are_the_same(pages):
    shapes = re.findall(r'<symbol id="shape-[\w-]+"[^>]*>(.*?)</symbol>', (pages / "kiosk.html").read_text())
    assert len(shapes) == len(set(shapes)) >= 13


def test_the_language_that_is_liked_best():
    assert choose_language("fr;q=0.9, DE-at;q=0.8, en;q=0.7", ("de", "en")) == "de"
    assert choose_language("de;q=x,*;q=0.1", ("de", "en")) == "en"

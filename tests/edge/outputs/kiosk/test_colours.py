"""WCAG 2: the contrast of every pair of colours that stand on each other, computed."""

from __future__ import annotations

import re

import pytest

AA_TEXT, AA_LARGE, AAA_TEXT = 4.5, 3.0, 7.0
# What is read from two metres is held to AAA; the edge of a button and a bone of a hand are no text.
PAIRS = [
    *[
        (colour, ground, AAA_TEXT)
        for colour in ("text", "calm", "good", "doubt", "bad")
        for ground in ("ground", "raised")
    ],
    ("quiet", "ground", AAA_TEXT),
    ("quiet", "raised", AAA_TEXT),
    ("on-main", "main", AAA_TEXT),
    ("ground", "text", AAA_TEXT),
    *[(colour, ground, AA_LARGE) for colour in ("edge", "focus") for ground in ("ground", "raised", "seen")],
    *[(hand, "seen", AA_TEXT) for hand in ("left-hand", "right-hand")],
]


@pytest.fixture(scope="module")
def colours(root):
    text = (root / "edge/outputs/kiosk/pages/colours.css").read_text()
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6});", text))


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_formula_gives_the_known_values():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(("front", "ground", "least"), PAIRS)
def test_contrast(colours, front, ground, least):
    assert contrast(colours[front], colours[ground]) >= least


def test_every_colour_is_in_the_one_file(root, colours):
    pages = root / "edge/outputs/kiosk/pages"
    for file in [*pages.glob("*.css"), *pages.glob("*.js"), *pages.glob("*.html")]:
        if file.name != "colours.css":
            assert not re.findall(
                r"#[0-9a-fA-F]{3,8}\b(?![-\w])", re.sub(r"#shape[\w-]*|#caption", "", file.read_text())
            )


def test_every_colour_is_in_a_pair(colours):
    assert set(colours) == {name for front, ground, _ in PAIRS for name in (front, ground)}

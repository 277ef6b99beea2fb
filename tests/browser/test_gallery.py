"""The gallery, as somebody uses it."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture
def gallery(shown):
    shown.page.goto(f"{shown.url}gallery")
    shown.page.wait_for_selector("#classify:enabled")
    return shown


def words(gallery) -> list[str]:
    return gallery.page.locator("#words li").all_inner_texts()


def test_signs_can_be_chosen(gallery):
    assert gallery.page.locator("#sample option").all_inner_texts()[:2] == ["H (HELLO 1)", "E (HELLO 2)"]
    assert gallery.text("#empty") == "Nothing was classified yet."


def test_the_animation_moves_and_says_as_what_it_was_recorded(gallery):
    picture = "document.getElementById('hands').toDataURL()"
    gallery.page.select_option("#sample", "1")
    empty = gallery.page.evaluate(picture)
    gallery.page.click("#show")
    gallery.wait(f"{picture}.length > {len(empty)} + 1000")
    first = gallery.page.evaluate(picture)
    gallery.wait(f"{picture}.length !== {len(first)}")
    assert gallery.text("#recorded") == "Recorded as E. From HELLO 2."
    gallery.page.select_option("#sample", "2")
    gallery.wait(f"{picture}.length === {len(empty)}")


def test_key_words_are_collected_translated_and_cleared(gallery):
    for number in range(5):
        gallery.page.select_option("#sample", str(number))
        gallery.page.click("#classify")
        gallery.wait(f"document.querySelectorAll('#words li').length === {number + 1}")
    assert words(gallery) == list("HELLO")
    assert gallery.text("#label") == "O, 94 %" and gallery.text("#others") == "Next likeliest: S, T, M"
    gallery.page.click("#translate")
    gallery.wait("document.getElementById('sentence').textContent === 'Hello.'")
    gallery.page.click("#clear")
    assert words(gallery) == [] and gallery.text("#sentence") == ""
    assert gallery.page.locator("#translate:enabled").count() == 0

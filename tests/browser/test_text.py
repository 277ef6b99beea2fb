"""The caption, and what touch and keys do to it."""

from __future__ import annotations

import time

import pytest

from edge.types import Action, Caption

pytestmark = pytest.mark.browser

CAPTION = "document.getElementById('caption').textContent.trim()"


def asked(shown) -> list[tuple[str, str, str]]:
    """What the page asked since the last time; waits until something came."""
    until = time.monotonic() + 5
    taken: list[Action] = []
    while not taken and time.monotonic() < until:
        taken = shown.controls.take()
        time.sleep(0.01)
    return [(action.name, action.origin, action.value) for action in taken]


def test_the_caption_grows_letter_by_letter_and_the_new_one_stands_out(shown):
    for text in ("H", "HE", "HEL"):
        shown.fake.write(text)
        shown.wait(f"{CAPTION} === '{text}'")
        assert shown.text("#fresh") == text[-1]


def test_the_end_of_a_long_text_stays_in_view(shown):
    shown.fake.write("WORD " * 200 + "END")
    shown.wait(f"{CAPTION}.endsWith('END')")
    assert shown.page.evaluate(
        """() => { const end = document.getElementById('fresh').textContent ? 'fresh' : 'settled';
        const range = document.createRange(); const text = document.getElementById(end).firstChild;
        range.setStart(text, text.length - 3); range.setEnd(text, text.length);
        const box = range.getBoundingClientRect(), area = document.getElementById('reading').getBoundingClientRect();
        return box.top >= area.top && box.bottom <= area.bottom + 1; }"""
    )


def test_text_is_text_and_never_markup(shown):
    shown.fake.write("<img src=x onerror=alert(1)>&amp;")
    shown.wait(f"{CAPTION}.endsWith('&amp;')")
    assert shown.page.locator("#caption img").count() == 0


@pytest.mark.parametrize("name", ["undo-letter", "undo-word", "clear", "sentence", "speak"])
def test_every_button_asks(shown, name):
    shown.fake.write("HELLO")
    shown.page.click(f"[data-action='{name}']")
    assert asked(shown) == [(name, "touch", "")]


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("Backspace", "undo-letter"),
        ("Control+Backspace", "undo-word"),
        ("Delete", "clear"),
        ("Enter", "sentence"),
        ("Shift+Enter", "speak"),
        ("Control+z", "restore"),
        ("Space", "space"),
    ],
)
def test_every_key_asks(shown, key, name):
    shown.fake.write("HELLO")
    shown.page.wait_for_selector("[data-action='clear']:enabled")
    shown.page.keyboard.press(key)
    assert asked(shown) == [(name, "key", "")]


def test_letters_that_are_typed_do_nothing(shown):
    shown.fake.write("HELLO")
    shown.page.wait_for_selector("[data-action='clear']:enabled")
    shown.page.keyboard.type("sc1u")
    shown.page.keyboard.press("Backspace")
    assert asked(shown) == [("undo-letter", "key", "")]


def test_all_that_can_be_touched_can_be_reached_by_keyboard(shown):
    shown.fake.write("HEL")
    shown.page.wait_for_selector("#suggestions button")
    reached = []
    for _ in range(9):
        shown.page.keyboard.press("Tab")
        reached.append(shown.page.evaluate("document.activeElement.textContent"))
    assert {"HELLO", "HELP", "HELD", "Undo letter", "Undo word", "Clear", "Translate", "Speak"} <= set(reached)
    shown.page.focus("[data-action='speak']")
    shown.page.keyboard.press("Enter")
    assert asked(shown) == [("speak", "key", "")], "the button that has the focus, and not the page's own Enter"


def test_a_suggestion_completes_the_word(shown):
    shown.fake.write("HEL")
    shown.page.click("#suggestions button:has-text('HELP')")
    assert asked(shown) == [("complete", "touch", "HELP")]


def test_what_was_taken_away_can_be_put_back(shown):
    shown.fake.write("HELLO")
    assert shown.page.locator("#suggestions .back").count() == 0
    shown.page.click("[data-action='clear']")
    shown.fake._do(Action("clear", "touch"))
    shown.wait(f"{CAPTION} === ''")
    shown.controls.take()
    shown.page.click("#suggestions .back")
    assert asked(shown) == [("restore", "touch", "")]


def test_without_text_there_is_nothing_to_undo(shown):
    assert shown.page.locator("[data-action]:enabled").count() == 0
    shown.page.keyboard.press("Delete")
    time.sleep(0.1)
    assert shown.controls.take() == []
    assert shown.text("#hint") == "Hold each letter still for a moment."


def test_a_sentence_is_shown_and_kept_until_the_text_is_cleared(shown):
    shown.fake.write("THANK YOU")
    shown.fake._do(Action("sentence", "touch"))
    shown.page.wait_for_selector("#sentence:has-text('Thank you.')")
    shown.fake._do(Action("clear", "touch"))
    shown.page.wait_for_selector("#past li:has-text('Thank you.')")
    assert not shown.page.is_visible("#sentence")


def test_too_much_at_once_is_said(shown):
    shown.fake.write("HELLO")
    while shown.controls.put(Action("space", "key")):
        pass
    shown.page.click("[data-action='clear']")
    shown.page.wait_for_selector("#notice:has-text('Too fast')")
    shown.complaints.clear()  # the browser names the 503


def test_a_text_is_told_to_who_cannot_see_it(shown):
    shown.hub.show(Caption("HELLO", 0.0))
    shown.wait("document.getElementById('said').textContent === 'HELLO'")

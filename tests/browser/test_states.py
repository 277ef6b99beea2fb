"""Every state is reached, said in words, shown by a shape of its own, legible, and fits on every screen."""

from __future__ import annotations

import time

import pytest

from edge.types import State

pytestmark = pytest.mark.browser

SIZES = ("800x480", "480x800", "1920x1080", "1080x1920")
WORDS = {
    "waiting": "Show your hands",
    "hand": "I see you",
    "recognising": "Reading",
    "sure": "Understood:\nL",
    "unsure": "A or S?\nPlease repeat.",
    "camera-lost": "No camera\nIt comes back by itself.",
    "ended": "Ended",
}
BESIDE = {
    "updating": "Trying an update\nhands 1.1.0",
    "rolled-back": "Update taken back\nhands 1.1.0 gave numbers that are not finite",
    "too-hot": "Too hot, so slower\n81\u00a0°C",
    "building": "Preparing the GPU\nSome minutes, once.",
    "on-cpu": "Without the GPU, so slower\nThe operator's page says why.",
}
CURTAINS = {"starting": "Starting", "safe-mode": "Out of order"}

# Nothing sticks out of the screen or of its own box, and no text is covered or cut.
OVERFLOWING = """() => [...document.querySelectorAll("header *, main *, #suggestions *, #actions *, #curtain *")]
.filter(e => {
  if (e.closest("svg, .unseen, [hidden]") || !e.textContent.trim() || getComputedStyle(e).visibility === "hidden")
    return false;
  const box = e.getBoundingClientRect();
  const outside = box.left < -1 || box.top < -1 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1;
  return box.width && (outside || e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline");
}).map(e => e.id || e.textContent)"""


CUT = """document.getElementById("caption").getBoundingClientRect().top + 1
  < document.getElementById("reading").getBoundingClientRect().top"""


@pytest.mark.parametrize("name", WORDS)
def test_a_state_has_its_words_and_its_shape(shown, name):
    shown.fake.scene(name)
    shown.wait(f"document.body.dataset.state === '{name}'")
    assert shown.text("#state p") == WORDS[name]
    assert shown.page.get_attribute("#shape", "href") == f"#shape-{name}"
    assert not shown.page.is_visible("#curtain")


def test_states_beside_the_others_say_why_and_go_again(shown):
    for name, words in BESIDE.items():
        shown.fake.scene(name)
        shown.page.wait_for_selector(f"#beside use[href='#shape-{name}']", state="attached")
        assert shown.text("#beside") == words
        shown.hub.show(State(name, 0.0, over=True))
        shown.page.wait_for_selector("#beside", state="hidden")


def test_several_states_beside_the_others_are_named_without_their_reasons(shown):
    for name in BESIDE:
        shown.fake.scene(name)
    shown.wait("document.querySelectorAll('#beside li').length === 5")
    assert shown.text("#beside").split() == " ".join(words.partition("\n")[0] for words in BESIDE.values()).split()
    for name in BESIDE:
        shown.hub.show(State(name, 0.0, over=True))
    shown.page.wait_for_selector("#beside", state="hidden")


@pytest.mark.parametrize("name", CURTAINS)
def test_a_state_without_reading_covers_everything(shown, name):
    shown.fake.scene("sure")
    shown.fake.scene(name)
    shown.page.wait_for_selector("#curtain", state="visible")
    assert shown.text("#curtain-words") == CURTAINS[name]
    assert shown.page.evaluate("document.querySelector('main').inert")


def test_a_start_that_takes_minutes_says_why(shown):
    shown.fake.scene("starting")
    shown.hub.show(State("building", 0.0, "some minutes, once"))
    shown.wait("document.body.dataset.curtain === 'building'")
    assert shown.text("#curtain") == "Preparing the GPU\nSome minutes, once."
    shown.hub.show(State("building", 0.0, over=True))
    shown.wait("document.body.dataset.curtain === 'starting'")
    assert shown.text("#curtain") == "Starting\nReady in a moment."


def test_nothing_is_shown_before_there_is_something_to_show(page, shown):
    page.route("**/static/kiosk.js", lambda route: route.abort())
    page.goto(shown.url)
    assert page.is_visible("#curtain")
    assert page.evaluate("document.elementFromPoint(400, 450).id") == "curtain"


def test_a_loop_that_stands_still_is_not_shown_as_live(shown, monkeypatch):
    monkeypatch.setattr("edge.outputs.kiosk.hub.STALLED", 0.5)
    shown.fake.scene("sure")
    shown.page.wait_for_selector("#curtain", state="visible")
    assert shown.text("#curtain-words") == "Not responding"
    shown.fake.beat()
    shown.page.wait_for_selector("#curtain", state="hidden")


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_state_fits_on_every_screen(shown, language):
    speak(shown, language)
    for size in SIZES:
        shown.size(size)
        for name in (*WORDS, *CURTAINS, *BESIDE):
            shown.fake.scene(name, text="GOOD MORNING HELL")
            time.sleep(0.06)
            assert shown.page.evaluate(OVERFLOWING) == [], f"{size} {name}"
            assert shown.page.evaluate(CUT) is False, f"{size} {name}"
        for name in BESIDE:
            shown.hub.show(State(name, 0.0, over=True))
    speak(shown, "en")


def speak(shown, language: str) -> None:
    if shown.page.evaluate("document.documentElement.lang") != language:
        shown.page.set_extra_http_headers({"Accept-Language": language})
        shown.page.reload()
        shown.wait(f"document.documentElement.lang === '{language}'")


@pytest.mark.parametrize("size", SIZES)
def test_what_matters_is_large_enough_for_two_metres(shown, size):
    """A letter's height should be 1/300 of the distance (6.7 mm at 2 m), here 7 inches of 800 x 480 (5.2 pixels/mm),
    or larger screens in proportion; capitals are about 0.7 of the font's size."""
    shown.size(size)
    shown.fake.scene("unsure", text="HELLO")
    shown.wait("document.body.dataset.state === 'unsure'")
    heights = {
        part: shown.page.evaluate(f"parseFloat(getComputedStyle(document.querySelector('{part}')).fontSize) * .7")
        for part in ("#caption", "#state p")
    }
    width, height = (int(side) for side in size.split("x"))
    scale = max(width, height) / 800
    assert heights["#caption"] >= 2 * 6.7 * 5.2 * scale, "the caption at twice that"
    assert heights["#state p"] >= 5.5 * 5.2 * scale
    assert shown.page.evaluate("Math.min(...[...document.querySelectorAll('button')].map(b => b.offsetHeight))") >= 44


def test_the_skeleton_is_drawn_and_goes_when_the_hand_does(shown):
    shown.fake.scene("camera-lost")
    shown.wait("document.body.dataset.state === 'camera-lost'")
    drawn = "document.getElementById('hands').toDataURL().length"
    empty = shown.page.evaluate(drawn)
    shown.fake.scene("hand")
    shown.wait(f"{drawn} > {empty} + 2000")
    shown.fake.scene("camera-lost")
    shown.wait(f"{drawn} === {empty}")


def test_the_guess_is_shown_with_its_confidence_and_goes(shown):
    shown.fake.scene("recognising")
    shown.wait("document.getElementById('guess-percent').textContent === '74 %'")
    assert (
        shown.text("#guess-label") == "O"
        and shown.page.evaluate("document.getElementById('guess-share').value") == 0.74
    )
    shown.fake.scene("unsure")
    shown.wait("document.getElementById('guess').hasAttribute('data-empty')")
    assert not shown.page.is_visible("#guess-label")


def test_no_picture_of_the_camera_is_on_the_page(shown):
    shown.fake.scene("recognising")
    assert shown.page.locator("img, video, picture").count() == 0


def test_nothing_moves_for_those_who_want_it_still(shown):
    shown.fake.scene("recognising")
    shown.wait("document.body.dataset.state === 'recognising'")
    assert shown.page.evaluate("document.getAnimations().length") == 0

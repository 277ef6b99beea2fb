from __future__ import annotations

from threading import Thread

import numpy as np

from edge.outputs.base import Output, Viewer
from edge.outputs.kiosk import Hub
from edge.outputs.kiosk.hub import STALLED, SUBSCRIBERS
from edge.types import Caption, Guess, Hands, Sentence, SignEvent, State

HANDS = Hands(np.zeros((2, 21, 3), np.float32), (0.0, 0.0), 4 / 3, 0.0, 0.0, 0)
GUESS = Guess("A", "letter", 0.5, (), 0.0)


def test_the_hub_is_an_output_and_a_viewer():
    output: Output = Hub()
    viewer: Viewer = Hub()
    output.show(Caption("A", 0.0))
    viewer.view(HANDS, None)


def test_a_page_that_connects_late_begins_with_all_that_holds():
    hub = Hub()
    hub.show(State("hand", 1.0))
    hub.show(Caption("HELLO", 1.0))
    topics = hub.subscribe(lambda: None).take().topics
    assert topics["caption"][1].text == "HELLO" and topics["state"][1].name == "hand"


def test_of_a_thousand_captions_a_slow_page_gets_the_newest_and_is_woken_once():
    hub, woken = Hub(), []
    page = hub.subscribe(lambda: woken.append(1))
    page.take()
    for number in range(1000):
        hub.show(Caption(str(number), number))
    assert len(woken) == 1
    topics = page.take().topics
    assert list(topics) == ["caption"] and topics["caption"] == (1000, Caption("999", 999))
    assert page.take().topics == {}


def test_the_same_letter_twice_is_two_signs():
    hub = Hub()
    page = hub.subscribe(lambda: None)
    sign = SignEvent("L", "letter", 0.9, 0.0, 1.0, 0.0)
    hub.show(sign)
    first = page.take().topics["sign"][0]
    hub.show(sign)
    assert page.take().topics["sign"][0] == first + 1


def test_no_guess_after_no_guess_is_no_news():
    hub = Hub()
    page = hub.subscribe(lambda: None)
    hub.view(HANDS, GUESS)
    hub.view(HANDS, None)
    assert page.take().topics["guess"][1] is None
    hub.view(HANDS, None)
    assert list(page.take().topics) == ["hands"]


def test_states_beside_stand_until_they_are_over():
    hub = Hub()
    assert hub.beside() == ()
    hub.show(State("waiting", 0.0))
    hub.show(State("too-hot", 1.0, "81"))
    hub.show(State("updating", 1.0))
    hub.show(State("too-hot", 2.0, "82"))
    assert hub.beside() == hub.newest("beside")
    assert [each.detail for each in hub.beside()] == ["", "82"]
    hub.show(State("updating", 3.0, over=True))
    assert [each.name for each in hub.newest("beside")] == ["too-hot"]
    assert hub.newest("state").name == "waiting"


def test_when_the_camera_is_lost_no_hand_is_shown_any_more():
    hub = Hub()
    hub.view(HANDS, GUESS)
    hub.show(State("camera-lost", 1.0))
    assert hub.newest("hands") is None and hub.newest("guess") is None


def test_a_loop_that_stands_still_is_not_live_but_a_lost_camera_is():
    now = [0.0]
    hub = Hub(clock=lambda: now[0])
    hub.show(State("hand", 0.0))
    hub.view(HANDS, None)
    now[0] = STALLED - 0.1
    assert hub.live()
    now[0] = STALLED + 0.1
    assert not hub.live() and not hub.subscribe(lambda: None).take().live
    hub.show(State("camera-lost", 0.0))
    now[0] += 100
    assert hub.live()


def test_subscribers_are_bounded_and_leave():
    hub = Hub()
    pages = [hub.subscribe(lambda: None) for _ in range(SUBSCRIBERS)]
    assert all(pages) and hub.subscribe(lambda: None) is None
    pages[0].close()
    assert hub.subscribe(lambda: None) is not None


def test_a_text_that_was_cleared_takes_its_sentence_with_it():
    hub = Hub()
    hub.show(Sentence("Hello.", "HELLO", 1.0, "rules"))
    assert hub.newest("sentence").text == "Hello."
    hub.show(Caption("", 2.0))
    assert hub.newest("sentence") is None


def test_closing_wakes_every_page_and_refuses_new_ones():
    hub, woken = Hub(), []
    hub.subscribe(lambda: woken.append(1)).take()
    hub.close()
    assert woken == [1] and hub.closed and hub.subscribe(lambda: None) is None


def test_threads_that_tell_and_take_lose_nothing():
    hub = Hub()
    page = hub.subscribe(lambda: None)
    threads = [Thread(target=lambda: [hub.view(HANDS, None) for _ in range(500)]) for _ in range(4)]
    counts = []
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        counts += [told[0] for topic, told in page.take().topics.items() if topic == "hands"]
    counts += [told[0] for topic, told in page.take().topics.items() if topic == "hands"]
    assert counts == sorted(counts) and counts[-1] == 2000

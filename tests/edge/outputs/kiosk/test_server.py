from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from edge.controls import Controls
from edge.errors import UsageError
from edge.outputs.kiosk import Hub
from edge.outputs.kiosk.hosts import Address
from edge.outputs.kiosk.hub import SUBSCRIBERS
from edge.outputs.kiosk.site import served
from edge.types import Action, Caption, State


def test_the_stream_begins_with_everything_and_goes_on_with_what_is_new(site):
    site.hub.show(State("hand", 0.0))
    site.hub.show(Caption("HELL", 0.0))
    messages = site.listen()
    first = next(messages)
    assert first["caption"] == "HELL" and first["state"]["name"] == "hand" and first["pages"]
    site.hub.show(Caption("HELLO", 1.0))
    second = next(messages)
    assert second == {"caption": "HELLO", "live": True}


def test_the_stream_speaks_when_nothing_happens(site):
    messages = site.listen()
    next(messages)
    begin = time.monotonic()
    assert next(messages) == {"live": True}
    assert time.monotonic() - begin < 2


def test_a_flood_becomes_few_messages_and_the_last_word_arrives(site):
    messages = site.listen()
    next(messages)
    begin = time.monotonic()
    for number in range(3000):
        site.hub.show(Caption(str(number), 0.0))
    count = 1
    while next(messages).get("caption") != "2999":
        count += 1
    seconds = time.monotonic() - begin
    assert count <= 60 * seconds + 5


def test_pages_are_bounded(site):
    streams = [site.listen() for _ in range(SUBSCRIBERS)]
    for stream in streams:
        next(stream)
    assert site.get("/events")[0] == 503
    for stream in streams:
        stream.close()


def test_a_page_that_leaves_is_forgotten(site):
    stream = site.listen()
    next(stream)
    assert site.hub.watched == 1
    stream.close()
    until = time.monotonic() + 5
    while site.hub.watched and time.monotonic() < until:
        site.hub.show(Caption("x", 0.0))
        time.sleep(0.05)
    assert site.hub.watched == 0


@pytest.mark.parametrize(
    "action", [Action("undo-word", "key"), Action("complete", "touch", "HELLO"), Action("speak", "touch")]
)
def test_what_is_asked_reaches_the_loop(site, action):
    assert site.post("/act", {"name": action.name, "origin": action.origin, "value": action.value}) == 202
    assert site.controls.take() == [action]


@pytest.mark.parametrize(
    "thing",
    [
        {},
        [],
        "clear",
        {"name": "reboot", "origin": "touch"},
        {"name": "clear", "origin": "mqtt"},
        {"name": ["clear"], "origin": "touch"},
        {"name": "complete", "origin": "touch", "value": "x" * 65},
        {"name": "complete", "origin": "touch", "value": "a\u0000"},
        {"name": "complete", "origin": "touch", "value": 7},
    ],
)
def test_what_is_no_action_is_refused(site, thing):
    assert site.post("/act", thing) == 400
    assert site.controls.take() == []


def test_a_body_that_is_no_json_is_refused(site):
    headers = {"X-Fingerpost": "test", "Content-Type": "application/json"}
    for body in (b"", b"{", b"\xff", b"[" * 4000):
        assert site.ask("POST", "/act", body, headers)[0] == 400


def test_more_than_the_loop_can_do_is_refused(site):
    while site.controls.put(Action("space", "key")):
        pass
    assert site.post("/act", {"name": "clear", "origin": "touch"}) == 503


@pytest.mark.parametrize(
    ("accepted", "language"), [("de-DE,de;q=0.9,en;q=0.5", "de"), ("fr", "en"), ("en;q=0.3,de;q=0.8", "de"), ("", "en")]
)
def test_the_browsers_language_is_spoken(site, accepted, language):
    assert json.loads(site.get("/strings", Accept_Language=accepted)[2])["language"] == language


def test_a_language_that_was_chosen_wins():
    hub = Hub()
    with served(hub, Controls(), Address(port=0), language="de") as server:
        from urllib.request import Request, urlopen

        request = Request(f"{server.address.url}strings", headers={"Accept-Language": "en"})  # noqa: S310
        with urlopen(request, timeout=5) as answer:  # noqa: S310
            assert json.load(answer)["language"] == "de"


def test_it_listens_on_the_loopback_address_only_unless_told_otherwise(site):
    listening = "0A"  # linux/net/tcp_states.h
    rows = [line.split() for file in ("tcp", "tcp6") for line in Path(f"/proc/net/{file}").read_text().splitlines()[1:]]
    addresses = {row[1] for row in rows if row[3] == listening and row[1].endswith(f":{site.port:04X}")}
    assert addresses == {f"0100007F:{site.port:04X}"}


def test_an_address_in_use_is_named(site):
    with pytest.raises(UsageError, match="cannot be served"), served(Hub(), Controls(), Address(port=site.port)):
        pass


def test_closing_ends_the_streams_at_once():
    hub = Hub()
    with served(hub, Controls(), Address(port=0)) as server:
        import urllib.request

        stream = urllib.request.urlopen(f"{server.address.url}events", timeout=5)  # noqa: S310
        stream.readline()
        begin = time.monotonic()
    assert time.monotonic() - begin < 3
    stream.close()


def test_telling_costs_the_loop_next_to_nothing(site):
    """Next to a page that reads along; CPU time of this thread, so that a busy machine does not matter."""
    messages = site.listen()
    next(messages)
    begin = time.thread_time()
    for number in range(2000):
        site.hub.show(Caption(str(number), 0.0))
    assert (time.thread_time() - begin) / 2000 < 0.001

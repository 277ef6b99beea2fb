"""The operator's page over a real socket."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from edge.controls import Controls
from edge.errors import StoreError
from edge.outputs.kiosk import Hub
from edge.outputs.kiosk.fake_pages import FakeOperations
from edge.outputs.kiosk.files import page_files
from edge.outputs.kiosk.hosts import Address
from edge.outputs.kiosk.office import office_routes
from edge.outputs.kiosk.site import served

OURS = {"X-Fingerpost": "test", "Content-Type": "application/json"}
ALL = ("report", "change", "preview", "picture", "restart", "rollback")


@pytest.fixture
def office(site_class):
    operations = FakeOperations()
    hub = Hub()
    more = office_routes(operations, "right".__eq__, page_files())
    with served(hub, Controls(), Address(port=0), more=more) as server:
        site = site_class(hub, Controls(), server.address.port)
        site.operations = operations
        site.say = lambda name, thing=None, word="right": site.ask(
            "POST", f"/operator/{name}", json.dumps(thing or {}).encode(), OURS | {"Authorization": f"Bearer {word}"}
        )
        yield site


@pytest.mark.parametrize("name", ALL)
def test_without_the_token_nothing_is_told_and_nothing_done(office, name):
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        assert office.ask("POST", f"/operator/{name}", b"{}", OURS | headers)[0] == 401
    assert office.operations.done == []


def test_who_guesses_must_wait_even_with_the_right_token(office):
    answers = [office.say("report", word="wrong")[0] for _ in range(8)]
    assert answers[:5] == [401] * 5 and answers[-1] == 429
    assert office.say("report")[0] == 429


def test_the_token_opens_it(office):
    status, _, body = office.say("report")
    assert status == 200 and json.loads(body)["bundle"]["previous"] == "hands 1.0.0"
    assert office.say("change", {"confidence": 0.8})[0] == 200 and office.operations.settings["confidence"] == 0.8
    assert office.say("restart")[0] == 200 and json.loads(office.say("rollback")[2]) == {"active": "hands 1.0.0"}
    assert office.operations.done == ["change", "restart", "rollback"]


def test_the_picture_comes_only_while_it_is_on(office):
    assert office.say("picture")[0] == 204
    assert json.loads(office.say("preview", {"on": True})[2]) == {"seconds": 60.0}
    status, headers, body = office.say("picture")
    assert (status, headers["content-type"]) == (200, "image/jpeg") and body.startswith(b"\xff\xd8")
    office.say("preview", {"on": False})
    assert office.say("picture")[0] == 204


def test_what_cannot_be_done_is_said_in_one_line(office, monkeypatch):
    def fails(wanted):
        raise StoreError("the disk is full", where="/state")

    monkeypatch.setattr(office.operations, "change", fails)
    status, _, body = office.say("change", {})
    assert status == 409 and json.loads(body) == {"error": "/state: the disk is full"}


def test_another_machine_is_sent_away_before_the_token_is_looked_at():
    from starlette.requests import Request

    asked = []
    for route in office_routes(FakeOperations(), asked.append, page_files()):
        for client, status in ((("192.168.1.5", 1), 403), (None, 403)):
            scope = {"type": "http", "method": "POST", "path": route.path, "headers": [], "client": client}
            with ThreadPoolExecutor(1) as thread:  # the browser's tests may have a loop in this one
                answer = thread.submit(asyncio.run, route.endpoint(Request(scope))).result()
            assert answer.status_code == status
    assert asked == []

from __future__ import annotations

import json

import pytest

from edge.controls import Controls
from edge.outputs.kiosk import Hub
from edge.outputs.kiosk.fake_pages import FakeSamples
from edge.outputs.kiosk.files import page_files
from edge.outputs.kiosk.gallery import WORDS, gallery_routes
from edge.outputs.kiosk.hosts import Address
from edge.outputs.kiosk.site import served


@pytest.fixture
def site(site_class):
    hub, controls = Hub(), Controls()
    with served(hub, controls, Address(port=0), more=gallery_routes(FakeSamples(), page_files())) as server:
        yield site_class(hub, controls, server.address.port)


def test_samples_animation_and_classification(site):
    names = json.loads(site.get("/gallery/samples")[2])["samples"]
    assert [name["label"] for name in names] == list("HELLO")
    animation = json.loads(site.get("/gallery/animation/1")[2])
    assert len(animation["frames"]) == 25 and len(animation["frames"][0]["right"]) == 42
    assert site.post("/gallery/classify", {"sample": 1}) == 200
    assert site.post("/gallery/sentence", {"words": [["H", "letter"], ["I", "letter"]]}) == 200


@pytest.mark.parametrize("number", ["5", "99999999999999999999"])
def test_a_sample_that_is_not_there(site, number):
    assert site.get(f"/gallery/animation/{number}")[0] == 409
    assert site.get("/gallery/animation/-1")[0] == 404


@pytest.mark.parametrize(
    "thing",
    [
        {},
        {"words": []},
        {"words": "H"},
        {"words": [["H"]]},
        {"words": [["H", 1]]},
        {"words": [["H", "letter"]] * (WORDS + 1)},
    ],
)
def test_words_that_are_none_are_refused(site, thing):
    assert site.post("/gallery/sentence", thing) == 400
    assert site.post("/gallery/classify", {"sample": "1"}) == 400

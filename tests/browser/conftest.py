"""One Chromium, one page and one fake runtime for all tests of the pages: Debian's browser, driven by playwright.

Playwright's own way of waiting runs code that the pages' policy forbids, and rightly; so conditions are asked for again
and again from here.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from edge.controls import Controls
from edge.outputs.kiosk import Hub
from edge.outputs.kiosk.fake import FakeRuntime
from edge.outputs.kiosk.fake_pages import FakeOperations, FakeSamples
from edge.outputs.kiosk.files import page_files
from edge.outputs.kiosk.gallery import gallery_routes
from edge.outputs.kiosk.hosts import Address
from edge.outputs.kiosk.office import office_routes
from edge.outputs.kiosk.site import served
from edge.types import BESIDE, Past, State

playwright = pytest.importorskip("playwright.sync_api", reason="the tests of the pages need playwright")

SIZES = {
    "800x480": (800, 480),
    "480x800": (480, 800),
    "1920x1080": (1920, 1080),
    "1080x1920": (1080, 1920),
    "1100x800": (1100, 800),
}
PATIENCE = 15.0


@dataclass
class Shown:
    """A page in a browser, the fake runtime that it shows, and all that the browser complained of."""

    page: Any
    hub: Hub
    controls: Controls
    fake: FakeRuntime
    operations: FakeOperations
    url: str
    complaints: list[str]

    def size(self, name: str) -> None:
        width, height = SIZES[name]
        self.page.set_viewport_size({"width": width, "height": height})

    def wait(self, condition: str) -> None:
        """Until a condition in the page holds."""
        wait(self.page, condition)

    def text(self, selector: str) -> str:
        return str(self.page.locator(selector).inner_text())

    def begin(self) -> None:
        """As if nothing had happened yet."""
        self.page.set_viewport_size({"width": 800, "height": 480})
        if self.page.url != self.url:
            self.page.goto(self.url)
        self.hub.show(Past((), 0.0))
        for name in BESIDE:
            self.hub.show(State(name, 0.0, over=True))
        self.fake.scene("waiting", text="")
        self.wait("document.body.dataset.state === 'waiting' && document.getElementById('curtain').hidden")
        # The whole caption: a text that came at once stands in the part for new letters.
        self.wait("!document.getElementById('caption').textContent.trim() && document.getElementById('beside').hidden")
        self.wait("document.querySelector('[data-action=clear]').disabled")
        self.controls.take()


def wait(page: Any, condition: str) -> None:
    """Until a condition holds in a page."""
    until = time.monotonic() + PATIENCE
    while not page.evaluate(condition):
        assert time.monotonic() < until, f"never became true: {condition}"
        time.sleep(0.02)


@pytest.fixture(name="wait", scope="session")
def wait_() -> Any:
    return wait


@pytest.fixture(autouse=True)
def never_stalled(monkeypatch):
    """A scene stands still for as long as a busy machine needs; the test of stalling says otherwise."""
    monkeypatch.setattr("edge.outputs.kiosk.hub.STALLED", 300.0)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with playwright.sync_playwright() as started:
        # In a container of root's, Chromium's own sandbox cannot be set up.
        browser = started.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(viewport={"width": 800, "height": 480}, locale="en-GB", reduced_motion="reduce")
        context.set_default_timeout(PATIENCE * 1000)
        yield context
        browser.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page of its own."""
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture(scope="session")
def kiosk(browser: Any) -> Iterator[Shown]:
    hub, controls, page = Hub(), Controls(), browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type != "log" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    pages, operations = page_files(), FakeOperations()
    more = [*gallery_routes(FakeSamples(), pages), *office_routes(operations, "right".__eq__, pages)]
    with served(hub, controls, Address(port=0), more=more) as server:
        url = server.address.url
        page.on("request", lambda request: None if request.url.startswith(url) else complaints.append(request.url))
        page.goto(url)
        yield Shown(page, hub, controls, FakeRuntime(hub, controls), operations, url, complaints)


@pytest.fixture
def shown(kiosk: Shown) -> Iterator[Shown]:
    kiosk.begin()
    yield kiosk
    complaints = kiosk.complaints.copy()
    kiosk.complaints.clear()
    assert complaints == [], "no error, no breach of the policy, no request elsewhere"

"""The kiosk's browser: shown, asked, and given up when its page hangs. With Chromium where it is installed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from edge.service.browser import Browser, wait_for_page, watch
from edge.service.notify import FakeNotifier

CHROMIUM = shutil.which("chromium")
FAKE = """\
import json, os, sys
rest = b""
while True:
    data = os.read(3, 65536)
    if not data: break
    rest += data
    while b"\\0" in rest:
        first, _, rest = rest.partition(b"\\0")
        message = json.loads(first)
        url = sys.argv[-1]
        results = {
            "Target.getTargets": {"targetInfos": [{"type": "page", "targetId": "1"}]},
            "Target.attachToTarget": {"sessionId": "s"},
            "Runtime.evaluate": {"result": {"value": PLACE}},
            "Page.navigate": {},
        }
        open(LOG, "a").write(message["method"] + "\\n")
        if message["method"] == HANGS: continue
        if message["method"] in REFUSES:
            REFUSES.pop()
            error = {"code": -32000, "message": "Cannot find default execution context"}
            os.write(4, json.dumps({"id": message["id"], "error": error}).encode() + b"\\0")
            continue
        os.write(4, json.dumps({"method": "some.event"}).encode() + b"\\0")
        os.write(4, json.dumps({"id": message["id"], "result": results[message["method"]]}).encode() + b"\\0")
"""


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>kiosk</title><p>Hello")

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def fake(folder: Path, *, place: str = "http://here/", hangs: str = "", refuses: str = "", times: int = 1) -> list[str]:
    """A program that answers as Chromium does, or hangs at one kind of question, or refuses one so many times; it notes
    what it was asked.
    """
    head = f"LOG = {str(folder / 'asked')!r}; PLACE = {place!r}; HANGS = {hangs!r}; REFUSES = {[refuses] * times}\n"
    (folder / "browser.py").write_text(head + FAKE)
    return ["python3", str(folder / "browser.py")]


def asked(folder: Path) -> list[str]:
    return (folder / "asked").read_text().split()


def test_a_page_that_answers_is_well(tmp_path: Path) -> None:
    with Browser("http://here/", fake(tmp_path)) as browser:
        assert browser.answers(20)
        assert browser.answers(20)
    assert asked(tmp_path).count("Target.attachToTarget") == 1
    assert "Page.navigate" not in asked(tmp_path)


@pytest.mark.parametrize("hangs", ["Target.getTargets", "Runtime.evaluate"])
def test_a_page_that_does_not_answer_is_noticed(tmp_path: Path, hangs: str) -> None:
    with Browser("http://here/", fake(tmp_path, hangs=hangs)) as browser:
        assert not browser.answers(1.0)


def test_a_page_that_shows_something_else_is_led_back(tmp_path: Path) -> None:
    with Browser("http://here/", fake(tmp_path, place="chrome-error://chromewebdata/")) as browser:
        assert browser.answers(20)
    assert asked(tmp_path)[-1] == "Page.navigate"


def test_a_question_that_is_refused_while_the_page_changes_is_asked_again(tmp_path: Path) -> None:
    with Browser("http://here/", fake(tmp_path, refuses="Runtime.evaluate")) as browser:
        assert browser.answers(20)
    assert asked(tmp_path).count("Target.attachToTarget") == 2


def test_a_page_that_refuses_every_question_is_given_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Browser("http://here/", fake(tmp_path, refuses="Runtime.evaluate", times=1000)) as browser:
        assert not browser.answers(1)
    assert "Cannot find default execution context" in caplog.text


def test_a_browser_that_cannot_be_started_does_not_answer(tmp_path: Path) -> None:
    with Browser("http://here/", [str(tmp_path / "no-browser")]) as browser:
        assert not browser.answers(20)


def test_systemd_hears_of_answers_only(tmp_path: Path) -> None:
    notifier, waits = FakeNotifier(), []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            browser.__exit__(None, None, None)

    browser = Browser("http://here/", fake(tmp_path))
    watch(browser, notifier, sleep=sleep)
    assert [name for name, _ in notifier.told] == ["ready", "watchdog", "watchdog", "watchdog"]


def test_it_waits_for_the_page_as_long_as_it_takes() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            server = ThreadingHTTPServer(("127.0.0.1", port), Page)
            threading.Thread(target=server.handle_request, daemon=True).start()

    wait_for_page(f"http://127.0.0.1:{port}/", sleep=sleep)
    assert len(waits) == 3


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_chromium_answers_and_is_given_up_when_its_page_hangs(url: str, tmp_path: Path) -> None:
    more = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"]
    with Browser(url, [str(CHROMIUM), *more]) as browser:
        assert browser.answers(120)
        renderers = [
            int(folder.name)
            for folder in Path("/proc").glob("[0-9]*")
            if str(tmp_path) in (words := _command(folder)) and "--type=renderer" in words
        ]
        assert renderers
        for pid in renderers:
            os.kill(pid, signal.SIGSTOP)
        begin = time.monotonic()
        assert not browser.answers(3)
        assert time.monotonic() - begin < 10


def _command(folder: Path) -> str:
    try:
        return (folder / "cmdline").read_text()
    except OSError:
        return ""

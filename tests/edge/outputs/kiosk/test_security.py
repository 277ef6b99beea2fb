"""Over a real socket: what is refused, and what every answer says."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from starlette.responses import JSONResponse

from edge.outputs.kiosk.hosts import Address, Hosts
from edge.outputs.kiosk.limits import Rate
from edge.outputs.kiosk.security import ANY, BODY_LIMIT, CHANGING, HEADERS, Shield
from edge.types import Action

CLEAR = {"name": "clear", "origin": "touch"}
OURS = {"X-Fingerpost": "test", "Content-Type": "application/json"}


@pytest.mark.parametrize("path", ["/", "/strings", "/static/kiosk.js", "/static/kiosk.css", "/nowhere"])
def test_every_answer_has_the_headers(site, path):
    _, headers, _ = site.get(path)
    assert {name: headers.get(name) for name in HEADERS} == HEADERS
    assert "server" not in headers


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere():
    policy = dict(part.strip().split(" ", 1) for part in HEADERS["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "connect-src", "img-src")} == {"'self'"}
    assert "unsafe" not in HEADERS["content-security-policy"]


def test_refusals_have_the_headers_too(site):
    status, headers, _ = site.get("/", Host="evil.example")
    assert status == 421 and "content-security-policy" in headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example"])
def test_a_name_that_was_made_to_lead_here_is_refused(site, host):
    assert site.get("/events", Host=host)[0] == 421
    assert site.post("/act", CLEAR, OURS | {"Host": host}) == 421
    assert site.controls.take() == []


def test_two_names_are_refused(site):
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as connection:
        connection.sendall(request)
        assert connection.recv(100).split()[1] in (b"400", b"421")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_sites_page_gets_nothing_and_changes_nothing(site, headers):
    assert site.ask("GET", "/events", headers=headers)[0] == 403
    assert site.post("/act", CLEAR, OURS | headers) == 403
    assert site.controls.take() == []


def test_another_port_of_this_machine_is_another_site(site):
    assert site.post("/act", CLEAR, OURS | {"Origin": f"http://127.0.0.1:{site.port + 1}"}) == 403


def test_our_own_page_may(site):
    origin = {"Origin": f"http://127.0.0.1:{site.port}", "Sec-Fetch-Site": "same-origin"}
    assert site.post("/act", CLEAR, OURS | origin) == 202
    assert site.controls.take() == [Action("clear", "touch")]


def test_a_link_may_be_followed_but_not_framed(site):
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert site.ask("GET", "/", headers=followed | {"Sec-Fetch-Dest": "document"})[0] == 200
    assert site.ask("GET", "/", headers=followed | {"Sec-Fetch-Dest": "iframe"})[0] == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json"}, 403),
        ({"X-Fingerpost": "test", "Content-Type": "text/plain"}, 415),
        ({"X-Fingerpost": "test"}, 415),
        (OURS | {"Content-Type": "application/json; charset=utf-8"}, 202),
    ],
)
def test_a_change_needs_what_only_our_pages_send(site, headers, status):
    assert site.post("/act", CLEAR, headers) == status


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_other_methods_are_refused_so_no_browser_is_told_that_it_may(site, method):
    status, headers, _ = site.ask(method, "/act", headers={"Origin": f"http://127.0.0.1:{site.port}"})
    assert status == 405
    assert not any(name.startswith("access-control") for name in headers)


def test_a_large_body_is_refused_whether_it_says_so_or_not(site):
    assert site.ask("POST", "/act", b"x" * (BODY_LIMIT + 1), OURS)[0] == 413
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as connection:
        head = "POST /act HTTP/1.1\r\nHost: localhost\r\nX-Fingerpost: x\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        for _ in range(6):
            connection.sendall(b"400\r\n" + b"x" * 1024 + b"\r\n")
        assert connection.recv(100).split()[1] == b"413"


def test_a_body_that_does_not_come_is_not_waited_for(site, monkeypatch):
    monkeypatch.setattr("edge.outputs.kiosk.security.BODY_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as connection:
        head = "POST /act HTTP/1.1\r\nHost: localhost\r\nX-Fingerpost: x\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: 10\r\n\r\nabc".encode())
        assert connection.recv(100).split()[1] == b"408"


def test_headers_without_an_end_end_the_connection(site):
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000)
        assert connection.recv(100).split()[1] == b"400"


def statuses(shield: Shield, method: str, count: int, address: str = "127.0.0.1") -> list[int]:
    """What a shield answers to requests that come at once."""
    headers = [(b"host", b"localhost"), (b"x-fingerpost", b"x"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": method, "path": "/", "headers": headers, "client": (address, 1)}
    sent: list[int] = []

    async def receive():
        return {"type": "http.request", "body": b""}

    async def send(message):
        if message["type"] == "http.response.start":
            sent.append(message["status"])

    async def ask():
        for _ in range(count):
            await shield(dict(scope), receive, send)

    with ThreadPoolExecutor(1) as thread:  # the browser's tests may have a loop in this one
        thread.submit(asyncio.run, ask()).result()
    return sent


def test_who_asks_or_changes_too_often_is_told_to_wait():
    shield = Shield(JSONResponse({}), Hosts(Address()), any_rate=Rate(6, 0), changing_rate=Rate(2, 0))
    assert statuses(shield, "POST", 3) == [200, 200, 429]
    assert statuses(shield, "GET", 4) == [200, 200, 200, 429]
    assert statuses(shield, "GET", 1, "127.0.0.2") == [200]


def test_a_hammered_button_and_a_page_that_is_loaded_again_pass():
    assert CHANGING.burst >= 15 and CHANGING.per_second >= 8, "fingers are slower"
    assert ANY.burst >= 5 * 15, "a page is some fifteen files"


@pytest.mark.parametrize(
    "path", ["/static/../hub.py", "/static/%2e%2e/hub.py", "/static/..%2fhub.py", "/static/hub.py"]
)
def test_nothing_but_the_pages_files_is_served(site, path):
    assert site.get(path)[0] == 404


def test_the_pages_ask_for_nothing_elsewhere(site):
    pages = [site.get(path)[2].decode() for path in ("/", "/static/kiosk.js", "/static/kiosk.css", "/static/text.js")]
    schemes = {urlsplit(word.strip("\"'();")).netloc for page in pages for word in page.split() if "://" in word}
    assert schemes <= {"www.w3.org"}, "names of namespaces only"


def test_no_page_has_inline_script_or_style(root):
    for page in (root / "edge/outputs/kiosk/pages").glob("*.html"):
        text = page.read_text()
        assert "style=" not in text and "<style" not in text and " onclick" not in text and "javascript:" not in text
        assert all("src=" in part.partition(">")[0] for part in text.split("<script")[1:])

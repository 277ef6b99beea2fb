"""What every request must be, and what every answer says, whichever page it is for.

A request is refused when it asks for us by a name that is not ours (DNS rebinding, `edge.outputs.kiosk.hosts`), when
another web site's page sends it (``Origin``, ``Sec-Fetch-Site``), when it changes something without the header that
only our own pages can send, when its body is more than a few kilobytes or takes long to come, or when its address asks
too often. The answers' headers keep browsers from running or loading anything that is not one of our files.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse

from edge.outputs.kiosk.hosts import Hosts
from edge.outputs.kiosk.limits import Rate, RateLimit

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

KEY_HEADER = "x-fingerpost"
"""A page elsewhere cannot send a header of its own choosing without asking us first, and we never agree."""
BODY_LIMIT = 4096
BODY_SECONDS = 5.0
ANY = Rate(burst=150, per_second=50)
CHANGING = Rate(burst=20, per_second=10)
"""A finger that hammers a button stays below."""

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), display-capture=(), usb=(), serial=()",
    "cache-control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not answered."""

    status: int
    reason: str


class Shield:
    """Surrounds an ASGI app; see the module."""

    def __init__(self, app: App, hosts: Hosts, *, any_rate: Rate = ANY, changing_rate: Rate = CHANGING) -> None:
        self._app = app
        self._hosts = hosts
        self._any = RateLimit(any_rate)
        self._changing = RateLimit(changing_rate)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] != "http":
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is None and scope["method"] == "POST":
            body = await _body(receive)
            if isinstance(body, Refusal):
                refusal = body
            else:
                receive = _replay(body, receive)
        if refusal is None:
            await self._app(scope, receive, guarded)
        else:
            more = {"retry-after": "1"} if refusal.status == 429 else None
            await JSONResponse({"error": refusal.reason}, refusal.status, more)(scope, receive, guarded)

    def _refusal(self, scope: MutableMapping[str, Any], headers: Headers) -> Refusal | None:
        address = scope["client"][0] if scope.get("client") else ""
        return (
            self._wrong_name(headers)
            or _foreign(scope, headers)
            or _wrong_kind(scope, headers)
            or (None if self._any.allows(address) else Refusal(429, "too many requests"))
            or (
                None
                if scope["method"] != "POST" or self._changing.allows(address)
                else Refusal(429, "too many requests")
            )
        )

    def _wrong_name(self, headers: Headers) -> Refusal | None:
        names = headers.getlist("host")
        if len(names) != 1 or not self._hosts.allow(names[0]):
            return Refusal(421, "this page is not served under that name")
        return None


def _foreign(scope: MutableMapping[str, Any], headers: Headers) -> Refusal | None:
    """Whether a page of another site sends this; a link that is followed may."""
    refusal = Refusal(403, "requests of other sites are not answered")
    origin = headers.get("origin")
    if origin is not None and origin not in (f"{scheme}://{headers['host']}" for scheme in ("http", "https")):
        return refusal
    if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
        return None
    followed = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return None if followed and scope["method"] == "GET" else refusal


def _wrong_kind(scope: MutableMapping[str, Any], headers: Headers) -> Refusal | None:
    if scope["method"] not in ("GET", "HEAD", "POST"):
        return Refusal(405, "GET and POST only")
    if headers.get("content-length", "0").strip("0123456789") or int(headers.get("content-length", 0)) > BODY_LIMIT:
        return Refusal(413, f"at most {BODY_LIMIT} bytes")
    if scope["method"] == "POST":
        if KEY_HEADER not in headers:
            return Refusal(403, f"the header {KEY_HEADER} is missing")
        if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return Refusal(415, "application/json only")
    return None


async def _body(receive: Receive) -> bytes | Refusal:
    """The whole body, which a sender may also send in pieces without saying how many."""

    async def read() -> bytes | Refusal:
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return Refusal(400, "the request ended early")
            body += bytes(message.get("body", b""))
            if len(body) > BODY_LIMIT:
                return Refusal(413, f"at most {BODY_LIMIT} bytes")
            if not message.get("more_body"):
                return body

    try:
        return await asyncio.wait_for(read(), BODY_SECONDS)
    except asyncio.TimeoutError:
        return Refusal(408, "the request took too long")


def _replay(body: bytes, receive: Receive) -> Receive:
    """Deliver a body that was read already, then whatever comes."""
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again

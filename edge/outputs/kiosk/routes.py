"""What is answered: the pages' files, the stream of events, and what somebody asks of the text."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, get_args

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from edge.outputs.kiosk.files import PageFiles
from edge.outputs.kiosk.hub import Hub, Subscription
from edge.outputs.kiosk.language import choose_language, languages, strings_file
from edge.outputs.kiosk.topics import as_message
from edge.types import Action, ActionName

HEARTBEAT = 1.0
"""Seconds; a page that hears nothing for a few of these says that the connection is lost."""
_SPACING = 1 / 60
"""Seconds between two messages: no screen shows more, and events in between become one message."""
_ORIGINS = ("touch", "key")
_LONGEST = 64
"""Characters of a suggestion that somebody chose."""

Put = Callable[[Action], bool]
"""Takes an action; False when too much waits already."""
Handler = Callable[[Request], Awaitable[Response]]


def kiosk_app(
    hub: Hub, put: Put, pages: PageFiles, *, language: str | None = None, more: Sequence[Route] = ()
) -> Starlette:
    """The whole site; ``language`` for browsers of any language, ``more`` routes of the other pages."""
    site = _Site(hub, put, pages, language)
    routes = [
        Route("/", site.page("kiosk.html")),
        Route("/strings", site.strings),
        Route("/events", site.events),
        Route("/act", site.act, methods=["POST"]),
        Route("/static/{name}", site.static),
        *more,
    ]
    return Starlette(routes=routes)


class _Site:
    """The handlers, with what they share."""

    def __init__(self, hub: Hub, put: Put, pages: PageFiles, language: str | None) -> None:
        self._hub, self._put, self._pages, self._language = hub, put, pages, language
        self._languages = languages()

    def page(self, name: str) -> Handler:
        """A handler that gives one page."""
        return page(self._pages, name)

    async def static(self, request: Request) -> Response:
        """A file of the pages."""
        file = self._pages.files.get(request.path_params["name"])
        return Response(file.data, media_type=file.media_type) if file else refused(404, "there is no such file")

    async def strings(self, request: Request) -> Response:
        """The pages' words in the browser's language."""
        language = self._language or choose_language(request.headers.get("accept-language", ""), self._languages)
        file = self._pages.files[strings_file(language)]
        return Response(file.data, media_type=file.media_type)

    async def events(self, request: Request) -> Response:
        """The stream of what is new, beginning with everything."""
        loop, bell = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            # The hub may tell a page that is just leaving with its server: there is nobody left to wake.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(bell.set)

        subscription = self._hub.subscribe(wake)
        if subscription is None:
            return refused(503, "too many pages are open")
        return StreamingResponse(self._told(subscription, bell), media_type="text/event-stream")

    async def _told(self, subscription: Subscription, bell: asyncio.Event) -> AsyncIterator[str]:
        try:
            more = {"pages": self._pages.version}
            while not self._hub.closed:
                bell.clear()
                yield f"data: {as_message(subscription.take(), **more)}\n\n"
                more = {}
                await asyncio.sleep(_SPACING)
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(bell.wait(), HEARTBEAT)
        finally:
            subscription.close()

    async def act(self, request: Request) -> Response:
        """Ask something of the text: ``{"name", "origin", "value"}``."""
        action = _action(await json_object(request))
        if action is None:
            return refused(400, "there is no such action")
        if not self._put(action):
            return refused(503, "too much is asked at once")
        return JSONResponse({}, 202)


def page(pages: PageFiles, name: str) -> Handler:
    """A handler that gives one page."""

    async def answer(request: Request) -> Response:
        return Response(pages.files[name].data, media_type=pages.files[name].media_type)

    return answer


def refused(status: int, reason: str) -> JSONResponse:
    """An answer that says what was wrong."""
    return JSONResponse({"error": reason}, status)


async def json_object(request: Request) -> dict[str, Any]:
    """The body as an object; an empty one for anything else."""
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _action(body: dict[str, Any]) -> Action | None:
    name, origin, value = (body.get(key, "") for key in ("name", "origin", "value"))
    if name not in get_args(ActionName) or origin not in _ORIGINS:
        return None
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        return None
    return Action(name, origin, value)

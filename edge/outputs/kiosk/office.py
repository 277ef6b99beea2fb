"""The operator's page: for somebody at the device itself, with the token.

Only this machine's own addresses are answered, also where the kiosk's page is open to a network; a tunnel (``ssh -L``)
counts as this machine. The page keeps the token in its memory and sends it with every request, so no other site's page
can borrow it, and a page that is loaded again must ask for it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.errors import FingerpostError
from edge.outputs.kiosk.files import PageFiles
from edge.outputs.kiosk.hosts import is_loopback
from edge.outputs.kiosk.limits import Rate, RateLimit
from edge.outputs.kiosk.routes import Handler, json_object, page, refused

WRONG = Rate(burst=5, per_second=0.1)
"""Wrong tokens from one address before even the right one must wait."""


class Operations(Protocol):
    """What the page shows and does; each may take a moment and raise FingerpostError."""

    def report(self) -> Mapping[str, Any]:
        """All that the page shows, as JSON."""
        ...

    def change(self, wanted: Mapping[str, Any]) -> None:
        """Keep settings for the next start."""
        ...

    def preview(self, *, on: bool) -> float:
        """Switch the camera's picture; the seconds until it goes off."""
        ...

    def picture(self) -> bytes | None:
        """The camera's picture, JPEG."""
        ...

    def restart(self) -> None:
        """End the run in order, to be started again."""
        ...

    def roll_back(self) -> str:
        """Return to the previous bundle; what is active then."""
        ...


def office_routes(operations: Operations, allows: Callable[[str], bool], pages: PageFiles) -> list[Route]:
    """The routes of the page; ``allows`` says whether a token is the right one."""
    office = _Office(operations, allows)
    routes: dict[str, Callable[[Request], Awaitable[Response]]] = {
        "report": office.report,
        "change": office.change,
        "preview": office.preview,
        "picture": office.picture,
        "restart": office.restart,
        "rollback": office.roll_back,
    }
    return [
        Route("/operator", _local(page(pages, "operator.html"))),
        *(
            Route(f"/operator/{name}", _local(office.known(handler)), methods=["POST"])
            for name, handler in routes.items()
        ),
    ]


class _Office:
    def __init__(self, operations: Operations, allows: Callable[[str], bool]) -> None:
        self._operations, self._allows = operations, allows
        self._wrong = RateLimit(WRONG)

    def known(self, handler: Handler) -> Handler:
        """The handler for those who have the token; what goes wrong in it is said in one line."""

        async def answer(request: Request) -> Response:
            token = request.headers.get("authorization", "").removeprefix("Bearer ")
            address = request.client.host if request.client else ""
            if self._wrong.spent(address):
                return refused(429, "too many wrong tokens")
            try:
                if not await asyncio.to_thread(self._allows, token):
                    self._wrong.allows(address)
                    return refused(401, "this is not the token")
                return await handler(request)
            except FingerpostError as error:
                return refused(409, str(error))

        return answer

    async def report(self, request: Request) -> Response:
        return JSONResponse(dict(await asyncio.to_thread(self._operations.report)))

    async def change(self, request: Request) -> Response:
        await asyncio.to_thread(self._operations.change, await json_object(request))
        return JSONResponse({})

    async def preview(self, request: Request) -> Response:
        on = (await json_object(request)).get("on") is True
        return JSONResponse({"seconds": self._operations.preview(on=on)})

    async def picture(self, request: Request) -> Response:
        data = await asyncio.to_thread(self._operations.picture)
        return Response(status_code=204) if data is None else Response(data, media_type="image/jpeg")

    async def restart(self, request: Request) -> Response:
        self._operations.restart()
        return JSONResponse({})

    async def roll_back(self, request: Request) -> Response:
        return JSONResponse({"active": await asyncio.to_thread(self._operations.roll_back)})


def _local(handler: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        if request.client is None or not is_loopback(request.client.host):
            return refused(403, "the operator's page answers on the device itself only")
        return await handler(request)

    return answer

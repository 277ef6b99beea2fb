"""The gallery: recorded signs to look at and to have read, for whoever wants to know what the model can do.

What was classified is kept by the page that asked, and by nobody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.errors import FingerpostError
from edge.outputs.kiosk.files import PageFiles
from edge.outputs.kiosk.routes import Handler, json_object, page, refused

WORDS = 30
"""Key words of one sentence."""
_LONGEST = 40


class Samples(Protocol):
    """Recorded signs; each method may take a moment and raise FingerpostError."""

    def names(self) -> Sequence[Mapping[str, Any]]:
        """``label`` and ``source`` of each sample."""
        ...

    def animation(self, number: int) -> Mapping[str, Any]:
        """``fps``, ``aspect``, and ``frames`` of hands as the kiosk's page draws them."""
        ...

    def classify(self, number: int) -> Mapping[str, Any]:
        """``label``, ``kind``, ``confidence``, ``others``."""
        ...

    def sentence(self, words: Sequence[tuple[str, str]]) -> Mapping[str, str]:
        """``text`` and ``read`` of labels with their kinds."""
        ...


def gallery_routes(samples: Samples, pages: PageFiles) -> list[Route]:
    """The routes of the page."""
    gallery = _Gallery(samples)
    return [
        Route("/gallery", page(pages, "gallery.html")),
        Route("/gallery/samples", _explained(gallery.names)),
        Route("/gallery/animation/{number:int}", _explained(gallery.animation)),
        Route("/gallery/classify", _explained(gallery.classify), methods=["POST"]),
        Route("/gallery/sentence", _explained(gallery.sentence), methods=["POST"]),
    ]


class _Gallery:
    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self._one = asyncio.Lock()
        """One request is worked on at a time: the loop beside it needs the processor more."""

    async def names(self, request: Request) -> Response:
        async with self._one:
            return JSONResponse({"samples": list(await asyncio.to_thread(self._samples.names))})

    async def animation(self, request: Request) -> Response:
        async with self._one:
            number = request.path_params["number"]
            return JSONResponse(dict(await asyncio.to_thread(self._samples.animation, number)))

    async def classify(self, request: Request) -> Response:
        number = (await json_object(request)).get("sample")
        if not isinstance(number, int):
            return refused(400, "which sample?")
        async with self._one:
            return JSONResponse(dict(await asyncio.to_thread(self._samples.classify, number)))

    async def sentence(self, request: Request) -> Response:
        words = _words((await json_object(request)).get("words"))
        if words is None:
            return refused(400, "which words?")
        async with self._one:
            return JSONResponse(dict(await asyncio.to_thread(self._samples.sentence, words)))


def _words(given: object) -> list[tuple[str, str]] | None:
    if not isinstance(given, list) or not 0 < len(given) <= WORDS:
        return None
    words = [tuple(word) for word in given if isinstance(word, list) and len(word) == 2]
    fit = len(words) == len(given) and all(isinstance(part, str) and len(part) <= _LONGEST for w in words for part in w)
    return [(label, kind) for label, kind in words] if fit else None


def _explained(handler: Handler) -> Handler:
    """What goes wrong is said in one line."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except FingerpostError as error:
            return refused(409, str(error))

    return answer

"""The kiosk's session on a screen: full screen, started anew when its page hangs, patient when there is no page.

``FINGERPOST_SCREEN=1 pytest tests/screen`` as root. What it saw is left in build/screen/picture.png, and with
``FINGERPOST_PICTURES=write`` among the pictures of the documentation.
"""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import pytest
from PIL import Image

from edge.service.browser import ANSWER_S, ASK_S

from .conftest import CACHE, Site
from .session import REPOSITORY, Session, session, setting

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(2400)]

DOCUMENTED = REPOSITORY / "tests/screen/screen-cage.png"
SIZE = (1280, 720)
"""Of the screen that wlroots makes in memory."""
START_S = 60.0
"""Longest time to the first picture, on a machine that has other things to do."""

Colour = tuple[int, int, int]


def colours() -> dict[str, Colour]:
    """The page's, by name."""
    text = (REPOSITORY / "edge/outputs/kiosk/pages/colours.css").read_text()
    return {name: _rgb(digits) for name, digits in re.findall(r"--([\w-]+): #([0-9a-f]{6});", text)}


def edges(picture: Image.Image) -> dict[str, set[Colour]]:
    """The colours of the outermost pixels of each side."""
    width, height = picture.size
    sides = {
        "top": (0, 0, width, 1),
        "bottom": (0, height - 1, width, height),
        "left": (0, 0, 1, height),
        "right": (width - 1, 0, width, height),
    }
    return {name: set(_shares(picture.crop(box))) for name, box in sides.items()}


def shows_the_page(picture: Image.Image) -> bool:
    """Whether the page lies from edge to edge, with its text, a hand and a button."""
    page = colours()
    header, body = {page["raised"]}, {page["ground"]}
    beside = header | body | {page["calm"]}  # the line between the two
    whole = {"top": header, "bottom": body, "left": beside, "right": beside}
    width, height = picture.size
    share = _shares(picture)
    caption = _shares(picture.crop((0, height // 3, width // 2, height * 2 // 3)))
    return (
        edges(picture) == whole
        and max(caption.get(page["text"], 0), caption.get(page["good"], 0)) > 0.1  # new text has the other colour
        and share.get(page["calm"], 0) > 0.01
        and share.get(page["main"], 0) > 0.01
    )


def seen(running: Session, seconds: float) -> Image.Image:
    """The first picture that shows the page, or else the last one: the caller's to judge."""
    deadline = time.monotonic() + seconds
    while not shows_the_page(picture := running.picture()) and time.monotonic() < deadline:
        time.sleep(0.5)
    picture.save(CACHE / "picture.png", optimize=True)
    return picture


def test_the_page_fills_the_screen(debian: Path, site: Site, tmp_path: Path) -> None:
    site.serve()
    with session(debian, tmp_path / "session", site.url) as running:
        running.expect("READY=1", START_S)
        picture = seen(running, START_S)
        filters = running.filters("--type=renderer")
    # The unit's, and within it the browser's own: its sandbox is not given up for ours.
    assert filters and min(filters) >= 2
    assert picture.size == SIZE
    assert shows_the_page(picture), edges(picture)
    if os.environ.get("FINGERPOST_PICTURES") == "write":
        picture.save(DOCUMENTED, optimize=True)


def test_a_page_that_hangs_ends_the_session_which_is_then_started_anew(
    debian: Path, site: Site, tmp_path: Path
) -> None:
    site.serve()
    with session(debian, tmp_path / "first", site.url) as running:
        running.expect("READY=1", START_S)
        assert shows_the_page(seen(running, START_S))
        renderers = running.processes("--type=renderer")
        assert renderers
        for pid in renderers:
            os.kill(pid, signal.SIGSTOP)
        begin = time.monotonic()
        assert running.ended(ASK_S + ANSWER_S + 15) == 1
        # systemd's own watchdog, which knows less, need not come to it.
        assert time.monotonic() - begin < float(setting("WatchdogSec").removesuffix("s"))
        assert "the page did not answer" in running.log
        assert running.processes() == []
    assert setting("Restart") == "always"
    with session(debian, tmp_path / "second", site.url) as running:
        running.expect("READY=1", START_S)
        assert shows_the_page(seen(running, START_S))


def test_without_a_page_the_session_waits_and_it_outlives_its_server(debian: Path, site: Site, tmp_path: Path) -> None:
    with session(debian, tmp_path / "session", site.url) as running:
        time.sleep(5)
        assert running.code is None and f"waiting for {site.url}" in running.log
        assert not running.hears("READY=1") and not running.processes("cage")[1:]
        site.serve()
        running.expect("READY=1", START_S)
        assert shows_the_page(seen(running, START_S))
        browser = running.processes("--type=renderer")
        site.take_away()
        time.sleep(2 * ASK_S)
        running.hears("WATCHDOG=1")
        running.expect("WATCHDOG=1", 2 * ASK_S + ANSWER_S)
        # It says so, rather than showing old text as if it were new.
        assert not shows_the_page(running.picture())
        site.serve()
        assert shows_the_page(seen(running, START_S))
        assert running.processes("--type=renderer") == browser


def _shares(picture: Image.Image) -> dict[Colour, float]:
    """Each colour's part of the pixels."""
    pixels = picture.width * picture.height
    return {colour: count / pixels for count, colour in picture.getcolors(pixels) or ()}


def _rgb(digits: str) -> Colour:
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue

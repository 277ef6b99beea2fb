"""The pictures of the documentation: small, of the size they say, and taken by this test.

``FINGERPOST_PICTURES=write pytest tests/browser/test_pictures.py`` takes them anew; without it they are only checked.
"""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

import pytest

from edge.types import Action

Image = pytest.importorskip("PIL.Image", reason="pillow comes with the export")
pytestmark = pytest.mark.browser

FOLDER = Path(__file__).parent / "pictures"
WRITE = os.environ.get("FINGERPOST_PICTURES") == "write"
SMALL = 60_000
PICTURES = (
    ("waiting", "800x480"),
    ("recognising", "800x480"),
    ("recognising", "1920x1080"),
    ("unsure", "800x480"),
    ("unsure", "480x800"),
    ("sure", "480x800"),
    ("camera-lost", "800x480"),
    ("rolled-back", "800x480"),
    ("lost", "800x480"),
    ("gallery", "1100x800"),
    ("operator", "1100x800"),
)


@pytest.mark.parametrize(("name", "size"), PICTURES)
def test_a_picture(shown, monkeypatch, name, size):
    path = FOLDER / f"{name}-{size}.png"
    if WRITE:
        shown.size(size)
        take(shown, monkeypatch, name, path)
        shown.page.unroute("**/events")
        shown.complaints.clear()  # of a connection that was cut on purpose
    assert 2_000 < path.stat().st_size <= SMALL
    with Image.open(path) as picture:
        assert "x".join(map(str, picture.size)) == size


def test_the_picture_of_the_terminal():
    """Rich draws it; its own template would load a font from elsewhere."""
    from rich._export_format import CONSOLE_SVG_FORMAT
    from rich.console import Console as RichConsole

    from edge.outputs.console import Console
    from edge.types import Caption, Sentence, State

    path = FOLDER / "console.svg"
    if WRITE:
        drawn = RichConsole(record=True, width=56, height=9, file=io.StringIO(), force_terminal=True)
        console = Console(RichConsole(file=io.StringIO(), width=56))
        for item in (Sentence("Good morning.", "GOOD MORNING", 4.0, "rules"), Caption("GOOD MORNING", 4.1)):
            console.show(item)
        console.show(State("recognising", 5.0))
        drawn.print(console._live.get_renderable())
        console.close()
        own = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
        path.write_text(drawn.export_svg(title="python -m edge run", code_format=own), encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    assert "GOOD" in text and "Good" in text and "reading" in text
    assert path.stat().st_size <= SMALL and 'url("http' not in text and "cdn" not in text


def test_there_are_no_others():
    assert {path.name for path in FOLDER.glob("*.png")} == {f"{name}-{size}.png" for name, size in PICTURES}


def take(shown, monkeypatch, name: str, path: Path) -> None:
    if name == "gallery":
        shown.page.goto(f"{shown.url}gallery")
        shown.page.click("#classify:enabled")
        shown.page.wait_for_selector("#words li")
        shown.page.click("#show")
        shown.wait("document.getElementById('recorded').textContent !== ''")
    elif name == "operator":
        shown.page.goto(f"{shown.url}operator")
        shown.wait("document.querySelector('h1').textContent === 'Operator'")
        shown.page.fill("#token", "right")
        shown.page.keyboard.press("Enter")
        shown.page.wait_for_selector("#desk", state="visible")
    else:
        tell(shown, monkeypatch, name)
    shown.page.wait_for_timeout(400)
    picture = Image.open(io.BytesIO(shown.page.screenshot()))
    FOLDER.mkdir(exist_ok=True)
    picture.convert("RGB").quantize(40, dither=Image.Dither.NONE).save(path, optimize=True)


def tell(shown, monkeypatch, name: str) -> None:
    for text in ("GOOD MORNING", "THANK YOU"):
        shown.fake.write(text)
        shown.fake._do(Action("sentence", "fake"))
    if name != "waiting":
        for text in ("H", "HE", "HEL", "HELL"):
            shown.fake.write(text)
            shown.wait(f"document.getElementById('caption').textContent.trim() === '{text}'")
    shown.fake.scene("sure" if name == "lost" else name, text="" if name == "waiting" else "HELL")
    if name == "lost":
        monkeypatch.setattr("edge.outputs.kiosk.routes.HEARTBEAT", 60.0)
        shown.fake.write("HELL")
        shown.page.route("**/events", lambda route: route.abort())
        shown.page.wait_for_selector("#curtain", state="visible")

"""axe-core finds nothing to object to (WCAG 2.1 A and AA), in any state."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

pytestmark = pytest.mark.browser

pytest.importorskip("axe_playwright_python", reason="axe-core comes with axe-playwright-python")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


def objections(page) -> list[str]:
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text())
    result = page.evaluate(f"axe.run(document, {{runOnly: {json.dumps(RULES)}}})")
    assert len(result["passes"]) > 10
    return [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in result["violations"]]


@pytest.mark.parametrize("name", ["waiting", "recognising", "unsure", "camera-lost", "too-hot", "safe-mode"])
def test_the_kiosks_page(shown, name):
    shown.fake.scene(name, text="" if name == "waiting" else "HELL")
    shown.page.wait_for_timeout(150)
    assert objections(shown.page) == []


def test_the_gallery(shown):
    shown.page.goto(f"{shown.url}gallery")
    shown.page.click("#classify:enabled")
    shown.page.wait_for_selector("#words li")
    assert objections(shown.page) == []


def test_the_operators_page(shown):
    shown.page.goto(f"{shown.url}operator")
    shown.wait("document.querySelector('h1').textContent === 'Operator'")
    assert objections(shown.page) == []
    shown.page.fill("#token", "right")
    shown.page.keyboard.press("Enter")
    shown.page.wait_for_selector("#desk", state="visible")
    assert objections(shown.page) == []

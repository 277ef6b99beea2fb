"""The operator's page, as somebody uses it."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture
def door(shown):
    shown.page.goto(f"{shown.url}operator")
    shown.wait("document.querySelector('h1').textContent === 'Operator'")
    shown.operations.done.clear()
    return shown


@pytest.fixture
def desk(door):
    door.page.fill("#token", "right")
    door.page.keyboard.press("Enter")
    door.page.wait_for_selector("#desk", state="visible")
    return door


def test_without_the_token_nothing_is_seen(door):
    door.page.fill("#token", "wrong")
    door.page.keyboard.press("Enter")
    door.page.wait_for_selector("#notice:has-text('This is not the token.')")
    assert not door.page.is_visible("#desk") and door.text("#logs") == ""
    door.complaints.clear()  # the browser names the 401


def test_bundle_health_and_log_are_shown(desk):
    assert desk.text("#bundle-title") == "hands 1.1.0 (serial 7), hand-sequence for pi, 21.0 MB committed"
    assert "51\u00a0°C" in desk.text("#health") and "29.8" in desk.text("#health")
    assert "kiosk=" in desk.text("#logs")


def test_what_the_device_is_in_is_said_with_its_reason_while_it_lasts(desk):
    assert not desk.page.is_visible("#notes")
    reason = "there is no NVIDIA driver here; expected libcuda.so.1. A Jetson has it from JetPack"
    desk.operations.beside = [("on-cpu", reason)]
    desk.page.wait_for_selector("#notes", state="visible")
    assert desk.text("#notes").split("\n") == ["To be seen to", "Without the GPU, so slower", reason]
    desk.operations.beside = []
    desk.page.wait_for_selector("#notes", state="hidden")


def test_settings_are_saved(desk):
    desk.page.select_option("#source", "/dev/video2")
    desk.page.fill("#confidence", "0.7")
    desk.page.click("#settings button")
    desk.page.wait_for_selector("#notice:has-text('Saved.')")
    assert desk.operations.settings == {"source": "/dev/video2", "confidence": 0.7, "moving_confidence": 0.45}


@pytest.mark.parametrize("name", ["restart", "rollback"])
def test_what_cannot_be_undone_must_be_pressed_twice(desk, name):
    desk.page.click(f"#{name}")
    assert desk.text(f"#{name}") == "Really? Press again." and desk.operations.done == []
    desk.page.click(f"#{name}")
    desk.page.wait_for_selector("#notice:has-text('Done.')")
    assert desk.operations.done == [name]


def test_the_picture_is_off_until_it_is_switched_on(desk):
    seen = "document.getElementById('preview').width"
    assert desk.text("#preview-left") == "The picture is off." and desk.page.evaluate(seen) == 480
    desk.page.click("#switch")
    desk.wait(f"{seen} === 320")
    assert desk.text("#preview-left") == "Goes off in 60 s. Nothing is stored."
    desk.page.click("#switch")
    desk.wait("document.getElementById('preview-left').textContent === 'The picture is off.'")


def test_a_page_that_is_loaded_again_asks_again(desk):
    desk.page.reload()
    desk.page.wait_for_selector("#door", state="visible")
    assert desk.page.evaluate("Object.keys(sessionStorage).length + Object.keys(localStorage).length") == 0
    assert desk.page.context.cookies() == []

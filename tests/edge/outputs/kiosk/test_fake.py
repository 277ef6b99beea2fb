from __future__ import annotations

import pytest

from edge.controls import Controls
from edge.outputs.kiosk import Hub
from edge.outputs.kiosk.fake import SCENES, FakeRuntime
from edge.types import BESIDE, Action, Sentence, State


@pytest.fixture
def told():
    class Told(Hub):
        def __init__(self):
            super().__init__()
            self.items = []

        def show(self, item):
            self.items.append(item)
            super().show(item)

    return Told()


@pytest.fixture
def fake(told):
    return FakeRuntime(told, Controls(), sleep=lambda seconds: None)


def test_the_story_spells_hello_makes_a_sentence_and_loses_the_camera(told, fake):
    fake.play(1)
    captions = [item.text for item in told.items if type(item).__name__ == "Caption"]
    assert captions == ["H", "HE", "HEL", "HELL", "HELLO", ""]
    assert [item.text for item in told.items if isinstance(item, Sentence)] == ["Hello."]
    names = [item.name for item in told.items if isinstance(item, State)]
    assert {"waiting", "hand", "recognising", "sure", "unsure", "camera-lost", "ended"} == set(names)


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_leaves_the_page_in_its_state(told, fake, name):
    fake.scene(name)
    if name in BESIDE:
        assert [state.name for state in told.newest("beside")] == [name]
    else:
        assert told.newest("state").name == name


def test_buttons_work_on_the_text(told, fake):
    def text_after(name, value=""):
        fake._do(Action(name, "touch", value))
        return told.newest("caption").text

    fake.write("GOOD HELL")
    assert text_after("undo-letter") == "GOOD HEL"
    assert text_after("complete", "HELLO") == "GOOD HELLO "
    assert text_after("undo-word").strip() == "GOOD HELLO"
    assert text_after("clear") == ""
    assert text_after("restore").strip() == "GOOD HELLO"

"""What the broker is told, and what it may ask for."""

from __future__ import annotations

import json

import pytest

from edge.controls import Controls
from edge.outputs.mqtt import Mqtt
from edge.outputs.mqtt.broker import FakeBroker
from edge.outputs.mqtt.topics import HOME_STATUS, Topics
from edge.types import Action, Caption, Past, Sentence, SignEvent, Speak, State, Suggestions

BASE = "fingerpost/kitchen"


class Device:
    """An output on a broker that is played by hand."""

    def __init__(self) -> None:
        self.broker, self.controls = FakeBroker(), Controls()
        self.output = Mqtt(self.broker, Topics("kitchen"), self.controls)

    def told(self, topic: str) -> dict[str, object]:
        return json.loads(self.broker.last(f"{BASE}/{topic}") or "{}")


def test_captions_signs_sentences_and_states_are_published_as_the_json_lines_are():
    device = Device()
    device.broker.connect()
    for item in (
        State("unsure", 1.0, alternatives=(("A", 0.5), ("S", 0.4))),
        SignEvent("A", "letter", 0.9, 1.0, 1.5, 9.0),
        Caption("A", 1.5, 0.02),
        Sentence("A.", "A", 3.0, "rules"),
    ):
        device.output.show(item)
    assert device.told("state")["name"] == "unsure"
    assert device.told("state")["alternatives"] == [
        {"label": "A", "probability": 0.5},
        {"label": "S", "probability": 0.4},
    ]
    assert device.told("sign")["label"] == "A"
    assert device.told("caption") == {"type": "caption", "text": "A", "time": 1.5, "latency": 0.02}
    assert device.told("sentence")["text"] == "A."


def test_nothing_that_was_signed_is_left_with_the_broker_and_the_past_stays_here():
    device = Device()
    device.broker.connect()
    sentence = Sentence("Secret.", "SECRET", 3.0, "rules")
    before = len(device.broker.published)
    for item in (Caption("SECRET", 1.0), SignEvent("T", "letter", 0.9, 1.0, 1.5, 9.0), sentence):
        device.output.show(item)
    assert len(device.broker.published) == before + 3
    for item in (Past((sentence,), 3.0), Speak("secret", 3.0), Suggestions(("SECRET",), "SEC", 3.0)):
        device.output.show(item)
    assert len(device.broker.published) == before + 3
    assert not [topic for topic, payload in device.broker.kept.items() if "secret" in payload.lower()]
    assert set(device.broker.kept) >= {f"{BASE}/state", f"{BASE}/availability"}


def test_states_that_stand_beside_others_are_told_with_them_until_they_are_over():
    device = Device()
    device.broker.connect()
    device.output.show(State("too-hot", 1.0, "85 °C"))
    device.output.show(State("hand", 2.0))
    told = device.told("state")
    assert told["name"] == "hand"
    assert [each["name"] for each in told["beside"]] == ["too-hot"]
    device.output.show(State("too-hot", 3.0, over=True))
    assert device.told("state")["beside"] == []


def test_a_connection_that_comes_back_hears_the_present_state_and_text():
    device = Device()
    device.output.show(State("hand", 1.0))
    device.output.show(Caption("HE", 1.5))
    assert device.broker.published == [], "there is no connection yet"
    device.broker.connect()
    assert (device.told("state")["name"], device.told("caption")["text"]) == ("hand", "HE")
    device.broker.lose()
    assert device.broker.kept[f"{BASE}/availability"] == "offline", "the last will"
    for text in ("HEL", "HELL", "HELLO"):
        device.output.show(Caption(text, 2.0))
    device.output.show(State("waiting", 3.0))
    count = len(device.broker.published)
    device.broker.connect()
    assert device.broker.kept[f"{BASE}/availability"] == "online"
    assert (device.told("state")["name"], device.told("caption")["text"]) == ("waiting", "HELLO")
    new = [message.topic for message in device.broker.published[count:]]
    assert new.count(f"{BASE}/caption") == 1, "what was missed is not told late"


def test_home_assistant_finds_four_sensors_and_three_buttons_of_one_device():
    device = Device()
    device.broker.connect()
    configs = {t: json.loads(p) for t, p in device.broker.kept.items() if t.startswith("homeassistant/")}
    assert sorted(configs) == sorted(
        f"homeassistant/{kind}/fingerpost_kitchen/{part}/config"
        for kind, parts in (
            ("sensor", ("caption", "sign", "state", "sentence")),
            ("button", ("clear", "speak", "sentence")),
        )
        for part in parts
    )
    assert len({config["unique_id"] for config in configs.values()}) == 7
    assert len({json.dumps(config["device"]) for config in configs.values()}) == 1
    for config in configs.values():
        assert config["availability_topic"] == f"{BASE}/availability"
        assert config["device"]["name"] == "Fingerpost kitchen"
    state = configs["homeassistant/sensor/fingerpost_kitchen/state/config"]
    assert state["state_topic"] == f"{BASE}/state" and "unsure" in state["options"]
    assert "too-hot" not in state["options"]
    assert configs["homeassistant/button/fingerpost_kitchen/clear/config"]["payload_press"] == "clear"


def test_home_assistant_that_was_restarted_hears_everything_again():
    device = Device()
    device.broker.connect()
    count = len(device.broker.published)
    device.broker.receive(HOME_STATUS, "offline")
    assert len(device.broker.published) == count
    device.broker.receive(HOME_STATUS, "online", retained=True)
    assert len(device.broker.published) == 2 * count


def test_a_button_is_an_action_in_the_loops_controls():
    device = Device()
    device.broker.connect()
    assert f"{BASE}/do" in device.broker.topics
    for name in ("clear", "speak", "sentence", "undo-letter", "forget"):
        device.broker.receive(f"{BASE}/do", name)
    assert device.controls.take() == [
        Action(name, "mqtt") for name in ("clear", "speak", "sentence", "undo-letter", "forget")
    ]


@pytest.mark.parametrize("payload", ["", "complete", "reboot", "CLEAR", "clear ", '{"name": "clear"}', "x" * 10_000])
def test_what_is_no_action_does_nothing(payload):
    device = Device()
    device.broker.receive(f"{BASE}/do", payload)
    assert device.controls.take() == []


def test_a_press_that_the_broker_kept_from_before_is_not_done_now():
    device = Device()
    device.broker.receive(f"{BASE}/do", "clear", retained=True)
    assert device.controls.take() == []


def test_a_clean_end_says_offline():
    device = Device()
    device.broker.connect()
    device.output.close()
    assert device.broker.closed and device.broker.kept[f"{BASE}/availability"] == "offline"

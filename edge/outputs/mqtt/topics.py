"""The topics of a device, and how Home Assistant finds what is behind them.

Below ``fingerpost/NAME/``:

================ ======== ==========================================================================================
topic            retained payload
================ ======== ==========================================================================================
``availability`` yes      ``online``, ``offline`` (also as the connection's last will)
``state``        yes      an object as of the JSON lines, with ``beside``: a list of the states that stand beside it
``caption``      no       an object as of the JSON lines; what somebody signed is not left with the broker
``sign``         no       likewise
``sentence``     no       likewise
``do``                    listened to: the name of an `edge.types.Action` that needs no value, such as ``clear``
================ ======== ==========================================================================================

Home Assistant's discovery (https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery) takes one retained
configuration for each sensor and button below ``homeassistant/``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args

from edge import __version__
from edge.outputs.mqtt.broker import Message
from edge.types import BESIDE, ActionName, StateName

ONLINE, OFFLINE = "online", "offline"
HOME_STATUS = "homeassistant/status"
"""Where Home Assistant says ``online`` when it has started, and wants to hear everything again."""
BUTTONS: dict[ActionName, tuple[str, str]] = {
    "clear": ("Clear", "mdi:close-box-outline"),
    "speak": ("Speak", "mdi:bullhorn-outline"),
    "sentence": ("Sentence", "mdi:message-text-outline"),
}
"""Actions that get a button, with its name and icon."""
ACTIONS: frozenset[ActionName] = frozenset(get_args(ActionName)) - {"complete"}
"""Actions that ``do`` takes: all that need no value."""
_LONGEST_STATE = 255
"""Characters that Home Assistant takes as a state; the whole text is an attribute."""
_SENSORS = (
    ("caption", "Caption", "text", "mdi:closed-caption-outline"),
    ("sign", "Sign", "label", "mdi:hand-front-right-outline"),
    ("sentence", "Sentence", "text", "mdi:message-text"),
    ("state", "State", "name", "mdi:motion-sensor"),
)


class Topics:
    """The topics of the device ``name``."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._id = f"fingerpost_{name}"
        self._base = f"fingerpost/{name}"

    @property
    def do(self) -> str:
        """Where actions are asked for."""
        return f"{self._base}/do"

    def availability(self, state: str) -> Message:
        """`ONLINE` or `OFFLINE`."""
        return Message(f"{self._base}/availability", state, retained=True)

    def state(self, payload: str) -> Message:
        """What the device does."""
        return Message(f"{self._base}/state", payload, retained=True)

    def passing(self, topic: str, payload: str) -> Message:
        """A caption, sign or sentence."""
        return Message(f"{self._base}/{topic}", payload)

    def discovery(self) -> Iterator[Message]:
        """The configurations that Home Assistant wants."""
        for topic, name, field, icon in _SENSORS:
            path = f"{self._base}/{topic}"
            config: dict[str, Any] = {
                "state_topic": path,
                "value_template": f"{{{{ value_json.{field}[-{_LONGEST_STATE}:] }}}}",
                "json_attributes_topic": path,
            }
            if topic == "state":
                config |= {"device_class": "enum", "options": [s for s in get_args(StateName) if s not in BESIDE]}
            yield self._config("sensor", topic, name, icon, config)
        for action, (name, icon) in BUTTONS.items():
            config = {"command_topic": self.do, "payload_press": action}
            yield self._config("button", action, name, icon, config)

    def _config(self, kind: str, part: str, name: str, icon: str, config: dict[str, Any]) -> Message:
        whole = config | {
            "name": name,
            "icon": icon,
            "unique_id": f"{self._id}_{kind}_{part}",
            "availability_topic": self.availability(ONLINE).topic,
            "device": {
                "identifiers": [self._id],
                "name": f"Fingerpost {self._name}",
                "manufacturer": "Fingerpost",
                "sw_version": __version__,
            },
            "origin": {"name": "fingerpost", "sw_version": __version__},
        }
        return Message(f"homeassistant/{kind}/{self._id}/{part}/config", json.dumps(whole), retained=True)

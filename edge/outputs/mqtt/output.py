"""The output: items become messages, messages become actions.

The loop only hands messages to the broker's connection, which drops them while it is away. When it is there again,
the present state and text are published anew, so that nobody takes stale ones for live. Buttons of Home Assistant go
into the loop's controls; one that a broker had kept from before is not pressed again.
"""

from __future__ import annotations

from threading import Lock

from edge.controls import Controls
from edge.outputs.base import Item
from edge.outputs.json_lines import as_object, as_text
from edge.outputs.mqtt.broker import Broker, Message
from edge.outputs.mqtt.topics import ACTIONS, HOME_STATUS, OFFLINE, ONLINE, Topics
from edge.types import BESIDE, Action, Caption, Sentence, SignEvent, State, StateName


class Mqtt:
    """Publishes captions, signs, sentences and states through ``broker``; puts what comes back into ``controls``."""

    def __init__(self, broker: Broker, topics: Topics, controls: Controls) -> None:
        self._broker, self._topics, self._controls = broker, topics, controls
        self._lock = Lock()
        self._state = State("starting", 0.0)
        self._beside: dict[StateName, State] = {}
        self._caption = Caption("", 0.0)
        broker.start(
            will=topics.availability(OFFLINE),
            topics=(topics.do, HOME_STATUS),
            connected=self._connected,
            received=self._received,
        )

    def show(self, item: Item) -> None:
        """Publish what the broker should know; other items pass."""
        match item:
            case State():
                self._change(item)
            case Caption():
                with self._lock:
                    self._caption = item
                self._publish("caption", item)
            case SignEvent():
                self._publish("sign", item)
            case Sentence():
                self._publish("sentence", item)

    def close(self) -> None:
        """Say that we are gone, and go."""
        self._broker.close(self._topics.availability(OFFLINE))

    def _change(self, state: State) -> None:
        with self._lock:
            if state.name not in BESIDE:
                self._state = state
            elif state.over:
                self._beside.pop(state.name, None)
            else:
                self._beside[state.name] = state
        self._broker.publish(self._present())

    def _present(self) -> Message:
        with self._lock:
            state = as_object(self._state) | {"beside": [as_object(each) for each in self._beside.values()]}
        return self._topics.state(as_text(state))

    def _publish(self, topic: str, item: Item) -> None:
        self._broker.publish(self._topics.passing(topic, as_text(as_object(item))))

    def _connected(self) -> None:
        for message in self._topics.discovery():
            self._broker.publish(message)
        self._broker.publish(self._topics.availability(ONLINE))
        self._broker.publish(self._present())
        with self._lock:
            caption = self._caption
        self._publish("caption", caption)

    def _received(self, message: Message) -> None:
        if message.topic == HOME_STATUS:
            if message.payload == ONLINE:
                self._connected()
            return
        action = next((name for name in ACTIONS if name == message.payload), None)
        if action is not None and not message.retained:
            self._controls.put(Action(action, "mqtt"))

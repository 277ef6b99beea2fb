"""The seam to a broker, and one that lives in the process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One message; a ``retained`` one is kept by the broker for whoever comes later."""

    topic: str
    payload: str
    retained: bool = False


class Broker(Protocol):
    """A connection that comes and goes by itself. Nothing here waits for the network."""

    def start(
        self,
        *,
        will: Message,
        topics: tuple[str, ...],
        connected: Callable[[], None],
        received: Callable[[Message], None],
    ) -> None:
        """Connect, and again whenever the connection is lost.

        ``will`` is what the broker says when we are gone without a word. ``connected`` is called each time that
        messages can be published and ``topics`` are listened to, ``received`` for each message on them; both from a
        thread of the connection.
        """
        ...

    def publish(self, message: Message) -> None:
        """Send it now; dropped while there is no connection."""
        ...

    def close(self, last: Message) -> None:
        """Send one last message if there is a connection, and end; takes a bounded time."""
        ...


class FakeBroker:
    """A broker whose connection is made, lost and talked through by hand.

    ``published`` holds every message that came through, ``kept`` the retained ones by topic.
    """

    def __init__(self) -> None:
        self.published: list[Message] = []
        self.kept: dict[str, str] = {}
        self.up = False
        self.closed = False
        self.topics: tuple[str, ...] = ()
        self.will: Message | None = None

    def start(
        self,
        *,
        will: Message,
        topics: tuple[str, ...],
        connected: Callable[[], None],
        received: Callable[[Message], None],
    ) -> None:
        """Remember what to do; `connect` connects."""
        self.will, self.topics = will, topics
        self._connected, self._received = connected, received

    def publish(self, message: Message) -> None:
        """Keep it while there is a connection."""
        if not self.up:
            return
        self.published.append(message)
        if message.retained:
            self.kept[message.topic] = message.payload

    def close(self, last: Message) -> None:
        """End."""
        self.publish(last)
        self.up, self.closed = False, True

    def connect(self) -> None:
        """The connection is there (again)."""
        self.up = True
        self._connected()

    def lose(self) -> None:
        """The connection breaks: the broker publishes the will."""
        self.up = False
        if self.will is not None:
            self.kept[self.will.topic] = self.will.payload

    def receive(self, topic: str, payload: str, *, retained: bool = False) -> None:
        """Somebody publishes something that we listen to."""
        self._received(Message(topic, payload, retained))

    def last(self, topic: str) -> str | None:
        """The newest payload of a topic."""
        return next((message.payload for message in reversed(self.published) if message.topic == topic), None)

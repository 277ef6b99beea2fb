"""The newest of everything that a page shows, for any number of pages at once.

The loop writes, pages read. What is told is one of a few *topics* (caption, state, hands, ...), and of each topic only
the newest is kept, for the hub and for every subscriber: a page that is slow, or a thousand events a second, cost
nothing but the topics in between. A page that connects begins with all topics.

Nothing here waits: the loop's thread stores a reference, marks the subscribers and goes on; JSON is made in the
server's thread (`edge.outputs.kiosk.topics`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Literal

from edge.outputs.base import Item
from edge.types import (
    BESIDE,
    Action,
    Caption,
    Guess,
    Hands,
    Past,
    Sentence,
    SignEvent,
    State,
    StateName,
    Suggestions,
)

Topic = Literal["state", "beside", "caption", "sign", "guess", "hands", "suggestions", "sentence", "past", "action"]
Told = Item | Guess | Hands | tuple[State, ...] | None
"""What a topic may hold; ``beside`` holds the states that stand beside the recogniser's."""
Counted = tuple[int, Told]
"""How many of the topic there were so far, and the newest."""

SUBSCRIBERS = 16
"""Pages that may be open at once."""
STALLED = 5.0
"""Seconds without a frame after which what is shown is no longer live."""
_BLIND: frozenset[StateName] = frozenset(("starting", "camera-lost", "safe-mode", "ended"))
"""States in which no frame is expected, and no hand is seen."""


@dataclass(frozen=True, slots=True)
class News:
    """What is new to a subscriber: the topics that changed, and whether the loop moves."""

    topics: Mapping[Topic, Counted]
    live: bool


class Subscription:
    """One page's view of the hub. ``wake`` is called from the loop's thread when there is news, and once when the hub
    closes; it must not block. Made by `Hub.subscribe`."""

    def __init__(self, hub: Hub, wake: Callable[[], None], topics: dict[Topic, Counted]) -> None:
        self._hub = hub
        self._topics = topics
        self.wake = wake

    def take(self) -> News:
        """The topics that changed since the last call."""
        return self._hub.taken(self)

    def close(self) -> None:
        """No more news."""
        self._hub.leave(self)

    def swap(self) -> dict[Topic, Counted]:
        """The changed topics, which are then no longer new. The hub's lock is held."""
        topics, self._topics = self._topics, {}
        return topics

    def tell(self, topic: Topic, told: Counted) -> bool:
        """Whether the subscriber must be woken, because it had seen everything. The hub's lock is held."""
        asleep = not self._topics
        self._topics[topic] = told
        return asleep


class Hub:
    """An `Output` and a `Viewer`; any thread may subscribe."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._newest: dict[Topic, Counted] = {"state": (1, State("starting", 0.0))}
        self._subscribers: list[Subscription] = []
        self._moved = clock()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether nothing more comes."""
        return self._closed

    @property
    def watched(self) -> int:
        """How many pages are open."""
        return len(self._subscribers)

    def show(self, item: Item) -> None:
        """Take the item of its topic; items without one pass."""
        match item:
            case State():
                self._state(item)
            case Caption(text=""):
                self._tell({"caption": item, "sentence": None})
            case Caption():
                self._tell({"caption": item})
            case SignEvent():
                self._tell({"sign": item})
            case Sentence():
                self._tell({"sentence": item})
            case Suggestions():
                self._tell({"suggestions": item})
            case Past():
                self._tell({"past": item})
            case Action():
                self._tell({"action": item})
            case _:
                pass

    def view(self, hands: Hands, guess: Guess | None) -> None:
        """Take a frame's hands and guess."""
        self._tell({"hands": hands, "guess": guess})

    def close(self) -> None:
        """End every subscription: the server is about to go."""
        with self._lock:
            self._closed = True
            subscribers = list(self._subscribers)
        for subscriber in subscribers:
            subscriber.wake()

    def newest(self, topic: Topic) -> Told:
        """What was last told of a topic."""
        with self._lock:
            return self._newest.get(topic, (0, None))[1]

    def beside(self) -> tuple[State, ...]:
        """The states that stand beside the recogniser's."""
        told = self.newest("beside")
        return told if isinstance(told, tuple) else ()

    def live(self) -> bool:
        """Whether the loop moves, or says why it does not."""
        with self._lock:
            return self._live()

    def subscribe(self, wake: Callable[[], None]) -> Subscription | None:
        """A subscription that begins with everything; None when too many pages are open."""
        with self._lock:
            if self._closed or len(self._subscribers) >= SUBSCRIBERS:
                return None
            subscription = Subscription(self, wake, dict(self._newest))
            self._subscribers.append(subscription)
            return subscription

    def taken(self, subscription: Subscription) -> News:
        """What is new to a subscription."""
        with self._lock:
            return News(subscription.swap(), self._live())

    def leave(self, subscription: Subscription) -> None:
        """Forget a subscription."""
        with self._lock:
            if subscription in self._subscribers:
                self._subscribers.remove(subscription)

    def _state(self, state: State) -> None:
        if state.name in BESIDE:
            standing = [each for each in self.beside() if each.name != state.name]
            self._tell({"beside": tuple(standing if state.over else [*standing, state])})
        elif state.name in _BLIND:  # nobody is seen: what was last seen must not stand on
            self._tell({"state": state, "hands": None, "guess": None})
        else:
            self._tell({"state": state})

    def _tell(self, told: Mapping[Topic, Told]) -> None:
        asleep = []
        with self._lock:
            self._moved = self._clock()
            for topic, thing in told.items():
                count, before = self._newest.get(topic, (0, None))
                if thing is None and before is None:
                    continue  # no guess after no guess is no news
                counted = self._newest[topic] = (count + 1, thing)
                asleep += [each for each in self._subscribers if each.tell(topic, counted)]
        for subscriber in asleep:
            subscriber.wake()

    def _live(self) -> bool:
        _, state = self._newest["state"]
        patient = isinstance(state, State) and state.name in _BLIND
        return patient or self._clock() - self._moved < STALLED

    def __repr__(self) -> str:
        return f"<Hub: {len(self._subscribers)} pages>"

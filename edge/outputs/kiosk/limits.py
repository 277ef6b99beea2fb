"""How often somebody may ask: a bucket of tokens for each address, and never more buckets than a few hundred."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_ADDRESSES = 256


@dataclass(frozen=True, slots=True)
class Rate:
    """``burst`` requests at once, ``per_second`` of them in the long run."""

    burst: float
    per_second: float


class RateLimit:
    """Says for an address whether one more request is within ``rate``. Used by one thread."""

    def __init__(self, rate: Rate, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """By address: tokens left, and when that was."""

    def allows(self, address: str) -> bool:
        """Whether this request may pass; it then counts."""
        left = self._left(address)
        allowed = left >= 1
        self._buckets.pop(address, None)
        self._buckets[address] = (left - allowed, self._clock())
        while len(self._buckets) > _ADDRESSES:
            self._buckets.popitem(last=False)
        return allowed

    def spent(self, address: str) -> bool:
        """Whether the next request would not pass; nothing counts."""
        return self._left(address) < 1

    def _left(self, address: str) -> float:
        left, seen = self._buckets.get(address, (self._rate.burst, 0.0))
        return min(left + (self._clock() - seen) * self._rate.per_second, self._rate.burst)

    def __repr__(self) -> str:
        return f"<RateLimit {self._rate}: {len(self._buckets)} addresses>"

"""The last lines that the service logged, in memory, for whoever asks."""

from __future__ import annotations

import logging
from collections import deque

KEPT = 200


class RecentLines(logging.Handler):
    """Keeps the last `KEPT` lines as the journal has them."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._lines: deque[str] = deque(maxlen=KEPT)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self._lines.append(self.format(record))

    def lines(self) -> list[str]:
        """The lines, oldest first."""
        return list(self._lines)

"""Sentences made beside the loop: a T5 model may take seconds, and meanwhile the hands must be read.

`Background` makes them in a thread of its own, for live sources. `Foreground` makes them where they are asked for, so
that a recording gives the same items in the same order however fast it is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread

from edge.language.sentence import SentenceMaker
from edge.language.words import SignedWord
from edge.types import Sentence

_WAITING = 4
"""Sentences that may wait; a model that is slower than the signer drops the rest rather than fall behind."""
_REST_S = 6.0
"""Seconds: somewhat longer than a model may take for one sentence (`edge.language.search.SearchSettings`)."""

_Question = tuple[tuple[SignedWord, ...], float]


class Foreground:
    """Makes each sentence at once."""

    def __init__(self, maker: SentenceMaker) -> None:
        self._maker = maker
        self._done: list[Sentence] = []

    def ask(self, words: Sequence[SignedWord], time: float) -> None:
        """Make the sentence."""
        self._done.append(self._maker.make(words, time))

    def ready(self) -> list[Sentence]:
        """What was made since the last time."""
        done, self._done = self._done, []
        return done

    def rest(self) -> list[Sentence]:
        """The same."""
        return self.ready()


class Background:
    """Makes the sentences in a thread; `close` it before what the maker needs is closed."""

    def __init__(self, maker: SentenceMaker) -> None:
        self._maker = maker
        self._questions: SimpleQueue[_Question | None] = SimpleQueue()
        self._answers: SimpleQueue[Sentence | Exception] = SimpleQueue()
        self._pending = 0
        """Questions without an answer yet; only the asker's thread counts."""
        self._thread = Thread(target=self._work, name="sentences", daemon=True)
        self._thread.start()

    def ask(self, words: Sequence[SignedWord], time: float) -> None:
        """Have the sentence made; dropped when too many wait."""
        if self._pending < _WAITING:
            self._pending += 1
            self._questions.put((tuple(words), time))

    def ready(self) -> list[Sentence]:
        """What is done; never waits."""
        done = []
        while not self._answers.empty():
            done.append(self._take(0))
        return done

    def rest(self) -> list[Sentence]:
        """Everything that was asked for, as far as it is done in a few seconds."""
        done: list[Sentence] = []
        with suppress(Empty):
            while self._pending:
                done.append(self._take(_REST_S))
        return done

    def close(self) -> None:
        """End the thread, after the sentence that it is at."""
        self._questions.put(None)
        self._thread.join(_REST_S)

    def _take(self, patience: float) -> Sentence:
        answer = self._answers.get(timeout=patience) if patience else self._answers.get_nowait()
        self._pending -= 1
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _work(self) -> None:
        while (question := self._questions.get()) is not None:
            try:
                self._answers.put(self._maker.make(*question))
            except Exception as error:  # it belongs to the thread that asked, whatever it is
                self._answers.put(error)

"""Speech: sentences, and what somebody asks to be spoken, through espeak-ng, for those who hear.

Off unless asked for. The loop only leaves a text: a thread speaks, one text after the other, and of more than a few
that wait the oldest is dropped, since what was signed last is what matters. espeak-ng is a process of its own that gets
the text on its standard input; one that takes too long is killed. A loudspeaker that does not work is said once in the
log.
"""

from __future__ import annotations

import logging
import re
import subprocess
from collections import deque
from collections.abc import Sequence
from threading import Condition, Thread
from typing import Protocol

from edge.errors import DependencyError, UsageError
from edge.outputs.base import Item
from edge.types import Sentence, Speak

_log = logging.getLogger(__name__)

PROGRAM = "espeak-ng"
WAITING = 3
"""Texts that may wait."""
LONGEST = 400
"""Characters that are spoken of one text: half a minute."""
_PATIENCE_S = 10.0
_PATIENCE_PER_CHARACTER_S = 0.2
"""espeak-ng speaks some 15 characters a second."""
_PROBE_S = 10.0
_LAST_WORDS_S = 4.0
"""A short sentence; half of the time that systemd gives a service to end."""
_JOIN_S = 2.0
_LANGUAGE = re.compile(r"[a-z]{2,3}([-+][A-Za-z0-9-]{1,20})*")


class Speaker(Protocol):
    """Says texts aloud."""

    def say(self, text: str) -> None:
        """Say it; returns when it is said. Raises OSError when it cannot be."""
        ...

    def hush(self) -> None:
        """Break off what is being said; `say` then returns. Called from another thread."""
        ...


class Espeak:
    """espeak-ng with the voice of a ``language`` (``en``, ``en-us``, ``de``); ``more`` words for its command line.

    Raises DependencyError where it is not installed, UsageError for a language that it has no voice for.
    """

    def __init__(self, language: str = "en", *, program: str = PROGRAM, more: Sequence[str] = ()) -> None:
        if not _LANGUAGE.fullmatch(language):
            raise UsageError(
                "no language to speak", where="--speech", expected="a code such as en or de", found=language
            )
        self._command = (program, "-v", language, "--stdin", *more)
        self._process: subprocess.Popen[str] | None = None
        self._check(language)

    def say(self, text: str) -> None:
        """Say it; killed when it takes too long."""
        process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self._process = process
        try:
            _, errors = process.communicate(text, _PATIENCE_S + _PATIENCE_PER_CHARACTER_S * len(text))
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.communicate()
            raise TimeoutError(f"{self._command[0]} hung, and was ended") from error
        finally:
            self._process = None
        complaint = errors.strip().splitlines()[-1:]
        # Without a sound card it complains, and says that all is well.
        if process.returncode > 0 or any(line.lower().startswith("error") for line in complaint):
            raise OSError(f"{self._command[0]} ended with {process.returncode}: {' '.join(complaint)[:120]}")

    def hush(self) -> None:
        """Kill it."""
        if (process := self._process) is not None:
            process.kill()

    def _check(self, language: str) -> None:
        """Speak silence with that voice."""
        try:
            done = subprocess.run(
                (*self._command, "-q"), input="", capture_output=True, text=True, timeout=_PROBE_S, check=False
            )
        except FileNotFoundError as error:
            raise DependencyError(
                f"speech needs {PROGRAM}, which is not installed",
                remedy=f"apt-get install {PROGRAM}, or run without --speech",
            ) from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DependencyError(
                f"{PROGRAM} cannot be run", found=error, remedy=f"try `{PROGRAM} hello`, or run without --speech"
            ) from error
        if done.returncode:
            raise UsageError(
                f"{PROGRAM} has no voice for this language",
                where="--speech",
                found=language,
                remedy=f"see `{PROGRAM} --voices`",
            )


class Speech:
    """An output that says sentences and what is asked to be spoken."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self._texts: deque[str] = deque(maxlen=WAITING)
        self._changed = Condition()
        self._closed = False
        self._complained = False
        self._thread = Thread(target=self._work, name="speech", daemon=True)
        self._thread.start()

    def show(self, item: Item) -> None:
        """Have a sentence or a text spoken; other items pass."""
        if isinstance(item, Sentence | Speak) and item.text:
            with self._changed:
                self._texts.append(item.text[:LONGEST])
                self._changed.notify()

    def close(self) -> None:
        """Finish what there is to say if that is soon done, else break it off."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(_LAST_WORDS_S)
        with self._changed:
            self._texts.clear()
        self._speaker.hush()
        self._thread.join(_JOIN_S)

    def _work(self) -> None:
        while (text := self._next()) is not None:
            try:
                self._speaker.say(text)
                self._complained = False
            except OSError as error:
                if not self._complained and not self._closed:
                    _log.warning("nothing can be heard: %s", error)
                self._complained = True

    def _next(self) -> str | None:
        with self._changed:
            self._changed.wait_for(lambda: self._texts or self._closed)
            return self._texts.popleft() if self._texts else None


class FakeSpeaker:
    """Keeps what it was to say in ``said``; each text takes until `let_go`, when it is made to ``hang``."""

    def __init__(self, *, hang: bool = False, error: OSError | None = None) -> None:
        self.said: list[str] = []
        self._error = error
        self._free = Condition()
        self._hanging = hang

    def say(self, text: str) -> None:
        """Keep it, and hang or fail if it is to."""
        self.said.append(text)
        if self._error is not None:
            raise self._error
        with self._free:
            self._free.wait_for(lambda: not self._hanging)

    def let_go(self) -> None:
        """Hang no longer."""
        with self._free:
            self._hanging = False
            self._free.notify_all()

    def hush(self) -> None:
        """Break off."""
        self.let_go()

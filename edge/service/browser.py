"""The kiosk's browser, watched: ``python -m edge.service.browser URL COMMAND...``, run by fingerpost-kiosk.service.

It waits until the page is served, starts the browser on it, and then asks the *page* for an answer every few seconds,
because a browser may well live on while what it shows hangs. Without an answer the browser is killed; whoever started
this program starts it again. The question goes through a pipe (DevTools' ``--remote-debugging-pipe``): no port is open.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import select
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any

from edge.service.notify import Notifier, SystemdNotifier

ASK_S = 5.0
"""From one question to the next."""
ANSWER_S = 20.0
"""Longest wait for an answer: a board that has just started is slow."""
_OPTIONS = (
    "--remote-debugging-pipe", "--kiosk", "--incognito", "--no-first-run", "--no-default-browser-check",
    "--noerrdialogs", "--disable-hang-monitor", "--disable-infobars", "--disable-session-crashed-bubble",
    "--disable-notifications", "--disable-pinch", "--overscroll-history-navigation=0", "--password-store=basic",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--disable-domain-reliability", "--disable-breakpad", "--disable-features=Translate,MediaRouter",
)  # fmt: skip
"""Full screen, no dialog of any kind, nothing kept, nothing sent anywhere."""
_QUESTION = """(() => {
  if (document.adoptedStyleSheets.length === 0) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("* { cursor: none !important }");
    document.adoptedStyleSheets = [sheet];
  }
  return location.href;
})()"""
"""Hides the pointer, which nobody needs in front of a kiosk, and tells where the page is."""
_PLACE_PIPES = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""
"""A program of its own, because only there the pipes can be moved to where the browser takes questions (3) and gives
answers (4)."""
_ABOVE = 10
"""Descriptors from here on are not in the way of those two."""

_log = logging.getLogger(__name__)


class _RefusedError(Exception):
    """The browser answered that it cannot."""


class Browser:
    """A browser that shows ``url``; a context manager that ends it. ``command`` is its program with more options."""

    def __init__(self, url: str, command: Sequence[str], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url, self._clock = url, clock
        low = (*os.pipe(), *os.pipe())
        questions, self._ask, self._answers, answers = (
            fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, _ABOVE) for each in low
        )
        for each in low:
            os.close(each)
        self._process = subprocess.Popen(
            (sys.executable, "-I", "-c", _PLACE_PIPES, str(questions), str(answers), *command, *_OPTIONS, url),
            stdin=subprocess.DEVNULL,
            pass_fds=(questions, answers),
            start_new_session=True,
        )
        os.close(questions)
        os.close(answers)
        self._number = 0
        self._rest = b""
        self._session: str | None = None

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._ask)
        os.close(self._answers)

    def answers(self, seconds: float = ANSWER_S) -> bool:
        """Whether the page answers in time; one that shows something else is led back to where it belongs."""
        deadline, refused = self._clock() + seconds, ""
        while True:
            try:
                self._lead_back(deadline)
            except _RefusedError as error:
                # Not left unanswered: while one page gives way to the next, there is nobody to ask.
                refused = f"; the browser says: {error}"
                self._session = None
                time.sleep(0.1)
            except TimeoutError:
                _log.error("the page did not answer within %g s%s", seconds, refused)
                return False
            except (OSError, ValueError) as error:
                _log.error("the browser cannot be asked: %s", error)
                return False
            else:
                return True

    def _lead_back(self, deadline: float) -> None:
        if self._session is None:
            self._session = self._attach(deadline)
        result = self._call("Runtime.evaluate", {"expression": _QUESTION, "returnByValue": True}, deadline)
        if not str(result.get("result", {}).get("value", "")).startswith(self._url):
            self._call("Page.navigate", {"url": self._url}, deadline)

    def _attach(self, deadline: float) -> str:
        while True:
            found = self._call("Target.getTargets", {}, deadline)["targetInfos"]
            pages = [target["targetId"] for target in found if target["type"] == "page"]
            if pages:
                words = {"targetId": pages[0], "flatten": True}
                return str(self._call("Target.attachToTarget", words, deadline)["sessionId"])
            time.sleep(0.1)

    def _call(self, method: str, params: dict[str, Any], deadline: float) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._ask, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._message(deadline)
            if answer.get("id") == self._number:
                if "result" not in answer:
                    raise _RefusedError(answer.get("error", {}).get("message", "for no reason"))
                return dict(answer["result"])

    def _message(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            left = deadline - self._clock()
            if left <= 0 or not select.select([self._answers], [], [], left)[0]:
                raise TimeoutError
            data = os.read(self._answers, 1 << 16)
            if not data:
                raise OSError("the browser has ended")
            self._rest += data
        first, _zero, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(first))


def wait_for_page(url: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Until the page is served, for as long as it takes."""
    told = False
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - the unit names the address
                return
        except (urllib.error.URLError, OSError) as error:
            if not told:
                _log.info("waiting for %s: %s", url, error)
                told = True
        sleep(1.0)


def watch(browser: Browser, notifier: Notifier, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Ask until there is no answer."""
    first = True
    while browser.answers():
        if first:
            notifier.ready("the page is shown")
            first = False
        notifier.watchdog()
        sleep(ASK_S)


def main(arguments: Sequence[str]) -> int:
    """Show the page until it hangs; 1 then, so that it is started again."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    url, *command = arguments
    wait_for_page(url)
    with Browser(url, command) as browser:
        watch(browser, SystemdNotifier())
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

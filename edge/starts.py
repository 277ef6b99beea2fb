"""How often the service was started in vain: a note that outlives the process, judged at the next start.

A start counts as vain from its beginning until frames have moved through the loop for `STEADY` seconds, or until it
ends on purpose. So one that is killed, runs out of memory or hangs is counted too, though it can write nothing itself;
systemd leaves a word about its end beside the note (``ExecStopPost`` of the unit). After `LIMIT` of them the service
goes into safe mode (`edge.service.safe_mode`) and is tried once every `PAUSE` seconds.

The note lies in the service's runtime folder, in memory: it can be kept while the disk is full or broken, and a boot
begins anew. Times are those of the monotonic clock, which needs no calendar.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

LIMIT = 5
"""Vain starts in a row; more than a bundle on trial may need, whose roll-back comes first."""
STEADY = 600.0
"""Seconds of frames after which a start was a success."""
PAUSE = 300.0
"""Seconds from one try to the next in safe mode."""
FOLDER_VARIABLE = "RUNTIME_DIRECTORY"
_FOLDER = Path("/run/fingerpost")
NOTE, _ENDED = "starts.json", "ended"
_ENDS = {
    "watchdog": "the watchdog ended it: no frame moved for too long",
    "oom-kill": "it used more memory than it may",
    "timeout": "it was not ready in time",
    "signal": "it was killed by signal {status}",
    "core-dump": "it crashed with signal {status}",
    "exit-code": "it ended with code {status}",
}
"""systemd's word for how a service ended (``$SERVICE_RESULT``, systemd.exec(5)), for people."""


@dataclass(frozen=True, slots=True)
class Starts:
    """``vain`` starts in a row, the ``last`` at a monotonic time in seconds; ``fault`` is what it said before it
    ended, in one line; ``causes`` stands for everything that may have been the cause (`digest`)."""

    vain: int = 0
    last: float = 0.0
    fault: str = ""
    causes: str = ""

    @property
    def limited(self) -> bool:
        """Whether the service was started in vain too often."""
        return self.vain >= LIMIT

    def wait(self, now: float) -> float:
        """Seconds until the next try is due; 0 when it is, or when the clock began anew since the last one."""
        return max(self.last + PAUSE - now, 0.0) if self.limited and now >= self.last else 0.0


def runtime_folder() -> Path:
    """The service's runtime folder: ``$RUNTIME_DIRECTORY`` in the service itself, else where the unit puts it."""
    return Path(os.environ.get(FOLDER_VARIABLE) or _FOLDER)


def read_starts(folder: Path) -> Starts:
    """The note of a runtime folder, with systemd's word where the service itself left none; nothing vain where there is
    no note, or one that is damaged."""
    try:
        starts = Starts(**json.loads((folder / NOTE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return Starts()
    if starts.vain and not starts.fault:
        return Starts(starts.vain, starts.last, _last_end(folder), starts.causes)
    return starts


def write_starts(folder: Path, starts: Starts) -> None:
    """Replace the note. Raises OSError."""
    new = folder / f"{NOTE}.new"
    new.write_text(json.dumps(asdict(starts)), encoding="utf-8")
    new.replace(folder / NOTE)


def digest(words: str, paths: Iterable[Path]) -> str:
    """Something that changes when the words of the command do, or one of the files, folders or links at ``paths``."""
    parts = [words]
    for path in paths:
        for follow in (False, True):
            try:
                status = path.stat(follow_symlinks=follow)
                parts.append(f"{path} {status.st_ino} {status.st_size} {status.st_mtime_ns}")
            except OSError:
                parts.append(f"{path} is not there")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _last_end(folder: Path) -> str:
    """How systemd saw the last end, from ``RESULT CODE STATUS``."""
    try:
        result, _code, status = (folder / _ENDED).read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return "it ended without a word; the journal may know more"
    return _ENDS.get(result, "").format(status=status)

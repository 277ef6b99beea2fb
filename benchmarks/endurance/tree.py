"""A process and all that it started: which they are, and what they hold."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_MAPPING = re.compile(r"^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \S+ *(.*)$")


@dataclass(frozen=True, slots=True)
class Held:
    """What a tree of processes holds: memory in bytes, and how many descriptors, threads and processes.

    ``resident`` counts each page once, as if nothing else ran on the machine: what is private of each process, and of a
    file that several have mapped, the largest part that one of them has touched. ``private`` is without those files.
    """

    resident: int
    private: int
    descriptors: int
    threads: int
    processes: int


def tree(pid: int) -> list[int]:
    """The process and all below it, parents first; those that have ended meanwhile are left out."""
    found = [pid]
    with suppress(OSError):
        for task in (_PROC / str(pid) / "task").iterdir():
            for child in (task / "children").read_text().split():
                found += tree(int(child))
    return found


def held(pid: int) -> Held:
    """What the process and all below it hold now."""
    pids = tree(pid)
    private, threads, descriptors = 0, 0, 0
    files: Counter[str] = Counter()
    for each in pids:
        with suppress(OSError):  # it ended a moment ago
            own, mapped = _memory(each)
            private += own
            files |= mapped  # the larger of the two counts
            threads += len(list((_PROC / str(each) / "task").iterdir()))
            descriptors += len(list((_PROC / str(each) / "fd").iterdir()))
    return Held(private + files.total(), private, descriptors, threads, len(pids))


def _memory(pid: int) -> tuple[int, Counter[str]]:
    """Bytes that are the process's own (its part of what is shared without a file), and of each mapped file."""
    own, files, name = 0, Counter[str](), ""
    for line in (_PROC / str(pid) / "smaps").read_text().splitlines():
        if mapping := _MAPPING.match(line):
            name = mapping[1]
            continue
        field, _colon, value = line.partition(":")
        if field not in ("Rss", "Pss"):
            continue
        size = int(value.split()[0]) * 1024
        on_disk = name.startswith("/") and not name.startswith(("/memfd:", "/dev/"))
        if field == "Rss" and on_disk:
            files[name] += size
        elif field == "Pss" and not on_disk:
            own += size
    return own, files

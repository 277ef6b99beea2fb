"""Runs ``python -m edge WORDS`` under the promises of fingerpost.service that need no systemd to hold.

The unit's system call filter (expanded by systemd-analyze, loaded by libseccomp), no new privileges, no memory that is
writable and executable, no network. As a script: sandbox.py UNIT WORDS...

The filter alone, for a place without systemd: sandbox.py --calls UNIT tells it, sandbox.py --load CALLS COMMAND... runs
a command under it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

_ALLOW = 0x7FFF0000
_ERRNO_EPERM = 0x00050000 | errno.EPERM
_PR_SET_NO_NEW_PRIVS, _PR_SET_MDWE, _MDWE_REFUSE_EXEC_GAIN = 38, 65, 1
_CLONE_NEWNET = 0x40000000


def filter_sets() -> dict[str, set[str]]:
    """systemd's groups of system calls, nested ones not expanded."""
    done = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager"], capture_output=True, text=True, check=True
    )
    groups: dict[str, set[str]] = {}
    name = ""
    for line in done.stdout.splitlines():
        if line.startswith("@"):
            name = line.strip()
            groups[name] = set()
        elif name and re.fullmatch(r" {4}@?[a-z0-9_-]+", line):
            groups[name].add(line.strip())
    return groups


def allowed(unit: str) -> set[str]:
    """What the unit's SystemCallFilter lines let through: the first line allows, those with ~ take away."""
    groups = filter_sets()

    def expand(name: str) -> set[str]:
        if not name.startswith("@"):
            return {name}
        return set().union(*(expand(inner) for inner in groups[name]))

    calls: set[str] = expand("@default")
    for line in re.findall(r"^SystemCallFilter=(.*)$", unit, re.MULTILINE):
        names = set().union(*(expand(name) for name in line.lstrip("~").split()))
        calls = calls - (names - expand("@default")) if line.startswith("~") else calls | names
    return calls


def enter(unit: str) -> None:
    """Take on the sandbox, for good."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET):
        sys.exit(f"no network namespace: {os.strerror(ctypes.get_errno())}")
    if libc.prctl(_PR_SET_MDWE, _MDWE_REFUSE_EXEC_GAIN, 0, 0, 0):
        sys.exit(f"no memory protection: {os.strerror(ctypes.get_errno())}")
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    load(allowed(unit))


def load(calls: Iterable[str]) -> None:
    """Every other system call is refused from now on. Without privileges, new ones must have been given up before."""
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(_ERRNO_EPERM)))
    for name in sorted(calls):
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            seccomp.seccomp_rule_add(context, ctypes.c_uint32(_ALLOW), ctypes.c_int(number), ctypes.c_uint(0))
    if seccomp.seccomp_load(context):
        sys.exit("the system call filter cannot be loaded")


if __name__ == "__main__":
    unit_file, *words = sys.argv[1:]
    if unit_file == "--calls":
        sys.stdout.write(" ".join(sorted(allowed(Path(words[0]).read_text()))))
        sys.exit()
    if unit_file == "--load":
        load(words[0].split())
        os.execvp(words[1], words[1:])  # noqa: S606 - the command takes our place
    enter(Path(unit_file).read_text())
    if words[0] == "probe":
        import mmap
        import socket

        refused = []
        for what, act in {
            "executable": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC),
            "chown": lambda: os.chown(unit_file, 0, 0),
            "nice": lambda: os.nice(-1),
            "network": lambda: socket.create_connection(("127.0.0.1", int(words[1])), 2),
        }.items():
            try:
                act()
            except OSError:
                refused.append(what)
        sys.stdout.write(" ".join(refused))
    else:
        sys.argv = ["edge", *words]
        runpy.run_module("edge", run_name="__main__", alter_sys=True)

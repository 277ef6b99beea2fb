"""Runs ``python -m edge WORDS`` where the kernel lets nobody open a file for writing, make one, or use the network.

The filter holds for the process, for all that it starts, and for every library in them. ``probe FOLDER`` instead of
words tries what is forbidden and prints what was refused.
"""

from __future__ import annotations

import ctypes
import errno
import os
import runpy
import socket
import sys
from pathlib import Path

_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | errno.EROFS
_PR_SET_NO_NEW_PRIVS = 38
_MASKED_EQUAL = 7
_MAKING = ("creat", "mkdir", "mkdirat", "mknod", "mknodat", "link", "linkat", "symlink", "symlinkat", "rename",
           "renameat", "renameat2", "truncate", "openat2", "open_by_handle_at")  # fmt: skip
_ACCESS = os.O_WRONLY, os.O_RDWR


class _Comparison(ctypes.Structure):
    """``struct scmp_arg_cmp`` of libseccomp."""

    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("mask", ctypes.c_uint64), ("value", ctypes.c_uint64))


def enter() -> None:
    """Take on the filter, for good."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_rule_add_array.argtypes = (
        ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(_Comparison),
    )  # fmt: skip
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_ALLOW)))

    def refuse(name: str, comparison: _Comparison | None = None) -> None:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            count = 0 if comparison is None else 1
            array = None if comparison is None else ctypes.pointer(comparison)
            if library.seccomp_rule_add_array(context, _REFUSE, number, count, array):
                sys.exit(f"no rule for {name}")

    for name in _MAKING:
        refuse(name)
    for name, argument in (("open", 1), ("openat", 2)):
        for access in _ACCESS:
            refuse(name, _Comparison(argument, _MASKED_EQUAL, os.O_ACCMODE, access))
        refuse(name, _Comparison(argument, _MASKED_EQUAL, os.O_CREAT, os.O_CREAT))
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_PACKET):
        refuse("socket", _Comparison(0, _MASKED_EQUAL, 0xFFFFFFFF, family))
    ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if library.seccomp_load(context):
        sys.exit("the filter cannot be loaded")


def _refused(folder: Path) -> list[str]:
    import cv2
    import numpy as np

    picture = np.zeros((8, 8, 3), np.uint8)

    def by_opencv() -> None:
        # OpenCV writes with its own C library calls, and only returns whether it could.
        if not cv2.imwrite(str(folder / "picture.png"), picture):
            raise OSError

    acts = {
        "new": lambda: (folder / "new").write_bytes(b"x"),
        "old": lambda: os.open(folder / "old", os.O_RDWR),
        "append": lambda: os.open(folder / "old", os.O_WRONLY | os.O_APPEND),
        "folder": (folder / "more").mkdir,
        "rename": lambda: (folder / "old").rename(folder / "newer"),
        "opencv": by_opencv,
        "network": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "network6": lambda: socket.socket(socket.AF_INET6, socket.SOCK_STREAM),
    }
    refused = []
    for name, act in acts.items():
        try:
            act()
        except OSError:
            refused.append(name)
    return refused


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[0] == "probe":
        folder = Path(words[1])
        (folder / "old").write_text("")
        enter()
        sys.stdout.write(" ".join(_refused(folder)))
    else:
        enter()
        sys.argv = ["edge", *words]
        runpy.run_module("edge", run_name="__main__", alter_sys=True)

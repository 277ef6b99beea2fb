"""A Jetson's power mode: it decides how many cores run and how fast the GPU is, so no figure means anything without."""

from __future__ import annotations

import re
from pathlib import Path

_STATUS = "var/lib/nvpmodel/status"
"""What nvpmodel wrote last: ``pmode:0002 fmode:quiet``."""
_MODES = "etc/nvpmodel.conf"


def power_mode(root: Path = Path("/")) -> str:
    """Number and name, ``2 MAXN_SUPER``; the number alone where its name is not known, empty on other boards."""
    try:
        found = re.search(r"pmode:(\d+)", (root / _STATUS).read_text(errors="replace"))
    except OSError:
        return ""
    if found is None:
        return ""
    number = int(found[1])
    try:
        modes = (root / _MODES).read_text(errors="replace")
    except OSError:
        modes = ""
    names = {int(n): name for n, name in re.findall(r"<\s*POWER_MODEL\s+ID=(\d+)\s+NAME=(\S+?)\s*>", modes)}
    return f"{number} {names[number]}" if number in names else str(number)

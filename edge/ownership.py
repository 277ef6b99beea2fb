"""What root makes in the service's folders belongs to the service, so that it can tidy up and go back by itself."""

from __future__ import annotations

import os
from pathlib import Path


def give_to_owner_of(folder: Path, path: Path) -> None:
    """Let ``path`` belong to whom ``folder`` belongs to, where we may say so; links are not followed."""
    if os.geteuid() == 0:
        owner, mine = folder.stat(), path.lstat()
        if (owner.st_uid, owner.st_gid) != (mine.st_uid, mine.st_gid):
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)

"""The token that opens the operator's page: shown once when it is made, kept as a hash only.

A token is 128 random bits, so a plain SHA-256 keeps it as well as any slow hash would.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path

from edge.operator.files import read_object, write_object

NAME = "operator-token.json"
_BYTES = 16


class Access:
    """The token of a state folder. The file is read each time: a renewed token counts at once, the old one no more."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def first(self) -> str | None:
        """A new token where there is none yet, to be shown; None where one was made before.

        Raises StoreError when the folder cannot be read or written.
        """
        return self.renew() if read_object(self._path) is None else None

    def renew(self) -> str:
        """A new token, to be shown; the one before opens nothing any more. Raises StoreError."""
        token = secrets.token_urlsafe(_BYTES)
        write_object(self._path, {"sha256": _digest(token)})
        return token

    def allows(self, token: str) -> bool:
        """Whether this is the token. Raises StoreError when the file cannot be read."""
        kept = read_object(self._path) or {}
        return hmac.compare_digest(_digest(token), str(kept.get("sha256", "")))

    def __repr__(self) -> str:
        return f"<Access {self._path}>"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

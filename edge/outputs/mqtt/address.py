"""Where the broker is, and what it is told about us.

``mqtt://HOST[:PORT][/NAME]`` or ``mqtts://...``: NAME is what this device is called among others, its host name where
none is given. A user name and password never stand on the command line, where every process can read them: they come
from a file of two lines, or from systemd (``LoadCredential=mqtt:FILE``).
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from edge.errors import InputError, UsageError

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_OPTION = "--mqtt"
CREDENTIAL = "mqtt"
"""The systemd credential's name."""
_MAX_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Login:
    """A user of the broker."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Login({self.user!r})"  # a password is not for logs


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """The broker; ``name`` of this device in lower case, of letters, digits, ``-`` and ``_``.

    ``ca`` checks the broker's certificate (None: the system's), ``certificate`` and ``key`` are our own where it asks
    for one. Without ``tls`` none of the three is used.
    """

    host: str
    port: int
    name: str
    tls: bool = False
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    login: Login | None = None

    @property
    def url(self) -> str:
        """For logs: without the login."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}/{self.name}"


def parse_broker(
    url: str,
    *,
    ca: Path | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
    login: Login | None = None,
) -> BrokerAddress:
    """The broker that the command line names; raises UsageError when it does not make sense."""
    expected = "mqtt://HOST[:PORT][/NAME] or mqtts://..."
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError("no address of a broker", where=_OPTION, expected=expected, found=url) from error
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            "a user name and password must not stand on the command line, which every process can read",
            where=_OPTION,
            remedy="put them into a file, on a line each, and give --mqtt-login FILE",
        )
    name = _slug(parts.path.strip("/") or socket.gethostname().partition(".")[0])
    if parts.scheme not in _PORTS or not host or not name or "/" in parts.path[1:] or parts.query or parts.fragment:
        raise UsageError("no address of a broker", where=_OPTION, expected=expected, found=url)
    tls = parts.scheme == "mqtts"
    if not tls and (ca or certificate or key):
        raise UsageError("certificates are used with TLS only", where=_OPTION, expected="mqtts://", found=url)
    if (certificate is None) != (key is None):
        raise UsageError("a certificate and its key belong together", expected="--mqtt-cert and --mqtt-key")
    return BrokerAddress(host, port or _PORTS[parts.scheme], name, tls, ca, certificate, key, login)


def read_login(path: Path | None, environment: Mapping[str, str] | None = None) -> Login | None:
    """The login in a file: user name and password on a line each; else that of systemd's credential, else None.

    Raises InputError when the file cannot be read or does not hold these two lines.
    """
    environment = os.environ if environment is None else environment
    if path is None:
        folder = environment.get("CREDENTIALS_DIRECTORY")
        path = Path(folder) / CREDENTIAL if folder else None
        if path is None or not path.exists():
            return None
    try:
        with path.open("rb") as file:
            lines = file.read(_MAX_BYTES).decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        found = error.strerror if isinstance(error, OSError) else "no text"
        raise InputError("the broker's login cannot be read", where=path, found=found) from error
    if len(lines) != 2 or not lines[0]:
        raise InputError(
            "this is no login of a broker", where=path, expected="two lines: user name, password", found=f"{len(lines)}"
        )
    return Login(lines[0], lines[1])


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-")

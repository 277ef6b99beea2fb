"""By which names the page may be asked for.

A web page elsewhere can make a name of its own lead to this machine (DNS rebinding) and then read what it serves. Such
a request carries that name, so names that are not ours are refused. Numeric addresses cannot be rebound.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address

from edge.config import KIOSK_PORT
from edge.errors import UsageError

LOOPBACK = "127.0.0.1"
_LOCAL_NAMES = frozenset(("localhost",))
_HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Address:
    """Where the page is served: a numeric address of this machine, and a port (0: any that is free)."""

    host: str = LOOPBACK
    port: int = KIOSK_PORT

    @property
    def local(self) -> bool:
        """Whether only this machine can ask."""
        return is_loopback(self.host)

    @property
    def url(self) -> str:
        """What a browser is pointed at."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/"


def parse_address(text: str) -> Address:
    """``PORT``, ``HOST:PORT`` or ``[IPV6]:PORT``; HOST is a numeric address of this machine, or ``localhost``.

    Raises UsageError for anything else.
    """
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if colon else LOOPBACK
    host = LOOPBACK if host in _LOCAL_NAMES else host
    if not (port.isascii() and port.isdecimal() and int(port) <= _HIGHEST_PORT and _numeric(host)):
        remedy = f"give a port, or a numeric address of this machine and a port: 0.0.0.0:{KIOSK_PORT}"
        raise UsageError("the kiosk's page cannot be served there", found=repr(text)[:80], remedy=remedy)
    return Address(str(ip_address(host)), int(port))


def is_loopback(host: str) -> bool:
    """Whether a numeric address is this machine's own."""
    if not _numeric(host):
        return False
    address = ip_address(host)
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


class Hosts:
    """The names that requests may carry in ``Host`` and ``Origin``, for a page served at ``address``.

    On the loopback address: ``localhost`` and loopback addresses. On a network's: any numeric address, and this
    machine's own name, also as ``NAME.local``; ``names`` adds others, such as a name that a router gives it.
    """

    def __init__(self, address: Address, *, names: tuple[str, ...] = (), machine: str | None = None) -> None:
        machine = (machine or socket.gethostname()).lower()
        ours = () if address.local else (machine, f"{machine.partition('.')[0]}.local")
        self._names = _LOCAL_NAMES.union(ours, (name.lower() for name in names))
        self._local = address.local

    def allow(self, host: str) -> bool:
        """Whether ``NAME[:PORT]`` is a name of ours."""
        name = host.lower()
        if name.startswith("["):
            name = name[1:].partition("]")[0]
        elif name.count(":") == 1:
            name = name.partition(":")[0]
        if name in self._names:
            return True
        return _numeric(name) and (not self._local or is_loopback(name))


def _numeric(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True

"""Getting an index and a bundle from a folder (a mounted stick) or an https address.

TLS hides what is fetched and from whom; what is trusted is the signature. So a device whose clock was never set, and
which therefore finds every certificate not valid yet, still fetches: it checks the certificate's chain and name but
not its dates. Plain http is for this machine only.
"""

from __future__ import annotations

import hashlib
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import urlsplit

from edge.bundle.index import INDEX, MAX_INDEX, Index, Offer, make_index, parse_index
from edge.bundle.plain_zip import CHUNK, MAX_BYTES
from edge.errors import BundleError, StoreError, UsageError

_TIMEOUT_S = 30
_CLOCK_IS_SET = 1_735_689_600.0
"""2025-01-01: a clock that shows an earlier time was not set since this was written."""
_NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python's `ssl.VerifyFlags` does not name."""
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Origin(Protocol):
    """Where bundles come from."""

    def index(self) -> Index:
        """What is on offer; raises BundleError."""
        ...

    def pieces(self, offer: Offer) -> Iterator[bytes]:
        """The bytes of one bundle; raises BundleError."""
        ...


def open_origin(source: str) -> Origin:
    """A folder or an address; raises UsageError when it is neither."""
    if "://" in source:
        return WebOrigin(source)
    if not Path(source).is_dir():
        raise UsageError("no such folder of bundles", where=source, expected="a folder or an https:// address")
    return FolderOrigin(Path(source))


def fetch(origin: Origin, offer: Offer, target: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Write the offered bundle to ``target``; raises BundleError unless size and SHA-256 are as the index says.

    ``progress`` is called with bytes done and to do.
    """
    sha, size = hashlib.sha256(), 0
    try:
        with target.open("wb") as file:
            for piece in origin.pieces(offer):
                size += len(piece)
                if size > offer.size:
                    break
                sha.update(piece)
                file.write(piece)
                if progress:
                    progress(size, offer.size)
    except OSError as error:
        raise StoreError("the bundle cannot be kept", where=target, found=error.strerror) from error
    if size != offer.size or sha.hexdigest() != offer.sha256:
        raise BundleError(
            "the bundle is not the one that the index speaks of",
            where=offer.file,
            expected=f"{offer.size} bytes, sha256 {offer.sha256}",
            found=f"more than {offer.size} bytes" if size > offer.size else f"{size} bytes, sha256 {sha.hexdigest()}",
            remedy="try again later; if it stays so, whoever publishes the bundles should renew the index",
        )


class FolderOrigin:
    """A folder with bundles, with or without an index of its own: what lies there is looked at."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def index(self) -> Index:
        """What lies there and can be read."""
        return make_index(self._folder, skip_damaged=True)

    def pieces(self, offer: Offer) -> Iterator[bytes]:
        """The bytes of one bundle."""
        path = self._folder / offer.file
        try:
            with path.open("rb") as file:
                yield from iter(lambda: file.read(CHUNK), b"")
        except OSError as error:
            raise BundleError("the bundle cannot be read", where=path, found=error.strerror) from error


class WebOrigin:
    """An address below which ``index.json`` and the bundles lie; or the address of the index itself."""

    def __init__(self, address: str, *, clock: Callable[[], float] = time.time) -> None:
        _check_address(address)
        self._index = address if address.endswith(".json") else f"{address.rstrip('/')}/{INDEX}"
        handlers = [_SameSafety(), urllib.request.HTTPSHandler(context=tls_context(clock()))]
        self._opener = urllib.request.build_opener(*handlers)

    def index(self) -> Index:
        """What is on offer."""
        data = b"".join(self._get(self._index, MAX_INDEX))
        return parse_index(data, where=self._index)

    def pieces(self, offer: Offer) -> Iterator[bytes]:
        """The bytes of one bundle."""
        if offer.size > MAX_BYTES:
            raise BundleError("the bundle is too large", where=offer.file, expected=MAX_BYTES, found=offer.size)
        return self._get(f"{self._index.rpartition('/')[0]}/{offer.file}", offer.size)

    def _get(self, address: str, limit: int) -> Iterator[bytes]:
        left = limit
        try:
            with self._opener.open(address, timeout=_TIMEOUT_S) as response:
                while piece := _read(response):
                    left -= len(piece)
                    if left < 0:
                        raise BundleError("the answer is too large", where=address, expected=f"<= {limit} bytes")
                    yield piece
        except urllib.error.HTTPError as error:
            raise BundleError("the server refuses", where=address, found=f"{error.code} {error.reason}") from error
        except urllib.error.URLError as error:
            raise _unreachable(address, error.reason) from error
        except (OSError, HTTPException) as error:
            raise _unreachable(address, error) from error


def tls_context(now: float) -> ssl.SSLContext:
    """The usual checks of a server's certificate; without its dates when the clock was never set."""
    context = ssl.create_default_context()
    if now < _CLOCK_IS_SET:
        context.verify_flags = ssl.VerifyFlags(context.verify_flags | _NO_CHECK_TIME)
    return context


class _SameSafety(urllib.request.HTTPRedirectHandler):
    def redirect_request(  # noqa: PLR0917  (urllib's signature)
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Follow, but never from https to something less."""
        _check_address(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise UsageError("not an address that bundles are fetched from", where=address, expected="https://")


def _read(response: HTTPResponse) -> bytes:
    return response.read(CHUNK)


def _unreachable(address: str, reason: object) -> BundleError:
    return BundleError(
        "the server cannot be reached",
        where=address,
        found=reason,
        remedy="check the network, or bring the bundles on a stick: edge update FOLDER",
    )

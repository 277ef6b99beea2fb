"""The server's thread: answers browsers beside the loop, until it is closed."""

from __future__ import annotations

import asyncio
import socket
import time
from threading import Thread

import uvicorn

from edge.errors import UsageError
from edge.outputs.kiosk.hosts import Address
from edge.outputs.kiosk.security import App

_START_SECONDS = 20.0
_STOP_SECONDS = 1
_CONNECTIONS = 64
"""Open at once; pages need two each."""


class KioskServer:
    """Serves ``app`` at ``address`` from a thread of its own. Raises UsageError for an address that cannot be used."""

    def __init__(self, app: App, address: Address) -> None:
        self._socket = _listening(address)
        self.address = Address(address.host, int(self._socket.getsockname()[1]))
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # who asks is who is connected, whatever a header says
                limit_concurrency=_CONNECTIONS,
                timeout_graceful_shutdown=_STOP_SECONDS,
                h11_max_incomplete_event_size=16 * 1024,
            )
        )
        self._thread = Thread(target=self._serve, name="kiosk", daemon=True)
        self._thread.start()
        until = time.monotonic() + _START_SECONDS
        while not self._server.started and self._thread.is_alive() and time.monotonic() < until:
            time.sleep(0.01)

    def close(self) -> None:
        """Stop answering. Close the hub first, which ends the streams."""
        self._server.should_exit = True
        self._thread.join(_STOP_SECONDS + 5)
        self._socket.close()

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def __repr__(self) -> str:
        return f"<KioskServer {self.address.url}>"


def _listening(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address.host, address.port))
        listener.listen(64)
    except OSError as error:
        listener.close()
        raise UsageError(
            "the kiosk's page cannot be served here",
            where=f"{address.host}:{address.port}",
            found=error.strerror or error,
            remedy="choose another port, or an address of this machine",
        ) from error
    return listener

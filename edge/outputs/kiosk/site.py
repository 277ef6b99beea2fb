"""The whole kiosk, put together: hub, pages, shield, server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from edge.controls import Controls
from edge.errors import DependencyError
from edge.outputs.kiosk.files import page_files
from edge.outputs.kiosk.hosts import Address, Hosts
from edge.outputs.kiosk.hub import Hub

if TYPE_CHECKING:
    from starlette.routing import Route

    from edge.outputs.kiosk.server import KioskServer


@contextmanager
def served(
    hub: Hub,
    controls: Controls,
    address: Address,
    *,
    language: str | None = None,
    names: tuple[str, ...] = (),
    more: Sequence[Route] = (),
) -> Iterator[KioskServer]:
    """A server that shows ``hub`` until the block ends; ``names`` as for `Hosts`, ``more`` routes of other pages.

    Raises DependencyError without starlette and uvicorn, UsageError for an address that cannot be used.
    """
    needs_server()
    from edge.outputs.kiosk.routes import kiosk_app
    from edge.outputs.kiosk.security import Shield
    from edge.outputs.kiosk.server import KioskServer

    app = kiosk_app(hub, controls.put, page_files(), language=language, more=more)
    server = KioskServer(Shield(app, Hosts(address, names=names)), address)
    try:
        yield server
    finally:
        hub.close()
        server.close()


def needs_server() -> None:
    """Raises DependencyError without the packages of the kiosk."""
    missing = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        raise DependencyError(
            "the kiosk's page needs starlette and uvicorn",
            found=f"no {' and no '.join(missing)}",
            remedy="pip install 'fingerpost[kiosk]'",
        )

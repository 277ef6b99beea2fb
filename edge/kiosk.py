"""The kiosk of a run: opened before everything else, so that people see "starting" while networks are tried.

What the pages need of other rooms is put together here: the operator's operations, the gallery's samples, the preview
between source and loop.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge.config import RunSettings
from edge.controls import Controls
from edge.errors import StoreError
from edge.operator.access import Access
from edge.operator.logs import RecentLines
from edge.operator.operations import DeviceOperations
from edge.operator.preview import Preview
from edge.operator.pulse import Pulse
from edge.outputs.kiosk import Hub
from edge.outputs.kiosk.files import page_files
from edge.outputs.kiosk.hosts import Address
from edge.outputs.kiosk.site import needs_server, served

if TYPE_CHECKING:
    from starlette.routing import Route

    from edge.outputs.kiosk.server import KioskServer

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KioskSettings:
    """Where the pages are served, in which ``language`` (None: the browser's), under which further ``names``, and the
    folder of ``samples`` for the gallery (None: the shipped ones)."""

    address: Address
    language: str | None = None
    names: tuple[str, ...] = ()
    samples: Path | None = None


@dataclass(frozen=True, slots=True)
class Kiosk:
    """What a run does with its kiosk: ``hub`` is an output and a viewer, ``pulse`` an observer, ``preview`` looks at
    the source, ``controls`` holds what people ask."""

    hub: Hub
    controls: Controls
    preview: Preview
    pulse: Pulse
    server: KioskServer


@contextmanager
def opened(settings: RunSettings, kiosk: KioskSettings, *, supervised: bool) -> Iterator[Kiosk]:
    """A kiosk that is being served until the block ends. ``supervised``: somebody starts the run again when it ends.

    Raises DependencyError without starlette and uvicorn, UsageError for an address that cannot be used.
    """
    needs_server()
    hub, controls, preview, pulse = Hub(), Controls(), Preview(), Pulse()
    with ExitStack() as stack:
        logs = _logs(stack)
        operations = DeviceOperations(
            settings,
            preview=preview,
            pulse=pulse,
            logs=logs,
            beside=hub.beside,
            stop=_stop,
            supervised=supervised,
        )
        more = [*_office(settings.store, operations), *_gallery(settings, kiosk.samples, stack)]
        server = stack.enter_context(
            served(hub, controls, kiosk.address, language=kiosk.language, names=kiosk.names, more=more)
        )
        _log.info("kiosk=%s", server.address.url)
        if not server.address.local:
            _log.warning("the kiosk's page is open to the network: whoever reaches it sees the text and can change it")
        if not supervised:
            sys.stderr.write(f"the kiosk's page: {server.address.url}\n")
        yield Kiosk(hub, controls, preview, pulse, server)


def _stop() -> None:
    """End this run as systemd would: in order, from its main thread."""
    os.kill(os.getpid(), signal.SIGTERM)


def _logs(stack: ExitStack) -> RecentLines:
    if not logging.getLogger().handlers:  # with a handler of ours, warnings would no longer reach the terminal
        logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    logs = RecentLines()
    logging.getLogger().addHandler(logs)
    stack.callback(logging.getLogger().removeHandler, logs)
    return logs


def _office(folder: Path, operations: DeviceOperations) -> list[Route]:
    """The operator's page; without a state folder that can be written there is none."""
    from edge.outputs.kiosk.office import office_routes

    access = Access(folder)
    try:
        token = access.first()
    except StoreError as error:
        _log.warning("there is no operator's page: %s", error)
        return []
    if token is not None:
        _log.warning("the operator's page asks for this token, which is shown only now: %s", token)
    return office_routes(operations, access.allows, page_files())


def _gallery(settings: RunSettings, folder: Path | None, stack: ExitStack) -> list[Route]:
    from edge.gallery import SampleReader
    from edge.outputs.kiosk.gallery import gallery_routes

    reader = SampleReader(settings, folder)
    stack.callback(reader.close)
    return gallery_routes(reader, page_files())

"""``edge kiosk-demo``: the kiosk's page without a camera, a bundle or a store."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from typing import TYPE_CHECKING

from edge.config import KIOSK_PORT

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_SCENES = (
    "starting", "waiting", "hand", "recognising", "sure", "unsure", "camera-lost", "updating", "rolled-back", "too-hot",
    "on-cpu", "building", "safe-mode", "ended",
)  # fmt: skip


def add_kiosk_demo(commands: Commands) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "kiosk-demo",
        help="show the kiosk's page with a made-up signer",
        description="Serve the kiosk's page on this machine and tell it a story, or hold one state. Ctrl-C ends it.",
    )
    add = parser.add_argument
    add("--port", type=int, default=KIOSK_PORT, metavar="PORT", help="default: %(default)s")
    add("--scene", choices=_SCENES, help="hold this state (default: a story, round and round)")
    add("--language", choices=("de", "en"), help="default: the browser's own")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from edge.controls import Controls
    from edge.outputs.kiosk import Hub
    from edge.outputs.kiosk.fake import FakeRuntime
    from edge.outputs.kiosk.fake_pages import FakeOperations, FakeSamples
    from edge.outputs.kiosk.files import page_files
    from edge.outputs.kiosk.hosts import Address
    from edge.outputs.kiosk.site import needs_server, served
    from edge.signals import StopSignals

    needs_server()
    from edge.outputs.kiosk.gallery import gallery_routes
    from edge.outputs.kiosk.office import office_routes

    hub, controls, pages = Hub(), Controls(), page_files()
    token = secrets.token_urlsafe(8)
    more = [*gallery_routes(FakeSamples(), pages), *office_routes(FakeOperations(), token.__eq__, pages)]
    address = Address(port=args.port)
    with served(hub, controls, address, language=args.language, more=more) as server, StopSignals() as signals:
        url = server.address.url
        sys.stdout.write(f"{url}\n{url}gallery\n{url}operator (token: {token})\n")
        sys.stdout.flush()
        fake = FakeRuntime(hub, controls)
        signals.call(fake.close)
        if args.scene is None:
            fake.play()
        else:
            fake.scene(args.scene)
            while not signals.requested:
                fake.beat()
                time.sleep(0.1)
    return 0

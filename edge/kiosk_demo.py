"""``edge kiosk-demo``: the kiosk's page without a camera, a bundle or a store."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_SCENES = (
    "starting", "waiting", "hand", "recognising", "sure", "unsure", "camera-lost", "updating", "rolled-back", "too-hot",
    "safe-mode", "ended",
)  # fmt: skip


def add_kiosk_demo(commands: Commands) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "kiosk-demo",
        help="show the kiosk's page with a made-up signer",
        description="Serve the kiosk's page on this machine and tell it a story, or hold one state. Ctrl-C ends it.",
    )
    add = parser.add_argument
    add("--port", type=int, default=8731, metavar="PORT", help="default: %(default)s")
    add("--scene", choices=_SCENES, help="hold this state (default: a story, round and round)")
    add("--language", choices=("de", "en"), help="default: the browser's own")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from edge.controls import Controls
    from edge.outputs.kiosk import Hub
    from edge.outputs.kiosk.fake import FakeRuntime
    from edge.outputs.kiosk.hosts import Address
    from edge.outputs.kiosk.site import served
    from edge.signals import StopSignals

    hub, controls = Hub(), Controls()
    with served(hub, controls, Address(port=args.port), language=args.language) as server, StopSignals() as signals:
        sys.stdout.write(f"{server.address.url}\n")
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

"""``python -m edge run``: live captions from a camera, a clip or a recording."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edge.config import SETTINGS, STORE_VARIABLE, TRIAL_SECONDS, RunSettings, default_store, default_threads
from edge.starts import runtime_folder

if TYPE_CHECKING:
    from edge.kiosk import Kiosk
    from edge.outputs.base import Output
    from edge.outputs.kiosk.hosts import Address
    from edge.parts import Observer
    from edge.service.notify import Notifier
    from edge.signals import StopSignals

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_SUGGESTIONS = 3
"""Words that a kiosk's page has room for."""
_SOURCES = """\
sources:
  0, 1, /dev/video2    a camera (V4L2), by number or path
  csi, picamera2       a ribbon-cable camera, through GStreamer or the system's picamera2
  gst:PIPELINE         any GStreamer pipeline up to raw pictures, e.g. gst:'v4l2src ! jpegdec'
  rtsp://... http://   a network camera
  clip.mp4             a video file (mp4, webm, mkv, avi, ...)
  pictures/            a folder of pictures in natural order, --fps of them a second
  recording.npz        a landmark recording: `landmarks` (T, 2, 21, 3), or (T, 543, 3) with the face; optional `time`
                       or `fps`, `aspect`
  demo                 the shipped clip

Ctrl-C or SIGTERM ends the run after the frame that it is at and prints the summary; a second one ends it hard.
No picture is stored or sent.

"""


def add_run(commands: Commands, *, epilog: str) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "run",
        help="read signs from a camera or a file and show captions",
        description="Read signs from a source and show captions until it ends.",
        epilog=_SOURCES + epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--source", default="0", metavar="SOURCE", help="what to read, see below (default: camera 0)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--bundle", type=Path, metavar="FILE", help="run this bundle, without a store")
    which.add_argument(
        "--store",
        type=Path,
        metavar="DIR",
        help=f"run the active bundle of this store (default: ${STORE_VARIABLE}, else {default_store()})",
    )
    add("--policy", choices=("require", "warn", "off"), help="what happens without a trusted signature, as for install")
    add("--keys", type=Path, metavar="DIR", help="trusted keys, as for install")
    add("--variant", choices=("auto", "fp32", "fp16", "int8"), default="auto",
        help="precision of the classifier; auto takes the fastest one that gives the golden answers")  # fmt: skip
    add("--landmarker", choices=("bundle", "mediapipe"), default="bundle",
        help="what finds hands: the bundle's networks, or the mediapipe package if it is installed")  # fmt: skip
    add("--threads", type=_count, metavar="N", help=f"inference threads (default here: {default_threads()})")
    add("--sentence", nargs="?", choices=("rules", "auto"), const="auto", default="off",
        help="show a sentence when the hands are gone: by the bundle's model if it has one, or by rules")  # fmt: skip
    add("--beams", type=int, choices=range(1, 17), default=1, metavar="N",
        help="sentences that the bundle's model follows side by side, 1 to 16 (default: 1)")  # fmt: skip
    add("--json", action="store_true", help="one JSON object a line on stdout: sign, caption, state, summary, error")
    add("--headless", action="store_true", help="plain lines, also on a terminal")
    add("--log-captions", action="store_true",
        help="a service writes what was signed to its journal too (default: it is shown, and not kept)")  # fmt: skip
    add("--realtime", action="store_true", help="play a recorded source at its own rate, dropping frames like a camera")
    add("--fps", type=_rate, metavar="N", help="pictures a second of a folder (default: 10), or asked of a camera")
    add("--max-frames", type=_count, metavar="N", help="end after so many frames")
    add("--metrics", type=_port, metavar="PORT", help="answer Prometheus on 127.0.0.1:PORT (default: off)")
    add("--kiosk", type=_address, metavar="[HOST:]PORT",
        help="serve the kiosk's page, on 127.0.0.1 unless another address is given (default: off)")  # fmt: skip
    add("--kiosk-name", action="append", default=[], metavar="NAME",
        help="a further name that the page may be asked for by, where it is served to a network")  # fmt: skip
    add("--language", choices=("de", "en"), help="of the kiosk's page (default: each browser's own)")
    add("--samples", type=Path, metavar="DIR", help="recordings for the kiosk's gallery (default: the shipped clip's)")
    add("--trial-seconds", type=_seconds, default=TRIAL_SECONDS, metavar="N",
        help="of health after which a service commits a new bundle (default: %(default)g)")  # fmt: skip
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run until the source ends or a signal comes; 0, or an error."""
    from edge.service.notify import SystemdNotifier
    from edge.service.safe_mode import Guard, safe_mode
    from edge.signals import StopSignals

    settings = RunSettings(
        source=arguments.source,
        bundle=arguments.bundle,
        store=arguments.store or default_store(),
        policy=arguments.policy,
        keys=arguments.keys,
        variant=arguments.variant,
        landmarker=arguments.landmarker,
        threads=arguments.threads or default_threads(),
        fps=arguments.fps,
        realtime=arguments.realtime,
        max_frames=arguments.max_frames,
        trial_seconds=arguments.trial_seconds,
        sentence=arguments.sentence,
        beams=arguments.beams,
        metrics=arguments.metrics,
        suggestions=_SUGGESTIONS if arguments.kiosk is not None else 0,
    )
    if arguments.kiosk is not None:
        from edge.operator.settings import with_operators_choices

        settings = with_operators_choices(settings)
    notifier = SystemdNotifier()
    with StopSignals() as signals:
        if not notifier.supervised:
            _read(arguments, settings, signals, notifier)
            return 0
        # What the journal should have; at a terminal, warnings do.
        logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
        guard = Guard(runtime_folder(), words=repr(settings), paths=_causes(settings))
        if not guard.waiting:
            with guard.attempt():
                _read(arguments, settings, signals, notifier, observers=(guard,))
        if guard.waiting:
            with ExitStack() as stack:
                make = partial(_shown, arguments, settings, stack)
                safe_mode(guard, make, notifier, stopped=lambda: signals.requested)
    return 0


def _read(
    arguments: argparse.Namespace,
    settings: RunSettings,
    signals: StopSignals,
    notifier: Notifier,
    observers: Sequence[Observer] = (),
) -> None:
    from edge.assembly import assembled

    with ExitStack() as stack:
        output, progress = _output(arguments, stack, supervised=notifier.supervised)
        kiosk = _kiosk(arguments, settings, stack, supervised=notifier.supervised)
        runtime = stack.enter_context(
            assembled(
                settings,
                [output] if kiosk is None else [output, kiosk.hub],
                notifier=notifier,
                viewers=[] if kiosk is None else [kiosk.hub],
                controls=None if kiosk is None else kiosk.controls,
                observers=observers if kiosk is None else [*observers, kiosk.pulse],
                watch=None if kiosk is None else kiosk.preview.watching,
                progress=progress,
            )
        )
        signals.call(runtime.stop)
        runtime.run()


def _shown(arguments: argparse.Namespace, settings: RunSettings, stack: ExitStack) -> list[Output]:
    """Who can show a fault of the service."""
    kiosk = _kiosk(arguments, settings, stack, supervised=True)
    output, _ = _output(arguments, stack, supervised=True)
    return [output] if kiosk is None else [output, kiosk.hub]


def _kiosk(arguments: argparse.Namespace, settings: RunSettings, stack: ExitStack, *, supervised: bool) -> Kiosk | None:
    """The kiosk's page, where one is wanted."""
    if arguments.kiosk is None:
        return None
    from edge.kiosk import KioskSettings, opened

    wanted = KioskSettings(arguments.kiosk, arguments.language, tuple(arguments.kiosk_name), arguments.samples)
    return stack.enter_context(opened(settings, wanted, supervised=supervised))


def _causes(settings: RunSettings) -> list[Path]:
    """What may be the cause when the service cannot run, and may be put right while it waits."""
    from edge.bundle.signing import keys_folder

    return [settings.bundle or settings.store / "active", keys_folder(settings.keys), SETTINGS]


def _output(
    arguments: argparse.Namespace, stack: ExitStack, *, supervised: bool
) -> tuple[Output, Callable[[int, int], None] | None]:
    """Where captions go, and who is told of the progress."""
    if arguments.json:
        from edge.outputs.json_lines import JsonLines

        return JsonLines(sys.stdout), None
    if sys.stdout.isatty() and not arguments.headless:
        from edge.outputs.console import Console

        console = Console()
        stack.callback(console.close)
        return console, console.progress
    from edge.outputs.plain import Plain

    if supervised:  # the journal keeps what it is told, and what somebody signed is nobody else's business
        return Plain(captions=arguments.log_captions), None
    if not sys.stderr.isatty():
        return Plain(), None
    from edge.outputs.bar import Bar

    bar = Bar()
    stack.callback(bar.close)
    return Plain(), bar.update


def _count(text: str) -> int:
    number = int(text) if text.isascii() and text.isdecimal() else 0
    if not 1 <= number <= 1_000_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return number


def _address(text: str) -> Address:
    from edge.outputs.kiosk.hosts import parse_address

    try:
        return parse_address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no port or address of this machine: {error}") from error


def _port(text: str) -> int:
    number = int(text) if text.isascii() and text.isdecimal() else 0
    if not 1 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 1 to 65535")
    return number


def _rate(text: str) -> float:
    return _number(text, 0.1, 240, "rate")


def _seconds(text: str) -> float:
    return _number(text, 0.1, 86_400, "number of seconds")


def _number(text: str, low: float, high: float, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not low <= number <= high:
        raise argparse.ArgumentTypeError(f"{text!r} is no {what} from {low:g} to {high:g}")
    return number

"""``python -m edge run``: live captions from a camera, a clip or a recording."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from edge.audience import Wanted, gathered
from edge.config import KIOSK_PORT, SETTINGS, STORE_VARIABLE, TRIAL_SECONDS, RunSettings, default_store, default_threads
from edge.starts import runtime_folder

if TYPE_CHECKING:
    from edge.outputs.base import Output
    from edge.parts import Observer
    from edge.service.notify import Notifier
    from edge.signals import StopSignals

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_SUGGESTIONS = 3
"""Words that a kiosk's page has room for."""
_FORGET_AFTER = 300.0
"""Seconds: who comes to a kiosk later than that is somebody else."""
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
    _reading(parser.add_argument_group("what is read"))
    _language(parser.add_argument_group("text"))
    _screens(parser.add_argument_group("who is told"))
    _broker(parser.add_argument_group("MQTT"))
    parser.set_defaults(run=run)


def _reading(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--source", default="0", metavar="SOURCE", help="what to read, see below (default: camera 0)")
    which = group.add_mutually_exclusive_group()
    which.add_argument("--bundle", type=Path, metavar="FILE", help="run this bundle, without a store")
    which.add_argument(
        "--store",
        type=Path,
        metavar="DIR",
        help=f"run the active bundle of this store (default: ${STORE_VARIABLE}, else {default_store()})",
    )
    add("--policy", choices=("require", "warn", "off"), help="what happens without a trusted signature, as for install")
    add("--keys", type=Path, metavar="DIR", help="trusted keys, as for install")
    add("--trial-seconds", type=_seconds, default=TRIAL_SECONDS, metavar="N",
        help="of health after which a service commits a new bundle (default: %(default)g)")  # fmt: skip
    add("--variant", choices=("auto", "fp32", "fp16", "int8"), default="auto",
        help="precision of the classifier; auto takes the fastest one that gives the golden answers")  # fmt: skip
    add("--require", choices=("tensorrt",), default="",
        help="end with exit code 6 where TensorRT does not run, instead of running on the CPU")  # fmt: skip
    add("--landmarker", choices=("bundle", "mediapipe"), default="bundle",
        help="what finds hands: the bundle's networks, or the mediapipe package if it is installed")  # fmt: skip
    add("--threads", type=_count, metavar="N", help=f"inference threads (default here: {default_threads()})")
    add("--realtime", action="store_true", help="play a recorded source at its own rate, dropping frames like a camera")
    add("--fps", type=_rate, metavar="N", help="pictures a second of a folder (default: 10), or asked of a camera")
    add("--max-frames", type=_count, metavar="N", help="end after so many frames")


def _language(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--sentence", nargs="?", choices=("rules", "auto"), const="auto", default="off",
        help="show a sentence when the hands are gone: by the bundle's model if it has one, or by rules")  # fmt: skip
    add("--beams", type=int, choices=range(1, 17), default=1, metavar="N",
        help="sentences that the bundle's model follows side by side, 1 to 16 (default: 1)")  # fmt: skip
    add("--no-gestures", dest="gestures", action="store_false",
        help="take no gestures: an open hand swept across the body takes back a letter, both palms clear")  # fmt: skip
    add("--forget-after", type=_seconds, metavar="N",
        help=f"forget what was signed after so many seconds without hands (default: {_FORGET_AFTER:g} with --kiosk, "
        "else never)")  # fmt: skip


def _screens(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--json", action="store_true", help="one JSON object a line on stdout: what is read, shown and said, and errors"
    )
    add("--headless", action="store_true", help="plain lines, also on a terminal")
    add("--log-captions", action="store_true",
        help="a service writes what was signed to its journal too (default: it is shown, and not kept)")  # fmt: skip
    add("--kiosk", nargs="?", const=str(KIOSK_PORT), metavar="[HOST:]PORT",
        help=f"serve the kiosk's page, on 127.0.0.1:{KIOSK_PORT} unless told otherwise (default: off)")  # fmt: skip
    add("--kiosk-name", action="append", default=[], metavar="NAME",
        help="a further name that the page may be asked for by, where it is served to a network")  # fmt: skip
    add("--language", choices=("de", "en"), help="of the kiosk's page (default: each browser's own)")
    add("--samples", type=Path, metavar="DIR", help="recordings for the kiosk's gallery (default: the shipped clip's)")
    add("--speech", nargs="?", const="en", metavar="LANG",
        help="speak sentences, and what is asked to be spoken, through espeak-ng (default: off; LANG: en)")  # fmt: skip
    add("--metrics", type=_port, metavar="PORT", help="answer Prometheus on 127.0.0.1:PORT (default: off)")


def _broker(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--mqtt", metavar="URL",
        help="publish to a broker, mqtt[s]://HOST[:PORT][/NAME], and take its buttons (default: off)")  # fmt: skip
    add("--mqtt-login", type=Path, metavar="FILE",
        help="the broker's user name and password, a line each (default: systemd's credential `mqtt`)")  # fmt: skip
    add("--mqtt-ca", type=Path, metavar="FILE",
        help="what the broker's certificate is checked with (default: the system's)")  # fmt: skip
    add("--mqtt-cert", type=Path, metavar="FILE", help="our own certificate, where the broker asks for one")
    add("--mqtt-key", type=Path, metavar="FILE", help="its key")


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
        require=arguments.require,
        landmarker=arguments.landmarker,
        threads=arguments.threads or default_threads(),
        fps=arguments.fps,
        realtime=arguments.realtime,
        max_frames=arguments.max_frames,
        trial_seconds=arguments.trial_seconds,
        sentence=arguments.sentence,
        beams=arguments.beams,
        metrics=arguments.metrics,
        gestures=arguments.gestures,
        forget_after=arguments.forget_after or (_FORGET_AFTER if arguments.kiosk is not None else None),
        suggestions=_SUGGESTIONS if arguments.kiosk is not None else 0,
    )
    if arguments.kiosk is not None:
        from edge.operator.settings import with_operators_choices

        settings = with_operators_choices(settings)
    wanted = _wanted(arguments)
    notifier = SystemdNotifier()
    with StopSignals() as signals:
        if not notifier.supervised:
            _read(wanted, settings, signals, notifier)
            return 0
        # What the journal should have; at a terminal, warnings do.
        logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
        guard = Guard(runtime_folder(), words=repr((settings, wanted)), paths=_causes(settings))
        if not guard.waiting:
            with guard.attempt():
                _read(wanted, settings, signals, notifier, observers=(guard,))
        if guard.waiting:
            with ExitStack() as stack:

                def shown() -> Sequence[Output]:
                    return stack.enter_context(gathered(wanted, settings, supervised=True)).outputs

                safe_mode(guard, shown, notifier, stopped=lambda: signals.requested)
    return 0


def _read(
    wanted: Wanted,
    settings: RunSettings,
    signals: StopSignals,
    notifier: Notifier,
    observers: Sequence[Observer] = (),
) -> None:
    from edge.assembly import assembled

    with gathered(wanted, settings, supervised=notifier.supervised) as audience:
        run = assembled(
            settings,
            audience.outputs,
            notifier=notifier,
            viewers=audience.viewers,
            controls=audience.controls,
            observers=[*observers, *audience.observers],
            watch=audience.watch,
            stopped=lambda: signals.requested,
            progress=audience.progress,
        )
        with run as runtime:
            signals.call(runtime.stop)
            runtime.run()


def _wanted(arguments: argparse.Namespace) -> Wanted:
    """Who is to be told; raises UsageError or InputError for words and files that make no sense."""
    kiosk, mqtt = None, None
    if arguments.kiosk is not None:
        from edge.kiosk import KioskSettings
        from edge.outputs.kiosk.hosts import parse_address

        kiosk = KioskSettings(
            parse_address(arguments.kiosk), arguments.language, tuple(arguments.kiosk_name), arguments.samples
        )
    if arguments.mqtt is not None:
        from edge.outputs.mqtt.address import parse_broker, read_login

        mqtt = parse_broker(
            arguments.mqtt,
            ca=arguments.mqtt_ca,
            certificate=arguments.mqtt_cert,
            key=arguments.mqtt_key,
            login=read_login(arguments.mqtt_login),
        )
    return Wanted(arguments.json, arguments.headless, arguments.log_captions, kiosk, arguments.speech, mqtt)


def _causes(settings: RunSettings) -> list[Path]:
    """What may be the cause when the service cannot run, and may be put right while it waits."""
    from edge.bundle.signing import keys_folder
    from edge.operator.settings import NAME

    active = settings.bundle or settings.store / "active"
    return [active, keys_folder(settings.keys), SETTINGS, settings.store / NAME]


def _count(text: str) -> int:
    number = int(text) if text.isascii() and text.isdecimal() else 0
    if not 1 <= number <= 1_000_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return number


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

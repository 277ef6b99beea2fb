"""Everybody that a run talks to: a terminal or a stream, the kiosk's page, a voice, a broker.

They are gathered before anything else is opened, so that people see "starting" while networks are tried, and stay until
the end. What is asked for and cannot be had (a package, a voice, a port) is an error of its own kind, in one line; a
broker that is not there is none: it may come.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.config import RunSettings
from edge.controls import Controls

if TYPE_CHECKING:
    from edge.capture.base import Source
    from edge.kiosk import KioskSettings
    from edge.outputs.base import Output, Viewer
    from edge.outputs.mqtt.address import BrokerAddress
    from edge.parts import Observer


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is to be there: ``json`` lines instead of lines for people, on a terminal too where it is ``headless``;
    ``captions`` in a service's journal; a ``kiosk``; ``speech`` in a language; a broker (``mqtt``)."""

    json: bool = False
    headless: bool = False
    captions: bool = False
    kiosk: KioskSettings | None = None
    speech: str | None = None
    mqtt: BrokerAddress | None = None


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is there, by what `edge.assembly.assembled` does with them. ``controls`` is None where nobody can ask."""

    outputs: Sequence[Output]
    viewers: Sequence[Viewer] = ()
    observers: Sequence[Observer] = ()
    controls: Controls | None = None
    watch: Callable[[Source], Source] | None = None
    progress: Callable[[int, int], None] | None = None


@contextmanager
def gathered(wanted: Wanted, settings: RunSettings, *, supervised: bool) -> Iterator[Audience]:
    """The audience, until the block ends. ``supervised``: this is a service, whose journal is kept.

    Raises DependencyError, UsageError or InputError.
    """
    with ExitStack() as stack:
        output, progress = _lines(wanted, stack, supervised=supervised)
        kiosk, controls = None, None
        if wanted.kiosk is not None:
            from edge.kiosk import opened

            kiosk = stack.enter_context(opened(settings, wanted.kiosk, supervised=supervised))
            controls = kiosk.controls
        elif wanted.mqtt is not None:
            controls = Controls()
        outputs = [output] if kiosk is None else [output, kiosk.hub]
        if wanted.speech is not None:
            outputs.append(_voice(wanted.speech, stack))
        if wanted.mqtt is not None and controls is not None:
            outputs.append(_broker(wanted.mqtt, controls, stack))
        yield Audience(
            outputs,
            viewers=[] if kiosk is None else [kiosk.hub],
            observers=[] if kiosk is None else [kiosk.pulse],
            controls=controls,
            watch=None if kiosk is None else kiosk.preview.watching,
            progress=progress,
        )


def _lines(wanted: Wanted, stack: ExitStack, *, supervised: bool) -> tuple[Output, Callable[[int, int], None] | None]:
    """Where captions go on this machine, and who is told of the progress."""
    if wanted.json:
        from edge.outputs.json_lines import JsonLines

        return JsonLines(sys.stdout), None
    if sys.stdout.isatty() and not wanted.headless:
        from edge.outputs.console import Console

        console = Console()
        stack.callback(console.close)
        return console, console.progress
    from edge.outputs.plain import Plain

    if supervised:  # the journal keeps what it is told, and what somebody signed is nobody else's business
        return Plain(captions=wanted.captions), None
    if not sys.stderr.isatty():
        return Plain(), None
    from edge.outputs.bar import Bar

    bar = Bar()
    stack.callback(bar.close)
    return Plain(), bar.update


def _voice(language: str, stack: ExitStack) -> Output:
    from edge.outputs.speech import Espeak, Speech

    speech = Speech(Espeak(language))
    stack.callback(speech.close)
    return speech


def _broker(address: BrokerAddress, controls: Controls, stack: ExitStack) -> Output:
    from edge.outputs.mqtt import Mqtt
    from edge.outputs.mqtt.paho import PahoBroker
    from edge.outputs.mqtt.topics import Topics

    mqtt = Mqtt(PahoBroker(address), Topics(address.name), controls)
    stack.callback(mqtt.close)
    return mqtt

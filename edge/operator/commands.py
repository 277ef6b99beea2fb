"""``edge settings`` and ``edge kiosk-token``: what the operator's page does, without it."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from edge.config import STORE_VARIABLE, default_store
from edge.operator.access import Access
from edge.operator.settings import HIGHEST, LOWEST, OperatorSettings, read_settings, write_settings

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_operator_commands(commands: Commands) -> None:
    """Register the commands."""
    parser = commands.add_parser(
        "settings",
        help="show or change what the operator chose: camera, thresholds",
        description="Show what the operator chose, or change it. `edge run --kiosk` reads it when it starts, and it "
        "wins over the command line.",
    )
    add = parser.add_argument
    _store(parser)
    add("--source", metavar="SOURCE", help="the camera, as for `edge run`")
    add("--confidence", type=float, metavar="N", help=f"least share of a letter, {LOWEST} to {HIGHEST}")
    add("--moving-confidence", type=float, metavar="N", help="least share of a moving sign, likewise")
    add("--clear", action="store_true", help="forget all choices first")
    add("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=_settings)
    parser = commands.add_parser(
        "kiosk-token",
        help="make another token for the operator's page",
        description="Make and print another token for the operator's page; the one before opens nothing any more.",
    )
    _store(parser)
    parser.set_defaults(run=_token)


def _store(parser: argparse.ArgumentParser) -> None:
    store = default_store()
    parser.add_argument(
        "--store", type=Path, default=store, metavar="DIR", help=f"default: ${STORE_VARIABLE}, else {store}"
    )


def _settings(args: argparse.Namespace) -> int:
    wanted = {name: value for name in asdict(OperatorSettings()) if (value := getattr(args, name)) is not None}
    settings = OperatorSettings() if args.clear else read_settings(args.store)
    if wanted or args.clear:
        settings = settings.changed(wanted)
        write_settings(args.store, settings)
    chosen = asdict(settings)
    lines = [f"{name}: {'as the command line says' if value is None else value}" for name, value in chosen.items()]
    sys.stdout.write((json.dumps(chosen) if args.json else "\n".join(lines)) + "\n")
    return 0


def _token(args: argparse.Namespace) -> int:
    sys.stdout.write(Access(args.store).renew() + "\n")
    return 0

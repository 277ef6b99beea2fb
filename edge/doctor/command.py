"""The command: collect the findings, show them, and fail when one of them does."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from edge.config import STORE_VARIABLE, default_store
from edge.doctor.finding import Finding, Verdict

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

SOURCE_VARIABLE = "FINGERPOST_SOURCE"
_COLOURS: dict[Verdict, str] = {"ok": "green", "warn": "yellow", "fail": "bold red"}
_FAILED = 9


def add_doctor(commands: Commands) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "doctor",
        help="look at board, cameras, bundle and service, and say what to do",
        description="One page about this device: each line ok, warn or fail, with the remedy. "
        "Exit code 9 when a line fails. A camera is opened for up to three seconds; no picture is kept.",
    )
    add = parser.add_argument
    add("--store", type=Path, metavar="DIR", help=f"the store (default: ${STORE_VARIABLE}, else {default_store()})")
    add("--source", metavar="SOURCE", help=f"the camera to measure (default: ${SOURCE_VARIABLE}, else the first one)")
    add("--policy", choices=("require", "warn", "off"), help="as for install")
    add("--keys", type=Path, metavar="DIR", help="as for install")
    add("--no-camera", action="store_true", help="open no camera")
    add("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    findings = []
    for finding in _findings(options):
        findings.append(finding)
        if not options.json:
            _show(finding)
    failed = sum(finding.verdict == "fail" for finding in findings)
    if options.json:
        result = {"failed": failed, "findings": [asdict(finding) for finding in findings]}
        sys.stdout.write(json.dumps(result) + "\n")
    return _FAILED if failed else 0


def _findings(options: argparse.Namespace) -> Iterator[Finding]:
    from edge.doctor.gpu import gpu_findings
    from edge.doctor.kiosk import bundle_findings, camera_findings, service_finding, starts_finding, trust_finding
    from edge.doctor.machine import machine_findings
    from edge.service.board import Board
    from edge.starts import runtime_folder

    store = options.store or default_store()
    yield from machine_findings(Board(disk=store))
    yield trust_finding(options.policy, options.keys)
    yield from bundle_findings(store)
    yield from gpu_findings(store)
    yield service_finding()
    yield starts_finding(runtime_folder())
    if not options.no_camera:
        yield from camera_findings(options.source or os.environ.get(SOURCE_VARIABLE))


def _show(finding: Finding) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    line = Text(f"{finding.verdict:<5}", style=_COLOURS[finding.verdict])
    line.append(f"{finding.what:<18}", style="bold").append(_plain(finding.text), style="default")
    console.print(line)
    if finding.remedy:
        console.print(Text(f"{'':<23}-> {_plain(finding.remedy)}", style="default"))


def _plain(text: str) -> str:
    # What a bundle or a device calls itself must not steer the terminal.
    return "".join(c if c.isprintable() else "?" for c in text)

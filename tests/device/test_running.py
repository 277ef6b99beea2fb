"""The kiosk on an arm64 board as the README's commands leave it: it runs, it picked its networks, it is small."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from .emulated_board import Frozen, overlay
from .kiosk import LAST_FED, Kiosk
from .report import Report
from .workshop import HERE, TEST, Workshop, boot_seconds

pytestmark = [pytest.mark.device, pytest.mark.timeout(7200)]

MEMORY_MB = 150
"""The issue's bound for ``edge run`` with hands and classifier: resident, and both its processes' fair share (PSS)."""
INT8 = 0.05
"""Share of the largest answer by which an int8 network's answers may differ from x86's; float ones: a thousandth."""
FLOAT = 1e-3


def test_the_service_runs_the_bundle_and_reads_the_camera(kiosk: Kiosk) -> None:
    assert kiosk.state == "active" and kiosk.version == "1.0.0" and kiosk.restarts == 0
    # The service feeds the watchdog only while frames move.
    before = kiosk.fed
    kiosk.guest.wait_for(f"[ $({LAST_FED}) -gt {before} ]", within=15)
    assert kiosk.state == "active"


def test_it_needs_little_memory(kiosk: Kiosk, report: Report) -> None:
    processes = kiosk.memory()
    for process in processes:
        for kind in ("rss", "pss"):
            report.fact(f"{kind.upper()} of {process['words'].split()[0]}, MB", process[kind])
    total = sum(process["pss"] for process in processes)
    report.fact("PSS of the service, MB", total)
    loop, camera = processes
    assert loop["words"].startswith("edge run") and camera["words"].startswith("edge.capture.child"), processes
    assert loop["rss"] <= MEMORY_MB and total <= MEMORY_MB, processes


def test_each_network_was_tried_here_and_none_is_barred(kiosk: Kiosk, report: Report) -> None:
    active = json.loads(kiosk.run("fingerpost status --json").text)["active"]
    choices = {choice["role"]: choice for choice in active["choices"]}
    assert set(choices) == {"classifier", "palm", "hand"}
    for role, choice in choices.items():
        assert choice["results"] and all(result["barred"] == "" for result in choice["results"]), choice
        report.fact(f"{role} runs", choice["chosen"])


def test_every_network_answers_as_on_x86(kiosk: Kiosk, workshop: Workshop) -> None:
    program, bundle = "answers.py", workshop.bundles[0]
    kiosk.run("systemctl stop fingerpost")
    here = subprocess.run(
        [sys.executable, HERE / "guest" / program, bundle], capture_output=True, text=True, check=True
    )
    there = kiosk.run(f"/opt/fingerpost/bin/python -I {TEST}/{program} {TEST}/{bundle.name}", timeout=300).text
    ours, theirs = _answers(here.stdout), _answers(there)
    assert ours.keys() == theirs.keys() and any("/int8/" in name for name in ours)
    for name, expected in ours.items():
        bound = INT8 if "/int8/" in name else FLOAT
        difference = np.abs(theirs[name].astype(float) - expected).max()
        assert np.isfinite(theirs[name]).all(), name
        assert difference <= bound * max(1.0, float(np.abs(expected).max())), f"{name}: off by {difference:.3g}"
    classes = [name for name in ours if name.startswith("classifier/")]
    assert classes and all((ours[name].argmax(-1) == theirs[name].argmax(-1)).all() for name in classes)


def test_the_doctor_finds_nothing_that_fails(kiosk: Kiosk) -> None:
    page = json.loads(kiosk.run("fingerpost doctor --no-camera --json", timeout=60, check=False).text)
    assert page["failed"] == 0, [finding for finding in page["findings"] if finding["verdict"] == "fail"]


@pytest.mark.slow
def test_a_pi_5_boots_to_a_ready_kiosk(workshop: Workshop, installed: Frozen, report: Report, tmp_path: Path) -> None:
    guest = workshop.board(overlay(installed.card, tmp_path / "card.qcow2"), tmp_path, processor="cortex-a76")
    try:
        # The card was in use when its board stood still: this boot is after a power cut, too.
        ready = Kiosk(guest).ready(0.0)
        report.fact("boot to ready (cortex-a76), s", ready.time)
        report.fact("boot to multi-user with us (cortex-a76), s", boot_seconds(guest))
    finally:
        guest.cut_power()


def _answers(text: str) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(base64.b64decode(text))) as arrays:
        return dict(arrays)

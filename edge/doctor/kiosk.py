"""The kiosk itself: trusted keys, active bundle, service, cameras."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from edge.bundle.signing import read_trust
from edge.bundle.store import Store
from edge.capture.camera import Camera
from edge.capture.devices import DEVICES, camera_devices
from edge.capture.opening import camera_spec
from edge.capture.v4l2 import ask_device
from edge.doctor.finding import Finding, judged
from edge.doctor.machine import run
from edge.errors import FingerpostError
from edge.starts import read_starts
from edge.types import Frame

SERVICE = "fingerpost.service"
_SLOW = 12.0
"""Frames a second below which quick movements blur into each other."""
_FRAMES = 45
_SECONDS = 3.0


def trust_finding(policy: str | None, keys: Path | None) -> Finding:
    """Which keys may sign bundles here."""
    try:
        trust = read_trust(policy, keys)
    except FingerpostError as error:
        return Finding("trusted keys", "fail", error.what, error.remedy or "")
    names = ", ".join(f"{key.name} ({key.fingerprint[:16]})" for key in trust.keys)
    return judged(
        "trusted keys",
        f"policy {trust.policy}; {names or 'no keys'}",
        bad=trust.policy != "require" or not trust.keys,
        remedy="`python -m export keygen` on the workstation, the public half into the keys folder, policy require",
    )


def bundle_findings(root: Path) -> Iterator[Finding]:
    """The active bundle, what of it runs, and where a roll-back leads."""
    try:
        status = Store(root).status()
    except FingerpostError as error:
        yield Finding("bundle", "fail", str(error), error.remedy or "")
        return
    active = status.active
    if active is None:
        yield Finding("bundle", "fail", f"none is active in {root}", "install one: edge install FILE")
        return
    text = f"{active.name} {active.version} (serial {active.serial}), {active.state}"
    if active.problem:
        yield Finding("bundle", "fail", f"{text}; {active.problem}", "install it again, or `edge rollback`")
        return
    yield judged("bundle", text, bad=active.state != "committed", remedy="it is on trial; it is committed when healthy")
    for choice in active.choices:
        yield Finding(f"runs {choice.role}", "ok", choice.describe())
    for other in status.bundles:
        if other.reason and not other.active:
            yield Finding("bundle left", "warn", f"{other.name} {other.version}, {other.state}: {other.reason}",
                          "export it again, or remove it: edge remove")  # fmt: skip


def service_finding() -> Finding:
    """How systemd sees the service."""
    names = ("LoadState", "ActiveState", "SubState", "NRestarts", "StatusText")
    told = run(("systemctl", "show", SERVICE, *(f"--property={name}" for name in names)))
    if told is None:
        return Finding(
            "service", "warn", "systemd does not answer here", "started by hand, `edge run` needs no service"
        )
    facts = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
    if facts.get("LoadState") != "loaded":
        return Finding("service", "warn", "not installed", "sudo systemd/install.sh")
    text = f"{facts.get('ActiveState')} ({facts.get('SubState')}), {facts.get('NRestarts', '0')} restarts"
    if status := facts.get("StatusText"):
        text += f"; {status}"
    return judged(
        "service",
        text,
        bad=facts.get("ActiveState") != "active",
        verdict="fail",
        remedy=f"journalctl -u {SERVICE} -n 50",
    )


def starts_finding(folder: Path) -> Finding:
    """Whether the service has been started in vain; ``folder`` is its runtime folder."""
    starts = read_starts(folder)
    if starts.limited:
        return Finding(
            "starts", "fail", f"safe mode after {starts.vain} in vain: {starts.fault}",
            "put that right; a new bundle or new settings are tried at once, else the next try is within five minutes",
        )  # fmt: skip
    # One that began a moment ago has proved nothing yet, and so counts.
    text = f"{starts.vain} in a row without a long run" if starts.vain > 1 else "none in vain"
    return judged("starts", text, bad=starts.vain > 1, remedy=f"journalctl -u {SERVICE} -n 50")


def camera_findings(source: str | None, folder: Path = DEVICES) -> Iterator[Finding]:
    """The cameras here, and the measured rate of the one that ``source`` names (None: the first one)."""
    devices = [device for path in camera_devices(folder) if (device := ask_device(path))]
    yield judged(
        "cameras",
        "; ".join(str(device) for device in devices) or "none",
        bad=not devices and source is None,
        remedy="plug a camera in; on a Raspberry Pi a ribbon-cable camera is `--source picamera2` or `csi`",
    )
    source = source or (str(devices[0].path) if devices else None)
    spec = camera_spec(source) if source else None
    if spec is None:
        return
    try:
        camera = Camera(spec)
    except FingerpostError as error:
        busy = "the service uses it, or " if source and source.startswith("/dev/") else ""
        yield Finding("camera rate", "warn", str(error), f"{busy}see `--source` in `edge run --help`")
        return
    yield _rate(camera)


def _rate(camera: Camera) -> Finding:
    begin, frames = time.monotonic(), []
    for item in islice(camera, _FRAMES):
        if isinstance(item, Frame):
            frames.append(item)
        if time.monotonic() - begin > _SECONDS:
            break
    camera.close()
    if len(frames) < 2:
        return Finding(
            "camera rate", "fail", "it opens, but shows too little", "check cable and light, plug it in again"
        )
    numbers, seconds = frames[-1].index - frames[0].index, frames[-1].captured - frames[0].captured
    rate = numbers / seconds if seconds > 0 else 0.0
    height, width = frames[-1].image.shape[:2]
    return judged(
        "camera rate",
        f"{rate:.1f} frames a second of {width}x{height}",
        bad=rate < _SLOW,
        remedy="more light (cameras lengthen the exposure in the dark), a smaller size, or another USB port",
    )

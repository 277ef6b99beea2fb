"""`edge run --kiosk` as a user starts it, with the shipped bundle, asked over its own socket."""

# ruff: noqa: S310 - the address is the process's own

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import numpy as np
import pytest

from edge.samples import demo_landmarks

pytest.importorskip("uvicorn", reason="the kiosk needs starlette and uvicorn: pip install 'fingerpost[kiosk]'")
OURS = {"X-Fingerpost": "test", "Content-Type": "application/json"}


@pytest.fixture
def run(demo_bundle, tmp_path):
    """A kiosk that reads the shipped clip's landmarks again and again; its process, its address and its token."""
    with np.load(demo_landmarks()) as file:
        landmarks = np.tile(file["landmarks"], (6, 1, 1, 1))
    np.savez(tmp_path / "hello.npz", landmarks=landmarks, fps=np.float32(25))
    words = ["run", "--bundle", str(demo_bundle), "--source", "hello.npz", "--realtime", "--kiosk", "0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "edge", *words],
        cwd=tmp_path,
        env=os.environ | {"FINGERPOST_STORE": str(tmp_path / "state")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    said = ""
    while "the kiosk's page: " not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    yield process, re.search(r"http://127\.0\.0\.1:\d+/", said)[0], re.search(r"only now: (\S+)", said)[1]
    process.send_signal(signal.SIGKILL)
    process.wait()


def events(url: str) -> Iterator[dict[str, object]]:
    with urllib.request.urlopen(f"{url}events", timeout=30) as answer:
        for line in answer:
            if line.startswith(b"data: "):
                yield json.loads(line[6:])


def post(url: str, path: str, thing: object, **headers: str) -> dict[str, object]:
    request = urllib.request.Request(url + path, json.dumps(thing).encode(), OURS | headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_what_is_signed_is_on_the_page_and_the_page_acts_on_it(run):
    process, url, token = run
    seen, until = {}, time.monotonic() + 60
    for message in events(url):
        seen |= message
        if seen.get("caption") == seen.get("suggestions", {}).get("spelled") == "HEL" or time.monotonic() > until:
            break
    assert seen["caption"] == "HEL" and seen["live"] and seen["hands"]["right"]
    assert seen["suggestions"]["spelled"] == "HEL" and len(seen["suggestions"]["words"]) == 3
    post(url, "act", {"name": "clear", "origin": "touch"})
    for message in events(url):
        if message.get("caption") == "" or time.monotonic() > until:
            break
    assert message["caption"] == ""
    report = post(url, "operator/report", {}, Authorization=f"Bearer {token}")
    assert report["health"]["fps"] > 5 and report["supervised"] is False
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


def test_an_address_that_is_none_is_an_error_of_its_own(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "edge", "run", "--kiosk", "everywhere"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "--kiosk" not in done.stdout
    assert "the kiosk's page cannot be served there" in done.stderr and "Traceback" not in done.stderr

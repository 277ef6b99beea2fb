"""`edge install` killed in the middle of its work, as a process: the old or the new bundle is active, whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.bundle.samples import write_sample
from edge.bundle.store import Store


def _start(path: Path, store: Path, root: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "edge", "install", path, "--store", store],
        cwd=root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


@pytest.mark.slow
def test_a_kill_at_any_time_leaves_one_bundle_whole(tmp_path: Path, root: Path) -> None:
    store = tmp_path / "store"
    begin = time.monotonic()
    assert _start(write_sample(tmp_path / "1.bundle", version="1.0.0", serial=1), store, root).wait(60) == 0
    whole = time.monotonic() - begin
    for serial in range(2, 18):
        new = write_sample(tmp_path / "new.bundle", version=f"{serial}.0.0", serial=serial)
        before = Store(store).status().active
        process = _start(new, store, root)
        time.sleep(whole * (0.3 + 0.05 * (serial - 2)))
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        active = Store(store).active()
        assert active is not None
        assert before is not None
        with active:
            active.verify()
            assert active.manifest.version in (before.version, f"{serial}.0.0")
    assert _start(new, store, root).wait(60) == 0
    status = Store(store).status()
    assert status.active is not None
    assert status.active.version == "17.0.0"
    assert not any(bundle.problem for bundle in status.bundles)

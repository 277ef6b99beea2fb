"""The whole path on real networks: the shipped checkpoint, exported, reads the shipped clip."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from edge.samples import demo_clip

pytestmark = pytest.mark.slow


def test_pictures_in_captions_out(edge, demo_bundle):
    done = edge("run", "--bundle", demo_bundle, "--source", "demo", "--json", timeout=240)
    assert done.code == 0 and done.err == ""
    assert [o["text"] for o in done.objects if o["type"] == "caption"] == ["H", "HE", "HEL", "HELL", "HELLO"]
    summary = done.objects[-1]
    assert summary["text"] == "HELLO" and summary["frames"] == 187 and summary["dropped"] == 0
    assert all(summary["stages"][stage]["n"] == 187 for stage in ("capture", "landmarks", "recognition", "total"))
    assert 0 < summary["latency"]["p50"] < 5
    assert summary["peak_memory"] < 300 << 20


def test_the_same_frames_as_a_folder_of_pictures_read_the_same(edge, demo_bundle, tmp_path):
    capture = cv2.VideoCapture(str(demo_clip()))
    index = 0
    while (read := capture.read())[0]:
        # Every other frame: a camera of half the rate reads the same word.
        if index % 2 == 0:
            cv2.imwrite(str(tmp_path / f"frame{index}.jpg"), read[1], [cv2.IMWRITE_JPEG_QUALITY, 95])
        index += 1
    folder = tmp_path / "pictures"
    folder.mkdir()
    for path in tmp_path.glob("*.jpg"):
        path.rename(folder / path.name)
    done = edge("run", "--bundle", demo_bundle, "--source", folder, "--fps", 12.5, "--json", timeout=240)
    assert done.code == 0 and done.objects[-1]["text"] == "HELLO"


def test_in_real_time_no_frame_waits_for_long_on_a_machine_of_any_speed(edge, demo_bundle):
    summary = edge("run", "--bundle", demo_bundle, "--source", "demo", "--realtime", "--json").objects[-1]
    assert summary["frames"] + summary["dropped"] == 187
    assert 7 < summary["seconds"] < 12
    # A frame waits for the one before it at most: its age at pick-up stays below what a slow frame takes.
    assert summary["stages"]["capture"]["p90"] <= summary["stages"]["total"]["p99"]


def test_neither_torch_nor_the_export_is_imported(demo_bundle: Path):
    program = (
        "import sys; from edge.cli import main\n"
        f"code = main(['run', '--bundle', {str(demo_bundle)!r}, '--source', 'demo', '--json', '--max-frames', '5'])\n"
        "heavy = {'torch', 'onnx', 'tflite', 'sklearn', 'scipy', 'matplotlib', 'export', 'benchmarks', 'rich'}\n"
        "sys.exit(code or ' '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")

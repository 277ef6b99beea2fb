from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from edge import assembly
from edge.bundle.choice import choose_variants


def test_a_recording_becomes_captions(edge, tiny_bundle, ab):
    done = edge("run", "--bundle", tiny_bundle, "--source", ab, "--headless")
    assert done.code == 0 and done.err == ""
    lines = done.out.splitlines()
    assert [line.split("s  ")[1] for line in lines[:4]] == ["A", "AB", "ABB", "ABBA"]
    assert lines[4] == "transcript: ABBA"
    assert any(line.startswith("capture-to-caption latency: p50 ") for line in lines)


def test_json_lines_tell_the_same_and_nothing_else_is_on_stdout(edge, tiny_bundle, ab):
    done = edge("run", "--bundle", tiny_bundle, "--source", ab, "--json")
    assert done.code == 0 and done.err == ""
    objects = done.objects
    assert {o["type"] for o in objects} == {"state", "sign", "caption", "summary"}
    assert (objects[0]["type"], objects[0]["name"], objects[0]["time"]) == ("state", "starting", 0.0)
    assert [o["label"] for o in objects if o["type"] == "sign"] == list("ABBA")
    captions = [o for o in objects if o["type"] == "caption"]
    assert [o["text"] for o in captions] == ["A", "AB", "ABB", "ABBA"]
    assert all(o["latency"] is None or 0 < o["latency"] < 5 for o in captions)
    summary = objects[-1]
    assert summary["type"] == "summary" and summary["text"] == "ABBA" and summary["dropped"] == 0
    assert summary["frames"] == len(np.load(ab)["landmarks"])
    assert summary["bundle"] == "sample 1.0.0" and summary["variant"] in ("fp32", "int8")
    assert 20 << 20 < summary["peak_memory"] < 400 << 20


def test_the_active_bundle_of_a_store_runs(edge, tiny_bundle, ab, tmp_path):
    store = tmp_path / "store"
    assert edge("install", tiny_bundle, "--store", store).code == 0
    done = edge("run", "--store", store, "--source", ab, "--json")
    assert done.objects[-1]["text"] == "ABBA"
    done = edge("run", "--source", ab, "--json", FINGERPOST_STORE=str(store))
    assert done.objects[-1]["text"] == "ABBA"


def test_realtime_takes_as_long_as_the_recording(edge, tiny_bundle, ab):
    begin = time.monotonic()
    done = edge("run", "--bundle", tiny_bundle, "--source", ab, "--json", "--realtime")
    summary = done.objects[-1]
    assert done.code == 0 and summary["text"] == "ABBA"
    assert summary["seconds"] > 7 and time.monotonic() - begin > 7
    assert summary["frames"] + summary["dropped"] == len(np.load(ab)["landmarks"])


def test_frames_and_variant_can_be_chosen(edge, tiny_bundle, ab):
    words = ["run", "--bundle", tiny_bundle, "--source", ab, "--json"]
    summary = edge(*words, "--variant", "fp32", "--max-frames", "7", "--threads", "1").objects[-1]
    assert summary["variant"] == "fp32" and summary["frames"] == 7


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_cleanly(tiny_bundle, long_recording, number):
    with started(tiny_bundle, long_recording) as process:
        begin = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        took = time.monotonic() - begin
    assert process.returncode == 0 and err == ""
    objects = [json.loads(line) for line in out.splitlines()]
    assert [o["type"] for o in objects[-2:]] == ["state", "summary"]
    assert objects[-2]["name"] == "ended" and objects[-1]["frames"] >= 1
    assert took < 3


def test_a_signal_while_the_networks_are_loaded_is_not_forgotten(main, tiny_bundle, long_recording, monkeypatch):
    def choose_and_interrupt(*args, **options):
        os.kill(os.getpid(), signal.SIGTERM)
        return choose_variants(*args, **options)

    monkeypatch.setattr(assembly, "choose_variants", choose_and_interrupt)
    done = main("run", "--bundle", tiny_bundle, "--source", long_recording, "--json", "--realtime")
    assert done.code == 0 and done.err == ""
    assert done.objects[-1]["type"] == "summary" and done.objects[-1]["frames"] == 0


def test_on_a_terminal_the_caption_is_live_and_the_terminal_is_given_back(tiny_bundle, ab):
    main_end, terminal = pty.openpty()
    words = [sys.executable, "-m", "edge", "run", "--bundle", tiny_bundle, "--source", ab]
    process = subprocess.Popen(words, stdout=terminal, stderr=terminal, env=os.environ | {"TERM": "xterm"})
    os.close(terminal)
    shown = b""
    with os.fdopen(main_end, "rb", buffering=0) as stream, suppress(OSError):  # Linux: EIO when the process has gone
        while chunk := stream.read(4096):
            shown += chunk
    assert process.wait(20) == 0
    assert b"waiting for a hand" in shown and b"transcript: ABBA" in shown
    assert shown.rindex(b"\x1b[?25h") > shown.rindex(b"\x1b[?25l")  # the cursor is back


def test_a_reader_that_goes_away_ends_the_run_without_a_word(tiny_bundle, ab):
    words = [sys.executable, "-m", "edge", "run", "--bundle", tiny_bundle, "--source", ab, "--json", "--realtime"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(20) == 0
        assert process.stderr.read() == ""


def test_heavy_packages_that_a_recording_does_not_need_are_not_imported(tiny_bundle, ab):
    program = (
        "import sys; from edge.cli import main\n"
        f"code = main(['run', '--bundle', {str(tiny_bundle)!r}, '--source', {str(ab)!r}, '--json'])\n"
        "heavy = {'torch', 'onnx', 'sklearn', 'scipy', 'matplotlib', 'export', 'benchmarks', 'cv2', 'rich'}\n"
        "sys.exit(code or ' '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_nothing_is_written_anywhere_the_process_may_write(tiny_bundle, ab, tmp_path):
    homes = {name: tmp_path / name for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")}
    for folder in homes.values():
        folder.mkdir()
    before = {path: path.stat().st_mtime_ns for path in (tiny_bundle, tiny_bundle.parent, ab)}
    done = subprocess.run(
        [sys.executable, "-m", "edge", "run", "--bundle", tiny_bundle, "--source", ab, "--json"],
        cwd=homes["HOME"],
        env=os.environ | {name: str(folder) for name, folder in homes.items()} | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert [list(folder.iterdir()) for folder in homes.values()] == [[]] * 4
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.fixture(scope="module")
def long_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two minutes of nobody."""
    path = tmp_path_factory.mktemp("long") / "long.npz"
    np.savez_compressed(path, landmarks=np.zeros((3600, 2, 21, 3), np.float32))
    return path


@contextmanager
def started(bundle: Path, source: Path) -> Iterator[subprocess.Popen[str]]:
    """A run in real time, given over when its first frame was read."""
    words = [sys.executable, "-m", "edge", "run", "--bundle", bundle, "--source", source, "--json", "--realtime"]
    process = subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        names = [json.loads(process.stdout.readline())["name"] for _ in range(2)]
        assert names == ["starting", "waiting"]
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.mark.parametrize(
    ("words", "ends"),
    [
        (("--mqtt", "http://home"), (2, "no address of a broker")),
        (("--mqtt", "mqtt://me:secret@home"), (2, "--mqtt-login FILE")),
        (("--mqtt", "mqtt://home", "--mqtt-ca", "ca.pem"), (2, "with TLS only")),
        (
            ("--mqtt", "mqtts://home", "--mqtt-ca", "none.pem"),
            (3, "none.pem: the broker's CA certificate cannot be read"),
        ),
        (("--mqtt", "mqtt://home", "--mqtt-login", "none"), (3, "none: the broker's login cannot be read")),
        (("--speech", "xx; ls"), (2, "no language to speak")),
    ],
)
def test_a_voice_or_broker_that_makes_no_sense_is_one_line(edge, tiny_bundle, ab, words, ends):
    code, message = ends
    done = edge("run", "--bundle", tiny_bundle, "--source", ab, *words)
    assert done.code == code and message in done.err and len(done.err.splitlines()) == 1
    assert "secret" not in done.err


def test_a_broker_that_refuses_does_not_stop_the_run(edge, tiny_bundle, ab):
    done = edge("run", "--bundle", tiny_bundle, "--source", ab, "--headless", "--mqtt", "mqtt://127.0.0.1:9/test")
    assert done.code == 0
    assert "transcript: ABBA" in done.out


@pytest.mark.parametrize("more", [(), ("--realtime",)])
def test_a_sentence_is_made_of_a_recording_and_beside_a_live_source(edge, tiny, tiny_bundle, tmp_path, more):
    np.savez(tmp_path / "ab.npz", landmarks=tiny.recording("AB", hold=0.6, gap=0.5), fps=tiny.fps)
    done = edge("run", "--bundle", tiny_bundle, "--source", tmp_path / "ab.npz", "--json", "--sentence", "rules", *more)
    assert done.code == 0 and done.err == ""
    (sentence,) = (each for each in done.objects if each["type"] == "sentence")
    assert (sentence["read"], sentence["by"]) == ("AB", "rules")
    (past,) = (each for each in done.objects if each["type"] == "past")
    assert [each["text"] for each in past["sentences"]] == [sentence["text"]]


def test_what_was_said_is_in_no_file_after_the_run(edge, tiny_bundle, ab, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    places = ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_STATE_HOME", "FINGERPOST_STORE")
    everywhere = dict.fromkeys(places, str(home))
    words = ("--sentence", "rules", "--kiosk", "0", "--headless")
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    done = edge("run", "--bundle", tiny_bundle, "--source", ab, *words, **everywhere)
    assert "transcript: ABBA" in done.out
    new = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert not [path for path in new if b"abba" in path.read_bytes().lower()]


def test_a_kiosk_gets_words_to_choose_from(edge, tiny_bundle, ab, tmp_path):
    words = ("run", "--bundle", tiny_bundle, "--source", ab, "--json", "--kiosk", "0")
    done = edge(*words, FINGERPOST_STORE=str(tmp_path))
    assert done.code == 0
    offered = [each for each in done.objects if each["type"] == "suggestions"]
    assert [each["spelled"] for each in offered][:3] == ["A", "AB", "ABB"]
    assert all(0 < len(each["words"]) <= 3 for each in offered[:3])

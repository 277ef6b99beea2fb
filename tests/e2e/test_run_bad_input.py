"""Whatever is wrong with what is handed in: one line, a documented exit code, no traceback, nothing left behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest


def fails(run: Callable[..., Any], code: int, *words: object) -> str:
    """The one line of a failing run, the same in plain and JSON mode."""
    plain, as_json = run(*words), run(*words, "--json")
    for done in (plain, as_json):
        assert done.code == code, done
        assert "Traceback" not in done.err
        assert len(done.err.splitlines()) == 1 and done.err.startswith("error: "), done.err
    line = plain.err.removeprefix("error: ").strip()
    last = json.loads(as_json.out.splitlines()[-1])
    assert last["type"] == "error" and last["code"] == code and last["message"] == line
    return line


def test_a_process_ends_with_the_code_and_the_line(edge, tiny_bundle):
    line = fails(edge, 5, "run", "--bundle", tiny_bundle, "--source", "nowhere.mp4")
    assert line.startswith("nowhere.mp4: there is no such file")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("98", "/dev/video98: there is no camera here"),
        ("/dev/null", "/dev/null: this device gives no pictures"),
        ("nowhere.mp4", "nowhere.mp4: there is no such file"),
        ("ftp://kitchen/1", "ftp://kitchen/1: addresses of this kind are not read"),
    ],
)
def test_a_source_that_is_not_there(main, tiny_bundle, source, says):
    assert says in fails(main, 5, "run", "--bundle", tiny_bundle, "--source", source)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.mp4", b"", "the file is empty"),
        ("text.mp4", b"once upon a time " * 200, "no video could be found"),
        ("text.npz", b"once upon a time", "no landmark recording"),
        ("hand.png", b"\x89PNG", "one picture is no clip"),
    ],
)
def test_a_file_that_is_no_source(main, tiny_bundle, tmp_path, name, content, says):  # noqa: PLR0917 - fixtures
    path = tmp_path / name
    path.write_bytes(content)
    line = fails(main, 5, "run", "--bundle", tiny_bundle, "--source", path)
    assert line.startswith(f"{path}: ") and says in line


def test_a_folder_without_pictures(main, tiny_bundle, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    assert "holds no pictures" in fails(main, 5, "run", "--bundle", tiny_bundle, "--source", folder)


def test_a_recording_of_another_shape(main, tiny_bundle, tmp_path):
    np.savez(tmp_path / "r.npz", landmarks=np.zeros((30, 21, 3), np.float32))
    line = fails(main, 5, "run", "--bundle", tiny_bundle, "--source", tmp_path / "r.npz")
    assert "expected float (T, 2, 21, 3) or (T, 543, 3); found float32 (30, 21, 3)" in line


def test_a_bundle_without_hand_networks_cannot_read_pictures(main, tiny_bundle, tmp_path):
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((48, 64, 3), np.uint8))
    line = fails(main, 4, "run", "--bundle", tiny_bundle, "--source", tmp_path)
    assert "the bundle has no palm network" in line and str(tiny_bundle) in line


def test_a_missing_bundle(main, ab, tmp_path):
    assert str(tmp_path / "no.bundle") in fails(main, 4, "run", "--bundle", tmp_path / "no.bundle", "--source", ab)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_truncated_bundle(main, tiny_bundle, ab, tmp_path, share):
    content = tiny_bundle.read_bytes()
    path = tmp_path / "cut.bundle"
    path.write_bytes(content[: int(len(content) * share)])
    assert str(path) in fails(main, 4, "run", "--bundle", path, "--source", ab)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_bundle_with_one_flipped_byte(main, tiny_bundle, ab, tmp_path, share):
    content = bytearray(tiny_bundle.read_bytes())
    content[int(len(content) * share)] ^= 0x10
    path = tmp_path / "flipped.bundle"
    path.write_bytes(content)
    assert str(path) in fails(main, 4, "run", "--bundle", path, "--source", ab)


def test_a_network_that_is_no_onnx(main, make_bundle, ab):
    line = fails(main, 9, "run", "--bundle", make_bundle(fp32=b"no network", int8=b"no network"), "--source", ab)
    assert "sample 1.0.0 classifier fp32: this ONNX Runtime cannot load the network" in line


def test_a_network_that_gives_other_answers_than_the_golden_ones(main, make_bundle, ab, tmp_path):
    rng = np.random.default_rng(0)
    arrays = {
        "landmarks": rng.random((8, 30, 2, 21, 3), dtype=np.float32),
        "mask": np.ones((8, 30), np.float32),
    }
    right = arrays["landmarks"][:, :, 1, 8, 1] - arrays["landmarks"][:, :, 1, 0, 1]
    is_a = right.mean(axis=1) > -0.25
    np.savez(tmp_path / "golden.npz", **arrays, logits=np.stack([~is_a, is_a], 1).astype(np.float32))
    bundle = make_bundle(golden=(tmp_path / "golden.npz").read_bytes())
    line = fails(main, 9, "run", "--bundle", bundle, "--source", ab)
    assert "no variant of the bundle's classifier" in line and "differs from the golden outputs" in line


def test_golden_inputs_that_do_not_fit(main, make_bundle, ab, tmp_path):
    np.savez(tmp_path / "golden.npz", points=np.zeros((2, 3), np.float32))
    bundle = make_bundle(golden=(tmp_path / "golden.npz").read_bytes())
    assert "the golden inputs do not fit" in fails(main, 4, "run", "--bundle", bundle, "--source", ab)


def test_a_variant_that_the_bundle_does_not_have(main, tiny_bundle, ab):
    line = fails(main, 2, "run", "--bundle", tiny_bundle, "--source", ab, "--variant", "fp16")
    assert "expected fp32 or int8; found fp16" in line


def test_a_bundle_that_nobody_signed_where_signatures_are_required(main, tiny_bundle, ab):
    line = fails(main, 4, "run", "--bundle", tiny_bundle, "--source", ab, "--policy", "require")
    assert "the bundle is not signed" in line


def test_a_store_without_a_bundle(main, ab, tmp_path):
    line = fails(main, 7, "run", "--store", tmp_path / "store", "--source", ab)
    assert "no bundle is active here" in line and "edge install FILE" in line


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["walk"],
        ["run", "--sauce", "0"],
        ["run", "--threads", "0"],
        ["run", "--fps", "fast"],
        ["run", "--max-frames", "-1"],
        ["run", "--variant", "int4"],
        ["run", "--bundle", "a.bundle", "--store", "b"],
    ],
)
def test_words_that_are_off(main, words):
    assert "--help`" in fails(main, 2, *words)


def test_a_broken_picture_is_named_after_what_was_read(demo_bundle, main, tmp_path):
    folder: Path = tmp_path / "pictures"
    folder.mkdir()
    for n in range(3):
        cv2.imwrite(str(folder / f"{n}.png"), np.zeros((48, 64, 3), np.uint8))
    (folder / "2.png").write_bytes(b"no picture")
    done = main("run", "--bundle", demo_bundle, "--source", folder, "--json")
    assert done.code == 5 and "2.png: this is no picture" in done.err
    assert [o["type"] for o in done.objects[-2:]] == ["summary", "error"]
    assert done.objects[-2]["frames"] == 2

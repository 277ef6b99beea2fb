"""What is handed out of a bundle was checked; what is wrong with a bundle is said in one line."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.bundle.npz import read_npz
from edge.bundle.plain_zip import write_archive
from edge.bundle.reader import MANIFEST, open_bundle
from edge.bundle.samples import sample_files, sample_manifest, write_sample
from edge.bundle.writer import manifest_json, write_bundle
from edge.errors import BundleError


def _unpacked(bundle: Path, folder: Path) -> Path:
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    return folder


def _with_manifest(path: Path, data: bytes) -> Path:
    with path.open("wb") as file:
        write_archive(file, {MANIFEST: data})
    return path


def _refusal(path: Path) -> str:
    with pytest.raises(BundleError) as caught:
        open_bundle(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_sample(tmp_path / "sample.bundle")


def test_packed_and_unpacked_read_alike(bundle: Path, tmp_path: Path) -> None:
    files = sample_files(1)
    for path in (bundle, _unpacked(bundle, tmp_path / "folder")):
        with open_bundle(path) as opened:
            opened.verify()
            assert opened.title == "sample 1.0.0"
            assert opened.network("classifier", "int8") == files["classifier-int8.onnx"]
            assert opened.golden()["landmarks"].shape == (4, 30, 2, 21, 3)
            assert opened.signature() is None


def test_the_same_files_make_the_same_bundle(bundle: Path, tmp_path: Path) -> None:
    assert write_sample(tmp_path / "again.bundle").read_bytes() == bundle.read_bytes()


def test_each_flipped_byte_is_noticed(bundle: Path) -> None:
    whole = bundle.read_bytes()
    headers = whole.index(b"PK\x01\x02")
    for at in [*range(0, headers, 101), *range(headers, len(whole), 3)]:
        bundle.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        with pytest.raises(BundleError), open_bundle(bundle) as opened:
            opened.verify()


def test_a_changed_file_is_not_handed_out_and_both_hashes_are_named(bundle: Path) -> None:
    data = sample_files(1)["classifier-fp32.onnx"]
    changed = bytes([data[0] ^ 1]) + data[1:]
    bundle.write_bytes(bundle.read_bytes().replace(data, changed))
    with open_bundle(bundle) as opened:
        with pytest.raises(BundleError, match="was changed") as caught:
            opened.network("classifier", "fp32")
        assert hashlib.sha256(data).hexdigest() in str(caught.value)
        assert hashlib.sha256(changed).hexdigest() in str(caught.value)
        assert opened.network("classifier", "int8") == sample_files(1)["classifier-int8.onnx"]


def test_verify_lists_missing_extra_and_changed(bundle: Path, tmp_path: Path) -> None:
    folder = _unpacked(bundle, tmp_path / "folder")
    (folder / "golden.npz").unlink()
    (folder / "surprise.txt").write_text("boo")
    (folder / "MODEL_CARD.md").write_text("other")
    with open_bundle(folder) as opened:
        kinds = {(d.file, d.kind) for d in opened.differences()}
        assert kinds == {("golden.npz", "missing"), ("surprise.txt", "extra"), ("MODEL_CARD.md", "changed")}
        with pytest.raises(BundleError) as caught:
            opened.verify()
    message = str(caught.value)
    files = sample_files(1)
    card, golden = (hashlib.sha256(files[name]).hexdigest() for name in ("MODEL_CARD.md", "golden.npz"))
    other, boo = (hashlib.sha256(text).hexdigest() for text in (b"other", b"boo"))
    assert f"missing golden.npz (expected {golden}, found none)" in message
    assert f"extra surprise.txt (expected none, found {boo})" in message
    assert f"changed MODEL_CARD.md (expected {card}, found {other})" in message


def test_a_network_that_is_not_there_names_those_that_are(bundle: Path) -> None:
    with open_bundle(bundle) as opened, pytest.raises(BundleError, match=r"expected hand fp32; found classifier fp32"):
        opened.network("hand", "fp32")


def test_a_zip_without_manifest_is_no_bundle(tmp_path: Path) -> None:
    path = tmp_path / "a.bundle"
    with path.open("wb") as file:
        write_archive(file, {"a": b"1"})
    assert "expected a manifest.json" in _refusal(path)


def test_a_huge_manifest_is_refused_unread(tmp_path: Path) -> None:
    assert "too large" in _refusal(_with_manifest(tmp_path / "a.bundle", b" " * (5 << 20)))


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": ' * 50_000])
def test_a_manifest_that_is_no_json_is_refused(tmp_path: Path, data: bytes) -> None:
    assert "no JSON" in _refusal(_with_manifest(tmp_path / "a.bundle", data))


def test_a_newer_schema_names_itself_ours_and_the_release_to_install(tmp_path: Path) -> None:
    raw = {"schema_version": 7, "tools": {"fingerpost": "3.2.1"}, "unheard": ["of"]}
    message = _refusal(_with_manifest(tmp_path / "a.bundle", json.dumps(raw).encode()))
    assert "schema 7" in message
    assert "schema <= 1" in message
    assert "3.2.1" in message


@pytest.mark.parametrize("version", [None, "1", 0, True, 1.5])
def test_a_manifest_without_a_schema_version_is_refused(tmp_path: Path, version: Any) -> None:
    raw = json.dumps({"schema_version": version}).encode()
    assert "no schema version" in _refusal(_with_manifest(tmp_path / "a.bundle", raw))


def _edit(change: Callable[[dict[str, Any]], object]) -> bytes:
    raw = json.loads(manifest_json(sample_manifest(sample_files())))
    change(raw)
    return json.dumps(raw).encode()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda raw: raw.pop("labels"), "labels: Field required"),
        (lambda raw: raw.update(serial=-1), "serial"),
        (lambda raw: raw["networks"][0].update(file="../evil"), "networks.0.file"),
        (lambda raw: raw["networks"][1].update(sha256="xyz"), "networks.1.sha256"),
        (lambda raw: raw.update(surprise=1), "surprise"),
        (lambda raw: raw["labels"].append(raw["labels"][0]), "labels appear twice: A"),
        (lambda raw: raw["golden"].update(file="manifest.json"), "two entries name the same file"),
        (lambda raw: raw.update(name="A/B"), "name"),
    ],
)
def test_an_invalid_manifest_names_the_field(tmp_path: Path, change: Callable[[Any], object], field: str) -> None:
    assert field in _refusal(_with_manifest(tmp_path / "a.bundle", _edit(change)))


def test_a_message_stays_one_short_line_whatever_the_manifest_holds(tmp_path: Path) -> None:
    data = _edit(lambda raw: raw.update(name="\x1b[2J\n" + "x" * 10_000))
    message = _refusal(_with_manifest(tmp_path / "a.bundle", data))
    assert "\x1b" not in message
    assert len(message) < 600


def test_the_writer_refuses_files_that_the_manifest_does_not_name(tmp_path: Path) -> None:
    files = sample_files()
    manifest = sample_manifest(files)
    with pytest.raises(BundleError, match="extra"):
        write_bundle(tmp_path / "a.bundle", manifest, {**files, "extra": b""})
    with pytest.raises(BundleError, match="golden"):
        write_bundle(tmp_path / "a.bundle", manifest, {**files, "golden.npz": b""})
    assert not list(tmp_path.iterdir())


class TestNpz:
    @staticmethod
    def _npz(**arrays: Any) -> bytes:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)
        return buffer.getvalue()

    def test_arrays_come_back_as_they_were(self) -> None:
        arrays = {
            "a": np.arange(6.0).reshape(2, 3),
            "b": np.asfortranarray(np.eye(3, 2)),
            "c": np.array(3),
            "d": np.zeros((0, 4)),
        }
        found = read_npz(self._npz(**arrays), where="x")
        for name, array in arrays.items():
            assert np.array_equal(found[name], array)
            assert found[name].dtype == array.dtype

    def test_an_object_array_is_refused_unread(self) -> None:
        data = self._npz(a=np.array([{"x": 1}], dtype=object))
        with pytest.raises(BundleError, match="never done"):
            read_npz(data, where="x")

    def test_a_header_that_asks_for_more_than_there_is_is_refused(self) -> None:
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (10**12,)})
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("a.npy", header.getvalue() + b"1234")
        with pytest.raises(BundleError, match="4 bytes for float32"):
            read_npz(buffer.getvalue(), where="x")

    def test_a_bomb_is_refused_before_it_grows(self) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for i in range(3):
                archive.writestr(f"a{i}.npy", bytes(100 << 20))
        with pytest.raises(BundleError, match="too large"):
            read_npz(buffer.getvalue(), where="x")

    @pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\x93NUMPY" + bytes(50)])
    def test_something_else_is_refused(self, data: bytes) -> None:
        with pytest.raises(BundleError, match=re.escape("not an npz file")):
            read_npz(data, where="x")

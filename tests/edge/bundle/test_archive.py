"""Odd, damaged and hostile bundle files: each is refused, each with its own words."""

from __future__ import annotations

import mmap
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.bundle.archive import open_archive
from edge.bundle.plain_zip import ALIGNMENT, ZipArchive, write_archive
from edge.bundle.samples import write_sample
from edge.errors import BundleError


def _zip(path: Path, fill: Callable[[zipfile.ZipFile], None]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        fill(archive)
    return path


def _refusal(path: Path) -> str:
    with pytest.raises(BundleError) as caught:
        open_archive(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


def _plain(path: Path, parts: dict[str, bytes]) -> Path:
    with path.open("wb") as file:
        write_archive(file, parts)
    return path


def test_what_is_written_is_read_back_here_and_by_any_zip_tool(tmp_path: Path) -> None:
    path = _plain(tmp_path / "a.bundle", {"a": b"one", "b": b""})
    with zipfile.ZipFile(path) as other:
        assert other.testzip() is None
        assert {name: other.read(name) for name in other.namelist()} == {"a": b"one", "b": b""}
    archive = ZipArchive(path)
    assert archive.sizes == {"a": 3, "b": 0}
    assert b"".join(archive.chunks("a")) == b"one"
    assert b"".join(archive.chunks("b")) == b""
    archive.close()


def test_every_file_begins_where_it_can_be_mapped(tmp_path: Path) -> None:
    files = {f"{'n' * length}.onnx": bytes([length]) * size for length, size in enumerate(range(0, 300, 7), 1)}
    path = _plain(tmp_path / "a.bundle", files)
    with zipfile.ZipFile(path) as other, path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        for info in other.infolist():
            name, extra = struct.unpack_from("<2H", mapped, info.header_offset + 26)
            begin = info.header_offset + 30 + name + extra
            assert begin % ALIGNMENT == 0
            assert mapped[begin : begin + info.file_size] == files[info.filename] == other.read(info)
        mapped.close()


def test_bytes_hidden_in_the_padding_are_refused(tmp_path: Path) -> None:
    path = _plain(tmp_path / "a.bundle", {"a": b"one"})
    whole = bytearray(path.read_bytes())
    assert whole[63] == 0
    whole[63] = 1
    path.write_bytes(whole)
    assert "two different headers of a" in _refusal(path)


def test_a_missing_file_and_an_unreadable_kind_are_named(tmp_path: Path) -> None:
    assert "No such file" in _refusal(tmp_path / "none.bundle")
    assert "something else" in _refusal(Path("/dev/null"))


@pytest.mark.parametrize(("content", "words"), [(b"", "an empty file"), (b"x" * 4000, "no zip"), (b"PK", "no zip")])
def test_something_else_than_a_zip_is_no_bundle(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.bundle"
    path.write_bytes(content)
    assert words in _refusal(path)


def test_a_bundle_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    whole = write_sample(tmp_path / "a.bundle").read_bytes()
    path = tmp_path / "cut.bundle"
    for length in {*range(4, len(whole), 397), len(whole) - 1, len(whole) - 21, len(whole) - 22, len(whole) - 23}:
        path.write_bytes(whole[:length])
        with pytest.raises(BundleError):
            open_archive(path)
    path.write_bytes(whole[: len(whole) // 2])
    assert "cut short" in _refusal(path)


@pytest.mark.parametrize("place", ["front", "middle", "end"])
def test_bytes_that_belong_to_no_file_are_refused(tmp_path: Path, place: str) -> None:
    path = _plain(tmp_path / "a.bundle", {"a": b"one"})
    whole = path.read_bytes()
    at = {"front": 0, "middle": whole.index(b"PK\x01\x02"), "end": len(whole)}[place]
    path.write_bytes(whole[:at] + b"junk" + whole[at:])
    _refusal(path)


def test_bytes_between_files_are_refused(tmp_path: Path) -> None:
    parts = _plain(tmp_path / "a.bundle", {"a": b"1", "b": b"2"}).read_bytes()
    whole = bytearray(parts.replace(b"PK\x03\x04", b"junkPK\x03\x04").removeprefix(b"junk"))
    struct.pack_into("<L", whole, whole.rindex(b"PK\x01\x02") + 42, whole.rindex(b"PK\x03\x04"))
    struct.pack_into("<L", whole, len(whole) - 6, whole.index(b"PK\x01\x02"))
    path = tmp_path / "a.bundle"
    path.write_bytes(whole)
    assert "b at bytes 69 to" in _refusal(path)


def test_a_comment_that_hides_bytes_is_refused(tmp_path: Path) -> None:
    def fill(archive: zipfile.ZipFile) -> None:
        archive.writestr("a", b"one")
        archive.comment = b"more"

    assert "cut short or has bytes added" in _refusal(_zip(tmp_path / "a.bundle", fill))


def test_a_bundle_that_was_zipped_again_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.bundle", lambda z: z.writestr("a", b"one"))
    assert "was zipped again" in _refusal(path)


def test_a_compressed_bundle_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.bundle", lambda z: z.writestr("a", b"0" * 10_000, zipfile.ZIP_DEFLATED))
    assert "compressed" in _refusal(path)


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a/b", "..\\evil", "folder/"])
def test_a_path_is_refused(tmp_path: Path, name: str) -> None:
    assert "outside its folder" in _refusal(_zip(tmp_path / "a.bundle", lambda z: z.writestr(name, b"x")))


@pytest.mark.parametrize("name", [".hidden", "a b", "ü", "-rf", "x" * 128, "a\x1b[31m"])
def test_an_odd_name_is_refused(tmp_path: Path, name: str) -> None:
    assert "not allowed" in _refusal(_zip(tmp_path / "a.bundle", lambda z: z.writestr(name, b"x")))


def test_a_name_that_c_would_end_early_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.bundle", lambda z: z.writestr("aXb", b"x"))
    path.write_bytes(path.read_bytes().replace(b"aXb", b"a\0b"))
    assert "not allowed" in _refusal(path)


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    def fill(archive: zipfile.ZipFile) -> None:
        link = zipfile.ZipInfo("a")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, b"/etc/passwd")

    assert "a symbolic link" in _refusal(_zip(tmp_path / "a.bundle", fill))


def test_a_file_twice_is_refused(tmp_path: Path) -> None:
    path = _plain(tmp_path / "a.bundle", {"a": b"1", "b": b"1"})
    whole = path.read_bytes()
    path.write_bytes(whole[:30] + b"a" + whole[31:].replace(b"b", b"a"))
    assert "twice" in _refusal(path)


def test_overlapping_files_are_refused(tmp_path: Path) -> None:
    path = _plain(tmp_path / "a.bundle", {"a": b"1" * 100, "b": b"2" * 100})
    whole = bytearray(path.read_bytes())
    second = whole.rindex(b"PK\x01\x02")
    struct.pack_into("<L", whole, second + 42, 10)
    path.write_bytes(whole)
    assert "overlap" in _refusal(path)


@pytest.mark.parametrize("bit", [0x1, 0x40, 0x2000])
def test_an_encrypted_file_is_refused(tmp_path: Path, bit: int) -> None:
    path = _plain(tmp_path / "a.bundle", {"a": b"1"})
    whole = bytearray(path.read_bytes())
    struct.pack_into("<H", whole, whole.index(b"PK\x01\x02") + 8, bit)
    path.write_bytes(whole)
    assert "encrypted" in _refusal(path)


def test_two_headers_that_disagree_are_refused(tmp_path: Path) -> None:
    path = _plain(tmp_path / "a.bundle", {"abc": b"1"})
    path.write_bytes(path.read_bytes().replace(b"abc", b"abd", 1))
    assert "two different headers of abc" in _refusal(path)


def test_a_size_that_the_file_does_not_have_is_refused(tmp_path: Path) -> None:
    path = _plain(tmp_path / "a.bundle", {"a": b"1"})
    whole = bytearray(path.read_bytes())
    struct.pack_into("<LL", whole, whole.index(b"PK\x01\x02") + 20, 0xFFFFFFFF, 0xFFFFFFFF)
    path.write_bytes(whole)
    assert "a at bytes 0 to 4294967359" in _refusal(path)


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    path = _plain(tmp_path / "a.bundle", {f"f{i}": b"" for i in range(129)})
    assert "1 to 128 files; found 129" in _refusal(path)


def test_a_folder_with_a_link_or_a_folder_in_it_is_no_unpacked_bundle(tmp_path: Path) -> None:
    linked, nested = tmp_path / "linked", tmp_path / "nested"
    linked.mkdir()
    (linked / "a").symlink_to("/etc/passwd")
    (nested / "b").mkdir(parents=True)
    assert "plain files; found a" in _refusal(linked)
    assert "plain files; found b" in _refusal(nested)

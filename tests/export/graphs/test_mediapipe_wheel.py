import hashlib
import subprocess
import zipfile

import pytest

from edge.errors import DependencyError, InputError
from export.graphs import mediapipe_wheel as wheel_module
from export.graphs.mediapipe_wheel import NETWORKS, default_cache, fetch_networks


@pytest.fixture
def small(monkeypatch):
    """Two tiny files in place of the networks."""
    contents = {"a": b"network a", "b": b"network b"}
    entries = {n: (f"mediapipe/{n}.tflite", hashlib.sha256(c).hexdigest()) for n, c in contents.items()}
    monkeypatch.setattr(wheel_module, "NETWORKS", entries)
    return contents


@pytest.fixture
def no_pip(monkeypatch):
    def refuse(command, **_):
        raise AssertionError(f"pip was run: {command}")

    monkeypatch.setattr(subprocess, "run", refuse)


def write_wheel(path, contents):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in contents.items():
            archive.writestr(f"mediapipe/{name}.tflite", data)
    return path


def test_a_wheel_given_by_hand_is_enough(small, no_pip, tmp_path):
    wheel = write_wheel(tmp_path / "any.whl", small)
    assert fetch_networks(("a",), tmp_path / "cache", wheel=wheel) == {"a": b"network a"}
    wheel.unlink()
    assert fetch_networks(("a", "b"), tmp_path / "cache") == small


def test_a_wheel_in_the_cache_folder_is_found(small, no_pip, tmp_path):
    write_wheel(tmp_path / "mediapipe-0.10.18-cp311-cp311-manylinux_2_17_aarch64.whl", small)
    assert fetch_networks(("b",), tmp_path) == {"b": b"network b"}


def test_another_network_is_refused_and_nothing_is_written(small, no_pip, tmp_path):
    wheel = write_wheel(tmp_path / "any.whl", {**small, "b": b"tampered"})
    with pytest.raises(InputError, match=r"another network.*expected"):
        fetch_networks(("a",), tmp_path / "cache", wheel=wheel)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut off"])
def test_a_damaged_wheel_is_refused(small, no_pip, tmp_path, content):
    wheel = tmp_path / "broken.whl"
    wheel.write_bytes(content)
    with pytest.raises(InputError, match="not a readable wheel"):
        fetch_networks(("a",), tmp_path / "cache", wheel=wheel)


def test_another_package_is_refused(small, no_pip, tmp_path):
    with pytest.raises(InputError, match="not a mediapipe wheel"):
        fetch_networks(("a",), tmp_path / "cache", wheel=write_wheel(tmp_path / "other.whl", {"c": b""}))


def test_a_damaged_cached_network_is_fetched_again(small, tmp_path):
    fetch_networks(("a",), tmp_path, wheel=write_wheel(tmp_path / "any.whl", small))
    next(tmp_path.glob("mediapipe-*/a.tflite")).write_bytes(b"flipped")
    write_wheel(tmp_path / "mediapipe-0.10.21-x.whl", small)
    assert fetch_networks(("a",), tmp_path)["a"] == b"network a"


def test_without_a_network_the_error_says_what_to_do(small, monkeypatch, tmp_path):
    failed = subprocess.CompletedProcess([], 1, "", "WARNING: retrying\nERROR: No matching distribution found\n")
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: failed)
    said = []
    with pytest.raises(DependencyError, match=r"No matching distribution.*--mediapipe-wheel"):
        fetch_networks(("a",), tmp_path, progress=said.append)
    assert len(said) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_fetched_wheel_that_is_not_the_known_one_is_refused(small, monkeypatch, tmp_path):
    def download(command, **_):
        from pathlib import Path

        write_wheel(Path(command[command.index("--dest") + 1]) / "mediapipe.whl", small)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", download)
    with pytest.raises(InputError, match="not the known one"):
        fetch_networks(("a",), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_cache_is_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "fingerpost"


def test_every_network_is_pinned():
    assert all(len(digest) == 64 and path.endswith(".tflite") for path, digest in NETWORKS.values())

"""Whatever is wrong with a bundle, installing it is refused, changes nothing, and is said in words of its own."""

from __future__ import annotations

import io
import json
import os
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.bundle.plain_zip import write_archive
from edge.bundle.reader import MANIFEST, SIGNATURE, open_bundle
from edge.bundle.samples import sample_files, sample_manifest
from edge.bundle.signing import Trust, TrustedKey
from edge.bundle.store import Store
from edge.bundle.writer import manifest_json
from edge.errors import BundleError

KEY, STRANGER = (Ed25519PrivateKey.from_private_bytes(bytes([i]) * 32) for i in (1, 2))
TRUST = Trust("require", Path("/keys"), (TrustedKey("fleet", KEY.public_key().public_bytes_raw()),))
FILES = sample_files()
MANIFEST_BYTES = manifest_json(sample_manifest(FILES, serial=2))


def _parts(
    manifest: bytes = MANIFEST_BYTES, *, key: Ed25519PrivateKey = KEY, signed: bytes | None = None
) -> dict[str, bytes]:
    signature = key.public_key().public_bytes_raw() + key.sign(manifest if signed is None else signed)
    return {MANIFEST: manifest, SIGNATURE: signature, **FILES}


def _packed(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    write_archive(buffer, parts)
    return buffer.getvalue()


def _zipped(add: Callable[[zipfile.ZipFile], object], method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in _parts().items():
            archive.writestr(name, data)
        add(archive)
    return buffer.getvalue()


def _link(archive: zipfile.ZipFile) -> None:
    entry = zipfile.ZipInfo("passwd")
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    archive.writestr(entry, "/etc/passwd")


def _twice() -> bytes:
    parts = _parts() | {"golden.npy": b""}
    return _packed(parts).replace(b"golden.npy", b"golden.npz")


def _overlapping() -> bytes:
    whole = bytearray(_packed(_parts()))
    struct.pack_into("<L", whole, whole.rindex(b"PK\x01\x02") + 42, 100)
    return bytes(whole)


def _encrypted() -> bytes:
    whole = bytearray(_packed(_parts()))
    struct.pack_into("<H", whole, whole.rindex(b"PK\x01\x02") + 8, 1)
    return bytes(whole)


def _newer() -> bytes:
    manifest = json.loads(MANIFEST_BYTES) | {"schema_version": 2, "tools": {"fingerpost": "9.0.0"}}
    return _packed(_parts(json.dumps(manifest).encode()))


def _incomplete() -> bytes:
    return _packed({name: data for name, data in _parts().items() if name != "golden.npz"})


HOSTILE: dict[str, Callable[[], bytes]] = {
    "not signed": lambda: _packed({name: data for name, data in _parts().items() if name != SIGNATURE}),
    "signed by a stranger": lambda: _packed(_parts(key=STRANGER)),
    "another bundle's signature": lambda: _packed(_parts(signed=MANIFEST_BYTES + b" ")),
    "no signature at all": lambda: _packed(_parts() | {SIGNATURE: b"trust me"}),
    "a file missing": _incomplete,
    "zipped again": lambda: _zipped(lambda archive: None),
    "compressed, a bomb": lambda: _zipped(lambda z: z.writestr("z", bytes(10 << 20)), zipfile.ZIP_DEFLATED),
    "a path that leaves": lambda: _zipped(lambda z: z.writestr("../../evil", b"x")),
    "a symbolic link": lambda: _zipped(_link),
    "a file twice": _twice,
    "overlapping, a bomb": _overlapping,
    "encrypted": _encrypted,
    "newer than we are": _newer,
    "cut short": lambda: _packed(_parts())[:-100],
    "no bundle": lambda: b"x" * 1000,
    "no manifest": lambda: _packed({"a.txt": b""}),
    "a manifest that is no JSON": lambda: _packed(_parts(b"{")),
    "a manifest without a classifier": lambda: _packed(
        _parts(json.dumps(json.loads(MANIFEST_BYTES) | {"networks": []}).encode())
    ),
    "older than what was committed": lambda: _packed(_parts(manifest_json(sample_manifest(FILES, serial=1)))),
}


def _manifest_of_a_gigabyte(path: Path) -> None:
    """A sparse file: it takes a gigabyte to read, and none to make."""
    size = 1 << 30
    whole = bytearray(_packed({MANIFEST: b""}))
    directory = whole.index(b"PK\x01\x02")
    for at in (14 + 8, directory + 24):  # the local header's and the directory's sizes; nothing reads the CRC before
        struct.pack_into("<L", whole, at, size)
    struct.pack_into("<L", whole, 18, size)
    struct.pack_into("<L", whole, directory + 20, size)
    struct.pack_into("<L", whole, len(whole) - 6, directory + size)
    with path.open("wb") as file:
        file.write(whole[:directory])
        file.seek(size, os.SEEK_CUR)
        file.write(whole[directory:])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with a committed bundle, which trusts one key."""
    (tmp_path / "good.bundle").write_bytes(_packed(_parts()))
    store = Store(tmp_path / "store", trust=TRUST)
    with open_bundle(tmp_path / "good.bundle") as bundle:
        store.activate(store.install(bundle).name)
    store.commit()
    return store


def _refusal(store: Store, path: Path) -> BundleError:
    before = sorted(str(p) for p in store.root.rglob("*"))
    with pytest.raises(BundleError) as caught, open_bundle(path) as bundle:
        store.install(bundle)
    assert sorted(str(p) for p in store.root.rglob("*")) == before
    return caught.value


def test_each_refusal_has_its_own_message(store: Store, tmp_path: Path) -> None:
    path, said = tmp_path / "bad.bundle", {}
    for name, make in HOSTILE.items():
        path.write_bytes(make())
        said[name] = _refusal(store, path).what
    _manifest_of_a_gigabyte(path)
    error = _refusal(store, path)
    assert error.found == 1 << 30
    said["a manifest of a gigabyte"] = error.what
    same = {name: what for name, what in said.items() if list(said.values()).count(what) > 1}
    assert not same


def test_extra_and_changed_files_are_told_apart_with_both_hashes(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "bad.bundle"
    path.write_bytes(_packed(_parts() | {"MODEL_CARD.md": b"# a sample\n", "surprise.txt": b"boo"}))
    message = str(_refusal(store, path))
    assert "changed MODEL_CARD.md (expected " in message and "extra surprise.txt (expected none, found " in message

"""Malformed bundles, made by code from a good one: each is read, or refused with a BundleError, and that is all.

Bounded for CI; by hand, ``FINGERPOST_FUZZ=20000 pytest tests/edge/bundle/test_fuzz_bundle.py`` goes on for longer.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import struct
import tempfile
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.bundle.acceptance import accept
from edge.bundle.index import parse_index
from edge.bundle.manifest import Role
from edge.bundle.npz import read_npz
from edge.bundle.plain_zip import write_archive
from edge.bundle.reader import MANIFEST, SIGNATURE, open_bundle, parse_manifest
from edge.bundle.samples import sample_files, sample_manifest
from edge.bundle.signing import Trust, TrustedKey
from edge.bundle.store import Store
from edge.bundle.writer import manifest_json
from edge.engines import OnnxEngine
from edge.errors import BundleError, CheckFailedError, StoreError

EXAMPLES = int(os.environ.get("FINGERPOST_FUZZ", "120"))
fuzz = settings(
    max_examples=EXAMPLES,
    deadline=timedelta(seconds=5),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    print_blob=True,
)

FILES = sample_files()
RAW = json.loads(manifest_json(sample_manifest(FILES)))


def _bundle(manifest: bytes, files: dict[str, bytes], signature: bytes | None = None) -> bytes:
    buffer = io.BytesIO()
    own = {MANIFEST: manifest} | ({} if signature is None else {SIGNATURE: signature})
    write_archive(buffer, own | files)
    return buffer.getvalue()


GOOD = _bundle(manifest_json(sample_manifest(FILES)), FILES)
HEADERS = [at for at in range(len(GOOD)) if GOOD[at : at + 2] == b"PK"]
"""Where the zip's records begin: most of what can go wrong in reading is decided by the bytes behind these places."""


@st.composite
def damaged_bytes(draw: st.DrawFn, good: bytes = GOOD, marks: tuple[int, ...] = tuple(HEADERS)) -> bytes:
    """The good bytes with some changed, cut, doubled or put in, most often near a record."""
    data = bytearray(good)
    for _ in range(draw(st.integers(1, 4))):
        near = st.sampled_from(marks).flatmap(lambda at: st.integers(at, at + 50))
        at = draw(st.one_of(near, st.integers(0, len(data)))) % (len(data) + 1)
        kind = draw(st.sampled_from(["set", "number", "cut", "delete", "insert", "double"]))
        if kind == "set":
            data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
        elif kind == "number":
            value = draw(st.sampled_from([0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFFF, len(good), at]))
            data[at : at + 4] = struct.pack("<L", value & 0xFFFFFFFF)
        elif kind == "cut":
            del data[at:]
        elif kind == "delete":
            del data[at : at + draw(st.integers(1, 200))]
        elif kind == "insert":
            data[at:at] = draw(st.binary(max_size=50))
        else:
            data[at:at] = data[at : at + draw(st.integers(1, 500))]
    return bytes(data)


odd_json = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**30), 10**30),
        st.floats(),
        st.text(max_size=20),
        st.sampled_from(["../../etc/passwd", "manifest.json", "a\0b", "\x1b[2J", "x" * 5000, "golden.npz"]),
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in _places(item, (*path, key)))]


PLACES = _places(RAW)[1:]


@st.composite
def odd_manifests(draw: st.DrawFn) -> bytes:
    """The good manifest with some values replaced, removed, doubled, or fields added."""
    raw = copy.deepcopy(RAW)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(PLACES))
        with contextlib.suppress(KeyError, IndexError, TypeError):  # the place went with an earlier change
            holder = raw
            for key in place[:-1]:
                holder = holder[key]
            kind = draw(st.sampled_from(["replace", "remove", "add", "double"]))
            if kind == "replace":
                holder[place[-1]] = draw(odd_json)
            elif kind == "remove":
                del holder[place[-1]]
            elif kind == "add" and isinstance(holder, dict):
                holder[draw(st.text(max_size=10))] = draw(odd_json)
            elif isinstance(holder, list):
                holder.append(copy.deepcopy(holder[place[-1]]))
    return json.dumps(raw).encode()


def _read_all(path: Path) -> None:
    with open_bundle(path) as bundle:
        bundle.signature()
        bundle.differences()
        for entry in bundle.manifest.files:
            bundle.read(entry)
        bundle.golden()


def _refused_or_read(data: bytes, work: Callable[[Path], object] = _read_all) -> bool:
    """Whether it was read; anything but a one-line BundleError is a fault."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.bundle"
        path.write_bytes(data)
        try:
            work(path)
        except BundleError as error:
            assert "\n" not in str(error)
            return False
        finally:
            assert [p.name for p in Path(folder).iterdir()] == ["a.bundle"]
        return True


@fuzz
@given(damaged_bytes())
def test_a_damaged_file_is_refused(data: bytes) -> None:
    # Anything that is still read in full must be the very same bytes: no damage may go unnoticed.
    assert _refused_or_read(data) == (data == GOOD)


@fuzz
@given(odd_manifests())
def test_an_odd_manifest_is_refused_or_means_what_it_says(manifest: bytes) -> None:
    _refused_or_read(_bundle(manifest, FILES))


@fuzz
@given(st.one_of(st.binary(max_size=300), odd_json.map(lambda value: json.dumps(value).encode())))
def test_anything_else_is_no_manifest_and_no_index(data: bytes) -> None:
    with contextlib.suppress(BundleError):
        parse_manifest(data, where="x")
        pytest.fail("no such thing is a manifest")
    with contextlib.suppress(BundleError):
        index = parse_index(data, where="x")
        assert index.bundles == ()  # {"bundles": []} is one


@fuzz
@given(
    st.dictionaries(
        st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12),
        st.binary(max_size=50),
        max_size=4,
    )
)
def test_files_of_any_name_are_kept_out_of_the_store(files: dict[str, bytes]) -> None:
    """Zips made by another program, with names that may lead anywhere."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in ({MANIFEST: manifest_json(sample_manifest(FILES))} | FILES | files).items():
            archive.writestr(name, data)
    assert not _refused_or_read(buffer.getvalue())


NPZ = FILES["golden.npz"]
NPZ_MARKS = tuple(at for at in range(len(NPZ)) if NPZ[at : at + 2] == b"PK" or NPZ[at : at + 6] == b"\x93NUMPY")


@fuzz
@given(damaged_bytes(NPZ, NPZ_MARKS))
def test_a_damaged_npz_is_refused_or_gives_arrays(data: bytes) -> None:
    with contextlib.suppress(BundleError):
        for array in read_npz(data, where="x").values():
            assert isinstance(array, np.ndarray)
            assert not array.dtype.hasobject


ODD_ARRAYS = st.builds(
    lambda shape, kind, fill: np.full(shape, fill).astype(kind, casting="unsafe"),
    st.lists(st.integers(0, 4), max_size=5),
    st.sampled_from(["<f4", "<f2", "<f8", "u1", "<i8", "?", "<U3", "<c8", "<M8[s]"]),
    st.sampled_from([0, 1, 255]),
) | st.sampled_from([np.full((4, 2), np.nan, np.float32), np.full((4, 2), 1e38, np.float32), np.float32(3)])
GOLDEN_NAMES = ["landmarks", "mask", "logits", "hand/landmarks", "hand/mask", "hand/logits", "hand/presence", "hand/"]
GOLDEN = read_npz(FILES["golden.npz"], where="x")


@fuzz
@given(st.dictionaries(st.sampled_from(GOLDEN_NAMES), ODD_ARRAYS, max_size=4), st.sampled_from(["classifier", "hand"]))
def test_odd_golden_arrays_bar_or_refuse_a_network(odd: dict[str, Any], role: Role) -> None:
    files = FILES | {"hand-fp32.onnx": FILES["classifier-fp32.onnx"]}
    hand = sample_manifest(files).networks[0].model_copy(update={"file": "hand-fp32.onnx", "role": "hand"})
    manifest = sample_manifest(files)
    manifest = manifest.model_copy(update={"networks": (*manifest.networks, hand)})
    golden = {**GOLDEN, **{name: np.asarray(array) for name, array in odd.items()}}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.bundle"
        path.write_bytes(_bundle(manifest_json(manifest), files))
        with contextlib.suppress(BundleError, CheckFailedError), open_bundle(path) as bundle:
            accept(bundle, lambda model, label: OnnxEngine(model, label=label), role=role, golden=golden, budget=0)
            assert role == "hand" or not odd.keys() & {"landmarks", "logits"} or _right(odd)
            assert role == "classifier" or not odd.keys() & set(GOLDEN_NAMES[3:]), "no hand network is in there"


def _right(odd: dict[str, Any]) -> bool:
    """Whether other landmarks or logits than the bundle's were accepted with reason: they agree with the network."""
    landmarks, logits = (np.asarray(odd.get(name, GOLDEN[name])) for name in ("landmarks", "logits"))
    return bool(np.abs(landmarks.mean(axis=(1, 3, 4)) - logits).max() < 0.01 * max(1.0, np.abs(logits).max()))


@fuzz
@given(st.binary(max_size=100))
def test_any_signature_but_the_right_one_is_refused(signature: bytes) -> None:
    # A real key: under one of small order, such as 32 zeros, OpenSSL takes a made-up signature for some messages.
    key = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
    trust = Trust("require", Path("/keys"), (TrustedKey("fleet", key),))

    def check(path: Path) -> None:
        with open_bundle(path) as bundle:
            trust.check(bundle)

    for mine in (signature, key + signature[:64].ljust(64, b"\0")):
        assert not _refused_or_read(_bundle(manifest_json(sample_manifest(FILES)), FILES, mine), check)


@settings(fuzz, max_examples=max(20, EXAMPLES // 4))
@given(st.one_of(damaged_bytes(), odd_manifests().map(lambda manifest: _bundle(manifest, FILES))))
def test_installing_changes_the_store_and_nothing_else(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "a.bundle").write_bytes(data)
        store = Store(root / "store")
        with contextlib.suppress(BundleError, StoreError), open_bundle(root / "a.bundle") as bundle:
            store.activate(store.install(bundle).name)
            assert store.active() is not None
        assert {path.name for path in root.iterdir()} <= {"a.bundle", "store"}
        assert (root / "a.bundle").read_bytes() == data
        if (root / "store").is_dir():
            left = {path.name for path in (root / "store").iterdir()}
            assert left <= {"bundles", "active", "record.json"}

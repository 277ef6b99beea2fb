"""Updates from a folder and from an address: the newest bundle that is wanted here, or a reason in words."""

from __future__ import annotations

import argparse
import datetime
import http.server
import ipaddress
import json
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from edge.bundle.commands import add_commands
from edge.bundle.fake import FullDiskFiles
from edge.bundle.fetch import WebOrigin, open_origin, tls_context
from edge.bundle.index import make_index
from edge.bundle.reader import open_bundle
from edge.bundle.samples import sample_files, sample_manifest, write_sample
from edge.bundle.store import Store
from edge.bundle.update import fetched
from edge.bundle.writer import manifest_json, write_bundle
from edge.errors import BundleError, StoreError, UsageError

KEY = Ed25519PrivateKey.generate()


def _edge(*words: object) -> int:
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(required=True))
    args = parser.parse_args([str(word) for word in words])
    return int(args.run(args))


def _offer(folder: Path, serial: int, *, name: str = "sample", signed: bool = False) -> Path:
    folder.mkdir(exist_ok=True)
    files = sample_files(serial)
    manifest = sample_manifest(files, name=name, version=f"{serial}.0.0", serial=serial)
    raw = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    path = folder / f"{name}-{serial}.bundle"
    write_bundle(path, manifest, files, signature=raw + KEY.sign(manifest_json(manifest)) if signed else None)
    return path


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    return tmp_path / "stick"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Version 2.0.0 is active."""
    _edge("install", write_sample(tmp_path / "a.bundle", version="2.0.0", serial=2), "--store", tmp_path / "store")
    return tmp_path / "store"


def _active(store: Path) -> str:
    active = Store(store).status().active
    assert active is not None
    assert not (store / ".update").exists()
    return active.version


def test_the_newest_bundle_of_a_folder_is_installed_and_on_trial(
    stick: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for serial in (1, 3, 5, 4):
        _offer(stick, serial)
    _offer(stick, 9, name="other")
    capsys.readouterr()
    assert _edge("update", stick, "--store", store, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["updated"], told["version"], told["state"]) == (True, "5.0.0", "trial")
    assert _active(store) == "5.0.0"


def test_what_does_not_fit_is_not_even_fetched(stick: Path, store: Path) -> None:
    size = _offer(stick, 3).stat().st_size
    enough, origin = FullDiskFiles((20 << 20) + 2 * size), open_origin(str(stick))
    with fetched(Store(store, files=enough), origin, None) as path:
        assert path is not None
    with (
        pytest.raises(StoreError, match="not enough space for the bundle"),
        fetched(Store(store, files=FullDiskFiles(16 << 20)), origin, None),
    ):
        pytest.fail("it was fetched")
    assert _active(store) == "2.0.0"


def test_nothing_newer_changes_nothing(stick: Path, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _offer(stick, 1)
    _offer(stick, 2)
    assert _edge("update", stick, "--store", store) == 0
    assert "nothing newer" in capsys.readouterr().out
    assert _active(store) == "2.0.0"


def test_a_build_that_was_rolled_back_is_not_taken_again(stick: Path, store: Path) -> None:
    _offer(stick, 3)
    _edge("update", stick, "--store", store)
    Store(store).rollback("sick")
    assert _edge("update", stick, "--store", store) == 0
    assert _active(store) == "2.0.0"
    _offer(stick, 4)
    _edge("update", stick, "--store", store)
    assert _active(store) == "4.0.0"


def test_a_damaged_bundle_on_a_stick_does_not_hide_the_good_one(
    stick: Path, store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _offer(stick, 3)
    (stick / "broken.bundle").write_bytes(_offer(stick, 7).read_bytes()[:3000])
    (stick / "sample-7.bundle").unlink()
    _edge("update", stick, "--store", store)
    assert _active(store) == "3.0.0"
    assert "broken.bundle" in caplog.text


def test_an_empty_store_takes_the_only_name_but_asks_between_two(stick: Path, tmp_path: Path) -> None:
    _offer(stick, 1)
    _offer(stick, 1, name="other")
    with pytest.raises(UsageError, match="--name other or sample"):
        _edge("update", stick, "--store", tmp_path / "store")
    _edge("update", stick, "--store", tmp_path / "store", "--name", "other")
    assert _active(tmp_path / "store") == "1.0.0"


def test_a_folder_that_is_not_there_is_named(store: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        _edge("update", tmp_path / "none", "--store", store)


@pytest.mark.parametrize("address", ["http://example.org/", "ftp://example.org/", "file:///etc/"])
def test_only_https_is_fetched_from_elsewhere(address: str) -> None:
    with pytest.raises(UsageError, match="expected https"):
        WebOrigin(address)


class Server:
    """Serves a folder on the loopback; ``redirect`` sends every request elsewhere."""

    def __init__(self, folder: Path, tls: ssl.SSLContext | None = None) -> None:
        self.redirect = ""
        outer = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *args: Any) -> None:
                super().__init__(*args, directory=str(folder))

            def do_GET(self) -> None:
                if outer.redirect:
                    self.send_response(302)
                    self.send_header("Location", outer.redirect)
                    self.end_headers()
                else:
                    super().do_GET()

            def log_message(self, *args: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.address = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server(stick: Path) -> Iterator[Server]:
    stick.mkdir()
    server = Server(stick)
    yield server
    server.close()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "fleet.pem").write_bytes(pem)
    return folder


def _publish(stick: Path) -> dict[str, Any]:
    index: dict[str, Any] = make_index(stick).model_dump(mode="json")
    (stick / "index.json").write_text(json.dumps(index))
    return index


def test_a_signed_bundle_is_fetched_from_an_address(stick: Path, store: Path, server: Server, keys: Path) -> None:
    _offer(stick, 3, signed=True)
    _publish(stick)
    _edge("update", server.address, "--store", store, "--keys", keys)
    assert _active(store) == "3.0.0"


def test_an_unsigned_bundle_from_an_address_is_refused(stick: Path, store: Path, server: Server) -> None:
    _offer(stick, 3)
    _publish(stick)
    with pytest.raises(BundleError, match="not signed"):
        _edge("update", server.address, "--store", store)
    assert _active(store) == "2.0.0"


@pytest.mark.parametrize("fault", ["hash", "size", "serial", "missing", "json", "traversal"])
def test_an_index_that_does_not_keep_its_word_changes_nothing(
    stick: Path, store: Path, server: Server, keys: Path, fault: str
) -> None:
    _offer(stick, 3, signed=True)
    index = _publish(stick)
    change = {
        "hash": {"sha256": "0" * 64},
        "size": {"size": index["bundles"][0]["size"] - 1},
        "serial": {"serial": 4},
        "missing": {"file": "other.bundle"},
        "json": {"serial": "many"},
        "traversal": {"file": "../a.bundle"},
    }[fault]
    index["bundles"][0] |= change
    (stick / "index.json").write_text(json.dumps(index))
    words = {
        "hash": "not the one that the index",
        "size": "answer is too large",
        "serial": "another one than the index",
        "missing": "404",
        "json": r"bundles\.0\.serial",
        "traversal": r"bundles\.0\.file",
    }[fault]
    with pytest.raises(BundleError, match=words):
        _edge("update", server.address, "--store", store, "--keys", keys)
    assert _active(store) == "2.0.0"


def test_a_redirect_to_something_less_safe_is_not_followed(server: Server) -> None:
    server.redirect = "http://example.org/index.json"
    with pytest.raises(UsageError, match="expected https"):
        WebOrigin(server.address).index()


def test_a_server_that_is_not_there_is_named(server: Server) -> None:
    with pytest.raises(BundleError, match="cannot be reached"):
        WebOrigin("http://127.0.0.1:9/").index()


def _certificate(folder: Path, *, expired: bool) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    days = (-20, -10) if expired else (-1, 10)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now + datetime.timedelta(days=days[0]))
        .not_valid_after(now + datetime.timedelta(days=days[1]))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder / "cert.pem", folder / "key.pem"


@pytest.mark.parametrize(("expired", "clock", "works"), [(False, 2e9, True), (True, 2e9, False), (True, 0.0, True)])
def test_only_a_device_without_a_clock_overlooks_a_certificates_dates(
    stick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, expired: bool, clock: float, works: bool
) -> None:
    stick.mkdir()
    _offer(stick, 3)
    _publish(stick)
    certificate, key = _certificate(tmp_path, expired=expired)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    server = Server(stick, tls)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    try:
        origin = WebOrigin(server.address, clock=lambda: clock)
        if works:
            assert len(origin.index().bundles) == 1
        else:
            with pytest.raises(BundleError, match="certificate has expired"):
                origin.index()
    finally:
        server.close()


def test_a_stranger_is_refused_even_without_a_clock(tmp_path: Path) -> None:
    assert tls_context(0.0).verify_mode is ssl.CERT_REQUIRED
    assert tls_context(0.0).check_hostname


def test_what_power_left_of_an_update_is_removed(stick: Path, store: Path) -> None:
    (store / ".update").mkdir()
    (store / ".update" / "half.bundle").write_bytes(b"x")
    _offer(stick, 3)
    _edge("update", stick, "--store", store)
    assert _active(store) == "3.0.0"
    with open_bundle(store / "active") as bundle:
        bundle.verify()

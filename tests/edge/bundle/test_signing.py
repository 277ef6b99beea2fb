"""A device runs what a trusted key has signed, and says in words of its own what is wrong with the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge.bundle.reader import open_bundle
from edge.bundle.samples import sample_files, sample_manifest, write_sample
from edge.bundle.signing import Trust, read_trust
from edge.bundle.store import Store
from edge.bundle.writer import manifest_json, write_bundle
from edge.errors import BundleError, UsageError


def _public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _trust(folder: Path, *keys: Ed25519PrivateKey, policy: str | None = None) -> Trust:
    folder.mkdir(exist_ok=True)
    for i, key in enumerate(keys):
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (folder / f"key{i}.pem").write_bytes(pem)
    return read_trust(policy, folder, {})


def _signed(path: Path, key: Ed25519PrivateKey, *, signed: bytes | None = None, serial: int = 1) -> Path:
    files = sample_files(serial)
    manifest = sample_manifest(files, serial=serial)
    data = manifest_json(manifest) if signed is None else signed
    write_bundle(path, manifest, files, signature=_public(key) + key.sign(data))
    return path


def _check(path: Path, trust: Trust) -> str:
    with open_bundle(path) as bundle:
        return trust.check(bundle)


KEY, STRANGER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()


def test_a_trusted_signature_is_accepted_and_its_key_named(tmp_path: Path) -> None:
    trust = _trust(tmp_path / "keys", STRANGER, KEY)
    assert trust.policy == "require"
    assert _check(_signed(tmp_path / "a.bundle", KEY), trust) == "signed by key1"


def test_an_unsigned_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is not signed"):
        _check(write_sample(tmp_path / "a.bundle"), _trust(tmp_path / "keys", KEY))


def test_a_strangers_signature_is_refused_with_both_fingerprints(tmp_path: Path) -> None:
    trust = _trust(tmp_path / "keys", KEY)
    with pytest.raises(BundleError, match="not trusted here") as caught:
        _check(_signed(tmp_path / "a.bundle", STRANGER), trust)
    assert trust.keys[0].fingerprint in str(caught.value)
    assert str(caught.value).count("SHA256:") == 2


def test_the_signature_of_another_manifest_is_refused(tmp_path: Path) -> None:
    other = manifest_json(sample_manifest(sample_files(2), serial=2))
    with pytest.raises(BundleError, match="another bundle's"):
        _check(_signed(tmp_path / "a.bundle", KEY, signed=other), _trust(tmp_path / "keys", KEY))


def test_a_known_key_in_front_of_a_strangers_signature_is_refused(tmp_path: Path) -> None:
    files = sample_files()
    manifest = sample_manifest(files)
    forged = _public(KEY) + STRANGER.sign(manifest_json(manifest))
    write_bundle(tmp_path / "a.bundle", manifest, files, signature=forged)
    with pytest.raises(BundleError, match="does not belong to this manifest"):
        _check(tmp_path / "a.bundle", _trust(tmp_path / "keys", KEY))


@pytest.mark.parametrize("signature", [b"", b"x" * 64, b"x" * 97])
def test_a_signature_of_another_length_is_none(tmp_path: Path, signature: bytes) -> None:
    files = sample_files()
    write_bundle(tmp_path / "a.bundle", sample_manifest(files), files, signature=signature)
    with pytest.raises(BundleError, match="is no signature"):
        _check(tmp_path / "a.bundle", _trust(tmp_path / "keys", KEY))


def test_a_file_changed_in_a_signed_bundle_is_refused_at_installation(tmp_path: Path) -> None:
    path = _signed(tmp_path / "a.bundle", KEY)
    path.write_bytes(path.read_bytes().replace(b"# A sample", b"# a sample"))
    with pytest.raises(BundleError, match="changed MODEL_CARD"), open_bundle(path) as bundle:
        Store(tmp_path / "store", trust=_trust(tmp_path / "keys", KEY)).install(bundle)
    assert not (tmp_path / "store").exists()


def test_warn_goes_on_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    trust = _trust(tmp_path / "keys", KEY, policy="warn")
    assert _check(write_sample(tmp_path / "a.bundle"), trust) == "the bundle is not signed"
    assert "is not signed" in caplog.text


def test_without_keys_nothing_is_asked_for_unless_the_policy_says_so(tmp_path: Path) -> None:
    path = write_sample(tmp_path / "a.bundle")
    assert _check(path, read_trust(None, tmp_path / "none", {})) == "signature not checked"
    with pytest.raises(BundleError, match="not signed"):
        _check(path, read_trust("require", tmp_path / "none", {}))


def test_the_environment_sets_what_the_command_does_not(tmp_path: Path) -> None:
    environment = {"FINGERPOST_POLICY": "require", "FINGERPOST_KEYS": str(tmp_path)}
    assert read_trust(environment=environment) == Trust("require", tmp_path)
    assert read_trust("off", environment=environment).policy == "off"
    with pytest.raises(UsageError, match="require or warn or off; found maybe"):
        read_trust(environment={"FINGERPOST_POLICY": "maybe"})


@pytest.mark.parametrize("kind", ["garbage", "curve"])
def test_a_file_that_is_no_key_is_named(tmp_path: Path, kind: str) -> None:
    pem = b"hello"
    if kind == "curve":
        public = ec.generate_private_key(ec.SECP256R1()).public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "bad.pem").write_bytes(pem)
    with pytest.raises(BundleError, match=r"bad\.pem"):
        read_trust(None, tmp_path, {})


def test_what_was_installed_is_checked_again_when_it_is_run(tmp_path: Path) -> None:
    store = tmp_path / "store"
    trust = _trust(tmp_path / "keys", KEY)
    with open_bundle(_signed(tmp_path / "a.bundle", KEY)) as bundle:
        installed = Store(store, trust=trust).install(bundle)
    Store(store, trust=trust).activate("sample")
    assert Store(store, trust=trust).active() is not None
    (installed.path / "manifest.sig").unlink()
    with pytest.raises(BundleError, match="not signed"):
        Store(store, trust=trust).active()
    with pytest.raises(BundleError, match="not signed"):
        Store(store, trust=trust).activate("sample")


def test_the_shipped_service_requires_a_signature(root: Path) -> None:
    unit = (root / "systemd" / "fingerpost.service").read_text()
    lines = [line.removeprefix("Environment=") for line in unit.splitlines() if line.startswith("Environment=")]
    environment = dict(setting.split("=", 1) for line in lines for setting in line.split())
    trust = read_trust(environment=environment)
    assert (trust.policy, str(trust.folder)) == ("require", "/etc/fingerpost/keys")

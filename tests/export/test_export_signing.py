"""Keys are made once, kept private, and what they sign a device accepts."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.bundle.reader import open_bundle
from edge.bundle.samples import write_sample
from edge.bundle.signing import read_trust
from edge.errors import BundleError, InputError, UsageError
from export.signing import keygen, read_key, sign_bundle


def test_what_a_new_key_signs_its_public_half_verifies(tmp_path: Path) -> None:
    public, fingerprint = keygen(tmp_path / "release.pem")
    assert public == tmp_path / "release.pub.pem"
    assert (tmp_path / "release.pem").stat().st_mode & 0o777 == 0o600
    keys = tmp_path / "keys"
    keys.mkdir()
    public.rename(keys / public.name)
    trust = read_trust(None, keys, {})
    assert trust.keys[0].fingerprint == fingerprint
    path = write_sample(tmp_path / "a.bundle")
    with open_bundle(path) as bundle, pytest.raises(BundleError):
        trust.check(bundle)
    sign_bundle(path, read_key(tmp_path / "release.pem"))
    with open_bundle(path) as bundle:
        assert trust.check(bundle) == "signed by release.pub"
        bundle.verify()


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    keygen(tmp_path / "release.pem")
    before = (tmp_path / "release.pem").read_bytes()
    with pytest.raises(UsageError, match="of that name already"):
        keygen(tmp_path / "release.pem")
    assert (tmp_path / "release.pem").read_bytes() == before


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "key.pem").write_bytes(content)
    with pytest.raises(InputError, match=r"key\.pem"):
        read_key(tmp_path / "key.pem")


def test_a_public_key_does_not_sign(tmp_path: Path) -> None:
    public, _ = keygen(tmp_path / "release.pem")
    with pytest.raises(InputError, match="not a signing key"):
        read_key(public)


def test_a_damaged_bundle_is_not_signed(tmp_path: Path) -> None:
    keygen(tmp_path / "release.pem")
    path = write_sample(tmp_path / "a.bundle")
    path.write_bytes(path.read_bytes().replace(b"# A sample", b"# a sample"))
    before = path.read_bytes()
    with pytest.raises(BundleError, match="changed"):
        sign_bundle(path, read_key(tmp_path / "release.pem"))
    assert path.read_bytes() == before

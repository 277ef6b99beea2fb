"""Signing keys of whoever makes bundles: made once, kept off the devices.

``keygen`` writes a private key and, beside it, the public key that goes into a device's folder of trust. What
`sign_manifest` returns is the content of ``manifest.sig`` (see `edge.bundle.signing`).
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from edge.bundle.reader import open_bundle
from edge.bundle.signing import fingerprint
from edge.bundle.writer import manifest_json, write_bundle
from edge.errors import InputError, UsageError


def keygen(path: Path) -> tuple[Path, str]:
    """Write a new private key at ``path`` (readable by its owner only) and its public key beside it (``.pub.pem``).

    Returns the public key's path and its fingerprint. Raises UsageError when a file of that name is there (a key is
    never overwritten), InputError when the disk refuses.
    """
    public = path.with_name(f"{path.name.removesuffix('.pem')}.pub.pem")
    for each in (path, public):
        if each.exists():
            raise UsageError("there is a file of that name already", where=each, remedy="name another")
    key = Ed25519PrivateKey.generate()
    try:
        _write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
        _write(public, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), 0o644)
    except OSError as error:
        raise InputError("the key cannot be written", where=path, found=error.strerror) from error
    return public, fingerprint(_raw(key))


def read_key(path: Path) -> Ed25519PrivateKey:
    """A private key made by `keygen` (PEM, PKCS #8, Ed25519, no password); raises InputError."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise InputError("the signing key cannot be read", where=path, found=error.strerror) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InputError(
            "not a signing key", where=path, expected="an Ed25519 private key as PEM, without password",
            remedy="make one with `python -m export keygen FILE`",
        ) from error  # fmt: skip
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError("not an Ed25519 key", where=path, found=type(key).__name__)
    return key


def sign_manifest(manifest: bytes, key: Ed25519PrivateKey) -> bytes:
    """The content of ``manifest.sig``: the public key's 32 bytes and the signature's 64."""
    return _raw(key) + key.sign(manifest)


def sign_bundle(path: Path, key: Ed25519PrivateKey, output: Path | None = None) -> Path:
    """Sign a bundle that is there, after checking it; written to ``output``, by default in its place."""
    with open_bundle(path) as bundle:
        bundle.verify()
        if manifest_json(bundle.manifest) != bundle.manifest_bytes:
            raise InputError(
                "the manifest was not written by this release", where=path, remedy="export the bundle again"
            )
        files = {entry.file: bundle.read(entry) for entry in bundle.manifest.files}
        write_bundle(output or path, bundle.manifest, files, signature=sign_manifest(bundle.manifest_bytes, key))
    return output or path


def _raw(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _write(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)

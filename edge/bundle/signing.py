"""Whose bundles a device trusts: public keys in a folder, and a policy.

A signature is Ed25519 over the manifest's bytes; the manifest holds the hash of every other file, so nothing in a
bundle escapes it. ``manifest.sig`` is 96 bytes: the public key, which is only a hint for better words when it is not
trusted, and the signature. The folder of trust holds public keys as PEM files (``*.pem``), one for each who may sign.

``require`` refuses what no trusted key has signed, ``warn`` says so and goes on, ``off`` does not look. Where no policy
is set, keys in the folder mean ``require`` and an empty folder ``off``: whoever puts a key there wants it to count.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

from edge.bundle.reader import Bundle
from edge.errors import BundleError, DependencyError, UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Policy = Literal["require", "warn", "off"]
POLICY_VARIABLE = "FINGERPOST_POLICY"
KEYS_VARIABLE = "FINGERPOST_KEYS"
DEFAULT_KEYS = Path("/etc/fingerpost/keys")
KEY_SIZE, SIGNATURE_SIZE = 32, 64

_log = logging.getLogger(__name__)
_SIGN = "sign it with `python -m export sign`, or install it with --policy warn if you trust where it came from"


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public key of the folder of trust; ``raw`` its 32 bytes."""

    name: str
    raw: bytes

    @property
    def fingerprint(self) -> str:
        """How people compare keys."""
        return fingerprint(self.raw)


@dataclass(frozen=True, slots=True)
class Trust:
    """Which signatures count, and what happens without one."""

    policy: Policy
    folder: Path
    keys: tuple[TrustedKey, ...] = ()

    def check(self, bundle: Bundle) -> str:
        """Who signed the bundle, in words; raises BundleError under ``require``, logs a warning under ``warn``."""
        if self.policy == "off":
            return "signature not checked"
        try:
            return f"signed by {self._signer(bundle).name}"
        except BundleError as error:
            if self.policy == "require":
                raise
            _log.warning("%s", error)
            return error.what

    def _signer(self, bundle: Bundle) -> TrustedKey:
        signature = bundle.signature()
        if signature is None:
            raise BundleError("the bundle is not signed", where=bundle.path, remedy=_SIGN)
        if len(signature) != KEY_SIZE + SIGNATURE_SIZE:
            raise BundleError(
                "the bundle's signature is no signature", where=bundle.path,
                expected=f"{KEY_SIZE + SIGNATURE_SIZE} bytes", found=len(signature), remedy=_SIGN,
            )  # fmt: skip
        raw = signature[:KEY_SIZE]
        key = next((key for key in self.keys if key.raw == raw), None)
        if key is None:
            have = ", ".join(f"{key.name} {key.fingerprint}" for key in self.keys) or f"none in {self.folder}"
            raise BundleError(
                "the bundle is signed by a key that is not trusted here", where=bundle.path, expected=have,
                found=fingerprint(raw), remedy=f"put the signer's public key into {self.folder} if you trust it",
            )  # fmt: skip
        if not _verifies(raw, signature[KEY_SIZE:], bundle.manifest_bytes):
            raise BundleError(
                "the signature does not belong to this manifest: it was changed, or the signature is another bundle's",
                where=bundle.path, found=f"a signature by {key.name}", remedy="get the bundle again from who signed it",
            )  # fmt: skip
        return key


def fingerprint(raw: bytes) -> str:
    """The fingerprint of a public key's 32 bytes, as ssh writes its own."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(raw).digest()).decode().rstrip("=")


def read_trust(
    policy: str | None = None, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> Trust:
    """The trust of this device: what is given, else what the environment says, else the defaults.

    Raises UsageError for an unknown policy, BundleError for a file in the folder that is no Ed25519 public key.
    """
    environment = os.environ if environment is None else environment
    wanted = policy or environment.get(POLICY_VARIABLE) or None
    if wanted is not None and wanted not in get_args(Policy):
        raise UsageError("unknown policy", expected=" or ".join(get_args(Policy)), found=wanted)
    folder = keys_folder(folder, environment)
    if wanted == "off":
        return Trust("off", folder)
    keys = read_keys(folder)
    return Trust(cast("Policy", wanted) if wanted else ("require" if keys else "off"), folder, keys)


def keys_folder(folder: Path | None = None, environment: Mapping[str, str] | None = None) -> Path:
    """Where the trusted keys lie: the folder that is given, else what the environment says, else the default."""
    environment = os.environ if environment is None else environment
    return folder or Path(environment.get(KEYS_VARIABLE) or DEFAULT_KEYS)


def read_keys(folder: Path) -> tuple[TrustedKey, ...]:
    """The public keys in a folder, none when there is no such folder; raises BundleError when one cannot be read."""
    try:
        return tuple(TrustedKey(path.stem, _raw(path)) for path in sorted(folder.glob("*.pem")))
    except OSError as error:
        raise BundleError("the trusted keys cannot be read", where=folder, found=error.strerror) from error


def _raw(path: Path) -> bytes:
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
    except ImportError as error:
        raise _no_cryptography() from error
    try:
        key = load_pem_public_key(path.read_bytes())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BundleError("not a public key", where=path, expected="PEM, Ed25519", remedy="remove it") from error
    if not isinstance(key, Ed25519PublicKey):
        raise BundleError("not an Ed25519 key", where=path, found=type(key).__name__, remedy="remove it")
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _verifies(raw: bytes, signature: bytes, data: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        _public(raw).verify(signature, data)
    except InvalidSignature:
        return False
    return True


def _public(raw: bytes) -> Ed25519PublicKey:
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as error:
        raise _no_cryptography() from error
    return Ed25519PublicKey.from_public_bytes(raw)


def _no_cryptography() -> DependencyError:
    return DependencyError(
        "signatures cannot be checked", expected="the package cryptography", remedy="pip install cryptography"
    )

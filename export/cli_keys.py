"""Keys, signatures and the index of an update folder: ``keygen``, ``sign`` and ``index``.

``python -m export keygen key.pem`` once; ``--sign key.pem`` at every export (or ``sign FILE --key key.pem`` later); the
public key goes into the trust folder of each device.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from edge.bundle.index import make_index
from edge.errors import InputError

ACTIONS = ("keygen", "sign", "index")
_TRUST = "/etc/fingerpost/keys"


def add_actions(parser: argparse.ArgumentParser) -> None:
    """Give ``parser`` the three commands; ``options.action`` names the one that was asked for."""
    actions = parser.add_subparsers(dest="action", required=True)
    keygen = actions.add_parser("keygen", help="make a signing key and its public key")
    keygen.add_argument("file", type=Path, metavar="FILE", help="the private key; the public one is put beside it")
    sign = actions.add_parser("sign", help="sign a bundle that is there")
    sign.add_argument("file", type=Path, metavar="BUNDLE")
    sign.add_argument("--key", type=Path, required=True, metavar="FILE", help="the private key, made by keygen")
    sign.add_argument("--output", type=Path, metavar="FILE", help="default: in its place")
    index = actions.add_parser("index", help="write index.json, which `edge update` reads, into a folder of bundles")
    index.add_argument("file", type=Path, metavar="DIR")
    for action in (keygen, sign, index):
        action.add_argument("--json", action="store_true", help="print one JSON object")


def run_action(options: argparse.Namespace) -> None:
    """Do one of them; raises InputError, UsageError or BundleError."""
    path: Path = options.file
    if options.action == "keygen":
        from export.signing import keygen

        public, fingerprint = keygen(path)
        _tell(
            options,
            {"private": str(path), "public": str(public), "fingerprint": fingerprint},
            f"{path}: the private key. Keep it here and nowhere else; whoever has it can sign for your devices\n"
            f"{public}: the public key. Copy it into {_TRUST} of each device\n"
            f"fingerprint {fingerprint}",
        )
    elif options.action == "sign":
        from export.signing import read_key, sign_bundle

        signed = sign_bundle(path, read_key(options.key), options.output)
        _tell(options, {"bundle": str(signed)}, f"{signed}: signed")
    else:
        offers = make_index(path)
        target, temporary = path / "index.json", path / ".index.json.part"
        try:
            temporary.write_text(offers.model_dump_json(indent=1) + "\n")
            temporary.replace(target)
        except OSError as error:
            raise InputError("the index cannot be written", where=target, found=error.strerror) from error
        _tell(options, {"index": str(target)}, f"{target}: written")


def _tell(options: argparse.Namespace, facts: dict[str, str], text: str) -> None:
    sys.stdout.write((json.dumps(facts) if options.json else text) + "\n")

"""The commands about bundles: install, status, verify, inspect. ``edge.__main__`` adds them to its parser."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.bundle.layout import Installed
from edge.bundle.reader import Bundle, open_bundle
from edge.bundle.store import DEFAULT_ROOT, Store

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_commands(subparsers: Subparsers) -> None:
    """Register the commands; each sets ``run``, which takes the parsed arguments and returns the exit code."""
    install = _command(subparsers, "install", "verify a bundle, put it into the store and activate it", _install)
    install.add_argument("file", type=Path, metavar="FILE", help="the .bundle file")
    install.add_argument("--no-activate", action="store_true", help="only put it into the store")
    install.add_argument("--allow-downgrade", action="store_true", help="accept one older than was committed before")
    _store_option(install)

    status = _command(subparsers, "status", "which bundle is active, which can be returned to", _status)
    _store_option(status)

    verify = _command(subparsers, "verify", "check every file of a bundle against its manifest", _verify)
    verify.add_argument("file", type=Path, metavar="FILE", help="a .bundle file or an unpacked bundle")

    inspect = _command(subparsers, "inspect", "everything a bundle says about itself", _inspect)
    inspect.add_argument("file", type=Path, metavar="FILE", help="a .bundle file or an unpacked bundle")


def _command(subparsers: Subparsers, name: str, summary: str, run: Any) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)
    return parser


def _store_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", type=Path, default=DEFAULT_ROOT, metavar="DIR", help="default: %(default)s")


def _install(args: argparse.Namespace) -> int:
    store = Store(args.store)
    with open_bundle(args.file) as bundle:
        title = bundle.title
        installed = store.install(bundle, allow_downgrade=args.allow_downgrade)
    if not args.no_activate:
        installed = store.activate(installed.name, installed.version, allow_downgrade=args.allow_downgrade)
    did = "installed" if args.no_activate else "installed and activated"
    _print(args, installed.to_json(), [f"{title}: {did} in {args.store} ({installed.state})"])
    return 0


def _status(args: argparse.Namespace) -> int:
    status = Store(args.store).status()
    if status.active is None:
        lines = [f"{args.store}: no bundle is active; install one: edge install FILE"]
    else:
        lines = [f"{args.store}: {_describe(status.active)}"]
        if status.previous:
            lines.append(f"a roll-back leads to {_describe(status.previous)}")
    lines += [f"  also there: {_describe(b)}" for b in status.bundles if not b.active and not b.previous]
    _print(args, status.to_json(), lines)
    return 0


def _verify(args: argparse.Namespace) -> int:
    with open_bundle(args.file) as bundle:
        bundle.verify()
        count = len(bundle.manifest.files)
        _print(
            args,
            {
                "bundle": str(args.file),
                "name": bundle.manifest.name,
                "version": bundle.manifest.version,
                "files": count,
            },
            [f"{args.file}: {bundle.title}, all {count} files are as the manifest says"],
        )
    return 0


def _inspect(args: argparse.Namespace) -> int:
    with open_bundle(args.file) as bundle:
        _print(args, json.loads(bundle.manifest_bytes), _inspection(bundle))
    return 0


def _describe(bundle: Installed) -> str:
    about = f"{bundle.name} {bundle.version}, {bundle.state}"
    if bundle.problem:
        return f"{about}; cannot be read: {bundle.problem}"
    about += f", serial {bundle.serial}, {bundle.task} for {bundle.target}, {_size(bundle.size)}"
    return f"{about}; {bundle.reason}" if bundle.reason else about


def _inspection(bundle: Bundle) -> Iterable[str]:
    manifest = bundle.manifest
    yield f"{bundle.title} (serial {manifest.serial}), {manifest.task} for {manifest.target}, {_size(bundle.size)}"
    yield f"made {manifest.created} with " + ", ".join(f"{k} {v}" for k, v in sorted(manifest.tools.items()))
    yield f"runs on {', '.join(manifest.hardware)}"
    yield f"model {manifest.origin.model}, {manifest.origin.parameters:,} parameters" + (
        f", checkpoint {manifest.origin.checkpoint}" if manifest.origin.checkpoint else ""
    )
    for tensor in manifest.input.tensors:
        axes = ", ".join(f"{a} {'any' if n is None else n}" for a, n in zip(tensor.axes, tensor.shape, strict=True))
        yield f"input {tensor.name} {tensor.dtype} ({axes})"
    if manifest.input.window:
        window = manifest.input.window
        yield f"window {window.frames} frames at {window.rate:g} per second = {window.frames / window.rate:.2f} s"
    for kind in ("letter", "word", "key"):
        names = [label.name for label in manifest.labels if label.kind == kind]
        if names:
            yield f"{len(names)} {kind}s: {' '.join(names)}"
    for network in manifest.networks:
        parity = network.parity
        yield f"{network.role} {network.variant}: {_size(network.size)}, opset {network.opset}" + (
            f", differs from {parity.against} by at most {parity.max_abs_diff:.2g}"
            + (f", same label in {parity.label_agreement:.1%}" if parity.label_agreement is not None else "")
            + f" of {parity.n}"
            if parity
            else ""
        )
    for m in manifest.measurements:
        interval = f" ({m.low:.3f} to {m.high:.3f})" if m.low is not None and m.high is not None else ""
        yield f"{m.name} {m.variant}: {m.value:.3f}{interval}, n = {m.n}, {m.data}, {m.split}"
    for licence in manifest.licences:
        yield f"{licence.subject}: {licence.spdx}, {licence.source}"
    yield "signed" if bundle.signature() is not None else "not signed"


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"


def _print(args: argparse.Namespace, data: dict[str, Any], lines: Iterable[str]) -> None:
    # What a manifest says must not steer the terminal.
    plain = ("".join(c if c.isprintable() else "?" for c in line) for line in lines)
    text = json.dumps(data) if args.json else "\n".join(plain)
    sys.stdout.write(f"{text}\n")

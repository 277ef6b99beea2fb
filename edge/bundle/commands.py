"""The commands about bundles and the store, from install to remove. ``edge.cli`` adds them to its parser."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from edge.bundle.acceptance import Acceptance
from edge.bundle.inspection import describe_bundle, human_size, signer
from edge.bundle.layout import Installed
from edge.bundle.reader import open_bundle
from edge.bundle.signing import DEFAULT_KEYS, KEYS_VARIABLE, POLICY_VARIABLE, Policy, read_trust
from edge.bundle.store import Store
from edge.config import STORE_VARIABLE, default_store, default_threads
from edge.errors import BundleError, CheckFailedError
from edge.starts import read_starts, runtime_folder

Run = Callable[[argparse.Namespace], int]

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_commands(subparsers: Subparsers) -> None:
    """Register the commands; each sets ``run``, which takes the parsed arguments and returns the exit code."""
    install = _command(subparsers, "install", "verify a bundle, put it into the store and activate it", _install)
    install.add_argument("file", type=Path, metavar="FILE", help="the .bundle file")
    install.add_argument("--no-activate", action="store_true", help="only put it into the store")
    _downgrade_option(install)
    _store_option(install)
    _trust_options(install)

    update = _command(subparsers, "update", "install the newest bundle of a folder, a stick or a web address", _update)
    update.add_argument("source", metavar="FOLDER|URL", help="a folder of bundles, or an https address with index.json")
    update.add_argument("--name", help="which bundle, where there are several (default: the active one's)")
    _store_option(update)
    _trust_options(update)

    _store_option(_command(subparsers, "status", "which bundle is active, which can be returned to", _status))
    _store_option(_command(subparsers, "list", "every bundle in the store", _list))

    activate = _command(subparsers, "activate", "run another bundle of the store, on trial if it is new", _activate)
    _named(activate, "the highest serial")
    _downgrade_option(activate)
    _store_option(activate)
    _trust_options(activate)

    rollback = _command(subparsers, "rollback", "return to the bundle that ran before", _rollback)
    rollback.add_argument("--reason", default="asked for", help="shown by status (default: %(default)s)")
    _store_option(rollback)
    _store_option(_command(subparsers, "commit", "end the trial: the active bundle is good", _commit))

    remove = _command(subparsers, "remove", "delete a bundle that is neither active nor returned to", _remove)
    _named(remove, None)
    _store_option(remove)

    verify = _command(subparsers, "verify", "check every file of a bundle, and who signed it", _verify)
    inspect = _command(subparsers, "inspect", "everything a bundle says about itself", _inspect)
    for parser in (verify, inspect):
        parser.add_argument("file", type=Path, metavar="FILE", help="a .bundle file or an unpacked bundle")
    _trust_options(verify)
    inspect.add_argument("--store", type=Path, metavar="DIR", help="also say what was chosen in this store")


def _command(subparsers: Subparsers, name: str, summary: str, run: Run) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)
    return parser


def _store_option(parser: argparse.ArgumentParser) -> None:
    store = default_store()
    parser.add_argument(
        "--store", type=Path, default=store, metavar="DIR", help=f"default: ${STORE_VARIABLE}, else {store}"
    )


def _trust_options(parser: argparse.ArgumentParser) -> None:
    policies = get_args(Policy)
    unset = f"${POLICY_VARIABLE}, else require if there are keys"
    parser.add_argument(
        "--policy", choices=policies, help=f"what happens without a trusted signature (default: {unset})"
    )
    parser.add_argument(
        "--keys", type=Path, metavar="DIR", help=f"trusted keys (default: ${KEYS_VARIABLE}, else {DEFAULT_KEYS})"
    )


def _downgrade_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--allow-downgrade", action="store_true", help="accept one older than was committed before")


def _named(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument(
        "version",
        metavar="VERSION",
        nargs="?" if default else None,
        help="or VERSION-SERIAL" + (f"; default: {default}" if default else ""),
    )


def _install(args: argparse.Namespace) -> int:
    store = Store(args.store, trust=read_trust(args.policy, args.keys))
    with open_bundle(args.file) as bundle:
        title = bundle.title
        installed = store.install(bundle, allow_downgrade=args.allow_downgrade)
    if args.no_activate:
        return _print(args, installed.to_json(), [f"{title}: installed in {args.store}"])
    installed = _proven(args, store, installed.path)
    lines = [f"{title}: installed and activated in {args.store} ({installed.state})", *_runs(installed)]
    return _print(args, installed.to_json(), lines)


def _update(args: argparse.Namespace) -> int:
    from edge.bundle.fetch import open_origin
    from edge.bundle.update import fetched

    # What comes from elsewhere must be signed, unless somebody says otherwise.
    trust = read_trust(args.policy or ("require" if "://" in args.source else None), args.keys)
    store = Store(args.store, trust=trust)
    with _progress(args, "fetching") as progress, fetched(store, open_origin(args.source), args.name, progress) as path:
        if path is None:
            return _print(args, {"updated": False}, [f"{args.source} has nothing newer"])
        with open_bundle(path) as bundle:
            installed = store.install(bundle)
    installed = _proven(args, store, installed.path)
    lines = [f"updated to {installed.name} {installed.version} ({installed.state})", *_runs(installed)]
    return _print(args, {"updated": True, **installed.to_json()}, lines)


def _proven(args: argparse.Namespace, store: Store, path: Path) -> Installed:
    """Activate a bundle of the store after it has proved that it can run here."""
    from edge.bundle.choice import choose_variants
    from edge.bundle.device_engines import DeviceEngines, engines_folder

    with open_bundle(path) as bundle, _busy(args, f"trying {bundle.title} on this machine") as say:
        bundle.verify()
        make_engine = DeviceEngines(bundle, threads=default_threads(), folder=engines_folder(store), progress=say)
        try:
            choose_variants(
                bundle, make_engine, runtime=make_engine.runtime, fallback=make_engine.fallback, store=store
            )
        except (BundleError, CheckFailedError) as error:
            store.refuse(bundle, f"{error.what}: {error.found}" if error.found else error.what)
            raise
    return store.activate(path.parent.name, path.name, allow_downgrade=getattr(args, "allow_downgrade", False))


@contextmanager
def _busy(args: argparse.Namespace, words: str) -> Iterator[Callable[[str], None]]:
    """Shows that something takes a while; other words may be given meanwhile."""
    if args.json or not sys.stderr.isatty():
        yield lambda text: None
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status(words) as status:
        yield lambda text: status.update(escape(text))


@contextmanager
def _progress(args: argparse.Namespace, words: str) -> Iterator[Callable[[int, int], None] | None]:
    if args.json or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(words, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _status(args: argparse.Namespace) -> int:
    status = Store(args.store).status()
    if status.active is None:
        lines = [f"{args.store}: no bundle is active; install one: edge install FILE"]
    else:
        lines = [f"{args.store}: {_describe(status.active)}", *_runs(status.active)]
        if status.previous:
            lines.append(f"a roll-back leads to {_describe(status.previous)}")
    lines += [f"  also there: {_describe(b)}" for b in status.bundles if not b.active and not b.previous]
    starts = read_starts(runtime_folder())
    if starts.limited:
        lines.append(f"the service is in safe mode after {starts.vain} starts in vain: {starts.fault}")
    service = {"vain_starts": starts.vain, "safe_mode": starts.limited, "fault": starts.fault}
    return _print(args, {**status.to_json(), "service": service}, lines)


def _list(args: argparse.Namespace) -> int:
    bundles = Store(args.store).list()
    marks = ["*" if bundle.active else "-" if bundle.previous else " " for bundle in bundles]
    lines = [f"{mark} {_describe(bundle)}" for mark, bundle in zip(marks, bundles, strict=True)]
    if lines:
        lines.append("* active, - where a roll-back leads")
    return _print(args, {"bundles": [b.to_json() for b in bundles]}, lines or [f"{args.store}: no bundles"])


def _activate(args: argparse.Namespace) -> int:
    store = Store(args.store, trust=read_trust(args.policy, args.keys))
    installed = _proven(args, store, store.find(args.name, args.version).path)
    return _print(args, installed.to_json(), [f"active: {_describe(installed)}"])


def _rollback(args: argparse.Namespace) -> int:
    installed = Store(args.store).rollback(args.reason)
    return _print(args, installed.to_json(), [f"active again: {_describe(installed)}"])


def _commit(args: argparse.Namespace) -> int:
    installed = Store(args.store).commit()
    return _print(args, installed.to_json(), [f"committed: {_describe(installed)}"])


def _remove(args: argparse.Namespace) -> int:
    removed = Store(args.store).remove(args.name, args.version)
    return _print(args, {"removed": removed}, [f"removed {removed}"])


def _verify(args: argparse.Namespace) -> int:
    with open_bundle(args.file) as bundle:
        signature = read_trust(args.policy, args.keys).check(bundle)
        bundle.verify()
        facts = {
            "bundle": str(args.file),
            "name": bundle.manifest.name,
            "version": bundle.manifest.version,
            "serial": bundle.manifest.serial,
            "files": len(bundle.manifest.files),
            "signature": signature,
        }
    return _print(
        args, facts, [f"{args.file}: {bundle.title}, all {facts['files']} files are as the manifest says; {signature}"]
    )


def _inspect(args: argparse.Namespace) -> int:
    with open_bundle(args.file) as bundle:
        remembered = Store(args.store).recall(bundle) if args.store else None
        choices = remembered.roles if remembered else ()
        data = {
            "manifest": json.loads(bundle.manifest_bytes),
            "signed_by": signer(bundle),
            "size": bundle.size,
            "differences": [str(difference) for difference in bundle.differences()],
            "choices": [asdict(each) for each in choices],
        }
        return _print(args, data, [*describe_bundle(bundle), *data["differences"], *_choices(choices)])


def _describe(bundle: Installed) -> str:
    about = f"{bundle.name} {bundle.version}, {bundle.state}"
    if bundle.problem:
        return f"{about}; cannot be read: {bundle.problem}"
    about += f", serial {bundle.serial}, {bundle.task} for {bundle.target}, {human_size(bundle.size)}"
    if bundle.choices:
        about += "; runs " + ", ".join(f"{each.role} {each.chosen}" for each in bundle.choices)
    return f"{about}; {bundle.reason}" if bundle.reason else about


def _runs(bundle: Installed) -> list[str]:
    """What runs of it here, and why that is not the GPU it was made for."""
    reason = [f"  on the CPU, without the GPU: {bundle.fallback}"] if bundle.fallback else []
    return [*reason, *_choices(bundle.choices)]


def _choices(choices: Iterable[Acceptance]) -> list[str]:
    return [f"  runs {each.role} {each.describe()}" for each in choices]


def _print(args: argparse.Namespace, data: dict[str, Any], lines: Iterable[str]) -> int:
    # What a manifest says must not steer the terminal.
    plain = ("".join(c if c.isprintable() else "?" for c in line) for line in lines)
    text = json.dumps(data) if args.json else "\n".join(plain)
    sys.stdout.write(f"{text}\n")
    return 0

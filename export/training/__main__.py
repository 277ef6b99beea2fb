"""``python -m export.training RECIPE --data DIR``: train a recipe and leave a checkpoint with its card behind."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from edge.cli import Parser
from edge.errors import FingerpostError, UsageError
from export.training import picture_session, session, sign_session
from export.training.kind import Kind

_KINDS: tuple[Kind, ...] = (
    session.KIND,
    picture_session.KIND,
    sign_session.KIND,
)
_DEFAULT = "fingerpost-hands"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code (`edge.errors`)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    command = "python -m export.training " + shlex.join(words)
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help", "--list")):
        words.insert(0, _DEFAULT)
    try:
        options, unknown = _parser().parse_known_args(words)
        if options.list:
            _list()
            return 0
        _check(options, unknown)
        options.kind.train(options, command)
    except FingerpostError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted; the last whole epoch is kept, continue with --resume", file=sys.stderr)
        return 130
    return 0


def _parser() -> Parser:
    parser = Parser(prog="python -m export.training", description=__doc__)
    parser.add_argument("--list", action="store_true", help="say what recipes there are")
    each = parser.add_subparsers(
        dest="recipe", metavar="RECIPE", help=f"what to train (default: {_DEFAULT}); RECIPE --help: its options"
    )
    for kind in _KINDS:
        for name, about in kind.recipes.items():
            own = each.add_parser(name, help=about, description=about, allow_abbrev=False)
            own.set_defaults(kind=kind)
            _add_common(own, kind)
            kind.add_options(own)
    return parser


def _add_common(parser: argparse.ArgumentParser, kind: Kind) -> None:
    parser.add_argument("--data", type=Path, required=True, help=kind.data)
    parser.add_argument("--output", type=Path, default=Path("training-output"), help="folder for the checkpoint")
    parser.add_argument("--epochs", type=int, help="instead of the recipe's")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="CPU threads (default: PyTorch's choice)")
    parser.add_argument("--resume", action="store_true", help="continue what is in --output")
    parser.add_argument(
        "--leave-out", metavar="SOURCE", action="append", default=[], help="train without this source and measure on it"
    )


def _check(options: argparse.Namespace, unknown: Sequence[str]) -> None:
    if options.epochs is not None and options.epochs < 1:
        raise UsageError("there must be an epoch at least", where="--epochs", found=options.epochs)
    if unknown:
        raise UsageError(
            f"{options.recipe} does not take this",
            found=shlex.join(unknown),
            remedy=f"see python -m export.training {options.recipe} --help",
        )


def _list() -> None:
    recipes = {name: about for kind in _KINDS for name, about in kind.recipes.items()}
    width = max(map(len, recipes))
    for name, about in recipes.items():
        print(f"{name:{width}}  {about}")


if __name__ == "__main__":
    sys.exit(main())

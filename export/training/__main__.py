"""``python -m export.training``: train a recipe on recordings and leave a checkpoint with its card behind."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from edge.errors import FingerpostError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code (`edge.errors`)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(words)
    try:
        from export.training.session import train

        train(options, "python -m export.training " + shlex.join(words))
    except FingerpostError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted; the last whole epoch is kept, continue with --resume", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m export.training", description=__doc__)
    parser.add_argument("recipe", nargs="?", default="fingerpost-hands", help="what to train (default: %(default)s)")
    parser.add_argument("--data", type=Path, required=True, help="folder with letters_landmarks/ and asl_signs/")
    parser.add_argument(
        "--extra", type=Path, action="append", default=[], help="npz of rendered stills that are added to the training"
    )
    parser.add_argument("--output", type=Path, default=Path("training-output"), help="folder for the checkpoint")
    parser.add_argument("--epochs", type=int, help="instead of the recipe's")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="CPU threads (default: PyTorch's choice)")
    parser.add_argument("--resume", action="store_true", help="continue what is in --output")
    parser.add_argument(
        "--leave-out", metavar="SOURCE", action="append", default=[], help="train without this source and measure on it"
    )
    parser.add_argument(
        "--evaluate",
        action="store_true",
        help="also leave each source out in turn, and split at random (takes one more training for each)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())

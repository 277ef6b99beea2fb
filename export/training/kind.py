"""What the command line must know about recipes of one kind: their names, their own options, and who trains them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """Recipes that are trained alike, by ``train(options, command)``; it raises the project's errors."""

    recipes: Mapping[str, str]
    """Names, and a line about each."""
    data: str
    """What ``--data`` must be."""
    add_options: Callable[[argparse.ArgumentParser], None]
    """Adds the options that only this kind takes; all take ``--data --output --epochs --seed --threads --resume
    --leave-out`` (see `export.training.__main__`)."""
    train: Callable[[argparse.Namespace, str], None]

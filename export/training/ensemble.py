"""Several trainings as one: ``python -m export.training.ensemble FOLDER FOLDER ...``.

Each folder holds the ``predictions.npz`` that a training (`export.training.session`) made of recordings left out of
it, the same for all; what differs is the seed or the recipe. The logarithms of their probabilities are averaged, as
`export.models.committee` does on the device; ``python -m export.training RECIPE --member DIR`` makes such a checkpoint.
"""

from __future__ import annotations

import argparse
import json
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase

import numpy as np
from torch import nn

from edge.bundle.manifest import Label
from edge.errors import FingerpostError, InputError
from edge.types import FloatArray
from export.loading import Request, load_family
from export.training.evaluation import Predictions, accuracy_by_source
from export.training.folder import CONFIG, METRICS, WEIGHTS

PREDICTIONS = "predictions.npz"
_ARRAYS = {"logits", "labels", "sources", "classes"}


@dataclass(frozen=True, slots=True)
class Member:
    """Another training whose network joins: its folder, the model in it, the command that made it, and what it may
    differ in."""

    folder: Path
    model: nn.Module
    command: str
    seed: int
    epochs: int


def read_member(folder: Path, *, family: str, preprocess: str, labels: Sequence[Label], out: Sequence[str]) -> Member:
    """The training in ``folder``; `InputError` where it is of another network, other classes or other recordings, or
    itself several."""
    path = folder / CONFIG
    try:
        found = json.loads(path.read_text())
        measured = json.loads((folder / METRICS).read_text())
        made_by, seed, epochs = found["command"], found["seed"], len(measured["history"])
        known = [found["family"], found["preprocess"], sorted(found["left_out"])]
        names, several = [label["name"] for label in found["labels"]], bool(found.get("members"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            "is not a finished training", where=path, found=error, remedy="name the --output of an earlier call"
        ) from error
    if known != [family, preprocess, sorted(out)]:
        raise InputError(
            "is a training of another network, or without other sources",
            where=path,
            expected=[family, preprocess, sorted(out)],
            found=known,
        )
    if names != (wanted := [label.name for label in labels]):
        missing, more = sorted(set(wanted) - set(names)), sorted(set(names) - set(wanted))
        raise InputError("is a training of other classes", where=path, found=f"missing {missing}, extra {more}")
    if several:
        raise InputError("is several trainings already", where=path, remedy="name each of them with --member")
    model = load_family(family, Request(checkpoint=folder / WEIGHTS)).module
    return Member(folder, model, made_by, seed, epochs)


def average(members: Sequence[Predictions]) -> Predictions:
    """One answer from several on the same recordings."""
    logits = np.mean([_log_softmax(member.logits) for member in members], axis=0, dtype=np.float32)
    return Predictions(np.asarray(logits), members[0].labels, members[0].sources)


def _log_softmax(logits: FloatArray) -> FloatArray:
    shifted = logits - logits.max(1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(1, keepdims=True)))


def read_predictions(folders: Sequence[Path]) -> tuple[list[Predictions], list[str]]:
    """The predictions of each folder, and the classes; `InputError` where they are of different recordings."""
    found: list[Predictions] = []
    classes: list[str] = []
    for folder in folders:
        path = folder / PREDICTIONS
        try:
            with np.load(path, allow_pickle=False) as archive:
                missing = sorted(_ARRAYS - set(archive.files))
                if missing:
                    raise InputError("arrays are missing", where=path, expected=", ".join(missing))
                names = [str(name) for name in archive["classes"]]
                entry = Predictions(archive["logits"], archive["labels"], archive["sources"])
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(
                "cannot be read", where=path, found=error, remedy="train with --leave-out SOURCE --output FOLDER"
            ) from error
        same = not found or (
            names == classes
            and np.array_equal(entry.labels, found[0].labels)
            and np.array_equal(entry.sources, found[0].sources)
        )
        if not same:
            raise InputError("these are other recordings or classes", where=path, expected=f"those of {folders[0]}")
        found.append(entry)
        classes = names
    return found, classes


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code (`edge.errors`)."""
    parser = argparse.ArgumentParser(prog="python -m export.training.ensemble", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="output of a training on other sources")
    options = parser.parse_args(arguments)
    try:
        members, classes = read_predictions(options.folders)
    except FingerpostError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    of = {"letters": [name for name in classes if name in ascii_uppercase], "all classes": classes}
    for what, names in of.items():
        for who, member in [*zip(map(str, options.folders), members, strict=True), ("together", average(members))]:
            for source, (value, count) in accuracy_by_source(member, classes, of=names, among=names).items():
                sys.stdout.write(f"{what}, {source}: {value:.3f} ({who}, {count} recordings)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""One training on isolated signs: a folder in the Kaggle set's layout in, a checkpoint folder out (`sign_report`).

Measured are the participants left out (``--leave-out``), on the signs that the training shows, and a random part of
the recordings of the others; the two are never mixed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edge.bundle.manifest import Label, Measurement
from edge.errors import UsageError
from export.models.signs_points import HANDS
from export.training.data import Recordings, sign_source
from export.training.kind import Kind
from export.training.labels import make_labels
from export.training.progress import track, training_bar
from export.training.sign_data import Skipped, skipped_text
from export.training.sign_recipes import SignRecipe, sign_recipe, sign_recipes
from export.training.sign_sequences import SignParts, SignSequences, divide, read_sequences, shared_signs

if TYPE_CHECKING:
    from export.models.signs import SignModel

LEFT_OUT = "participants left out of the training"
RANDOM = "random split (same signers and sessions on both sides)"
_STATE = "state.pt"


def train_signs(options: argparse.Namespace, command: str) -> None:
    """Do what ``python -m export.training``'s words say; raises the project's errors."""
    import torch

    from export.training.sign_loop import fit_signs
    from export.training.sign_report import SignRun, write_checkpoint

    if options.threads:
        torch.set_num_threads(options.threads)
    if options.batch is not None and options.batch < 2:
        raise UsageError("batch norm needs two recordings at least", where="--batch", found=options.batch)
    if options.late is not None and options.late < 0:
        raise UsageError("a number of epochs is meant", where="--late", found=options.late, expected="0 or more")
    recipe = sign_recipe(options.recipe, epochs=options.epochs, batch=options.batch, late=options.late)
    skipped: list[Skipped] = []
    sequences = read_sequences(options.data, skipped=skipped if options.skip_unreadable else None, progress=track)
    if skipped:
        sys.stderr.write(skipped_text(skipped) + "\n")
    left_out = _sources(options.leave_out, options.data)
    parts = divide(sequences, left_out, recipe.shares, seed=options.seed)
    options.output.mkdir(parents=True, exist_ok=True)
    state = options.output / _STATE
    if not options.resume:
        state.unlink(missing_ok=True)
    with training_bar(recipe.name, recipe.epochs) as bar:
        model, history = fit_signs(
            sequences,
            parts,
            recipe,
            seed=options.seed,
            state=state,
            on_epoch=lambda e: bar.epoch(e.number, loss=e.loss, validation=e.validation_loss, accuracy=e.accuracy),
            on_step=bar.step,
        )
    measurements, confusions = _measure(model, sequences, parts)
    run = SignRun(
        recipe=recipe,
        labels=_labels(sequences, parts),
        seed=options.seed,
        command=command,
        history=tuple(history),
        sources=tuple(sorted(set(sequences.sources[parts.train].tolist()))),
        left_out=left_out,
        counts={
            "trained on": len(parts.train),
            "validation": len(parts.validation),
            "random test": len(parts.test),
            "left out": len(parts.left_out),
            "left out, of signs that the training does not show": len(parts.unknown),
            "unreadable": len(skipped),
        },
        measurements=measurements,
        confusions=confusions,
        started=sum(recipe.is_late(epoch.number - 1) for epoch in history),
    )
    write_checkpoint(options.output, model, run)
    state.unlink(missing_ok=True)
    for m in measurements:
        sys.stdout.write(f"{m.name}: {m.value:.3f} ({m.split}; {m.data}, n = {m.n})\n")


def _sources(names: list[str], data: Path) -> tuple[str, ...]:
    """Sources by name, or by their participant's number alone."""
    return tuple(sign_source(data, name) if name.isdigit() else name for name in names)


def _measure(
    model: SignModel, sequences: SignSequences, parts: SignParts
) -> tuple[tuple[Measurement, ...], list[tuple[str, NDArray[np.int64]]]]:
    from export.training.sign_figures import Answers, sign_figures
    from export.training.sign_loop import predict_signs

    def answers(chosen: NDArray[np.int64]) -> Answers:
        logits = predict_signs(model, sequences, chosen)
        return Answers(logits, sequences.labels[chosen], sequences.sources[chosen], parts.classes)

    measurements: list[Measurement] = []
    confusions = []
    if len(parts.left_out):
        theirs = answers(parts.left_out)
        signs = [name for name in shared_signs(sequences) if name in parts.classes]
        measurements += sign_figures(theirs, split=LEFT_OUT)
        measurements += sign_figures(theirs.among(signs), split=LEFT_OUT, what=f" among the {len(signs)} shared signs")
        confusions.append((LEFT_OUT, theirs.confusion))
    others = answers(parts.test)
    measurements += sign_figures(others, split=RANDOM)
    confusions.append((RANDOM, others.confusion))
    return tuple(measurements), confusions


def _labels(sequences: SignSequences, parts: SignParts) -> tuple[Label, ...]:
    """The classes as a device must know them: what is a key, and which signs move."""
    hands = np.nan_to_num(sequences.frames[:, HANDS]).reshape(-1, 2, 21, 2)
    flat = np.concatenate([hands, np.zeros((*hands.shape[:3], 1), np.float32)], axis=3)
    found = make_labels(Recordings(flat, sequences.offsets, sequences.labels, sequences.sources))
    by_name = {label.name: label for label in found}
    return tuple(by_name[name] for name in parts.classes)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--batch", type=int, help="recordings in a batch, instead of the recipe's")
    parser.add_argument(
        "--late",
        metavar="EPOCHS",
        type=int,
        help="epochs after which adversarial perturbation and late dropout begin, instead of the recipe's",
    )
    parser.add_argument("--skip-unreadable", action="store_true", help="go on without recordings that cannot be read")


def _about(recipe: SignRecipe) -> str:
    how = "" if recipe.augmentation else ", without augmentation"
    return f"{recipe.family} on holistic landmarks of isolated signs, {recipe.epochs} epochs{how}"


KIND = Kind(
    recipes={entry.name: _about(entry) for entry in sign_recipes()},
    data="folder with train.csv and parquet files, as in the Kaggle set of isolated signs",
    add_options=_add_options,
    train=train_signs,
)

"""One training of a picture recipe: pictures in, a checkpoint folder out that ``python -m export`` takes.

``OUTPUT/`` gets the weights, their configuration, figures, plots and a card (`export.training.picture_report`).
Measured are the sources left out, and a part of the others that was not trained on: the recipe's test part, else its
validation part.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from string import ascii_uppercase
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError, UsageError
from export.training.kind import Kind
from export.training.picture_figures import Figures, figures
from export.training.picture_recipes import PictureRecipe, picture_recipe, picture_recipes
from export.training.pictures import Pictures, read_pictures
from export.training.progress import track, training_bar

if TYPE_CHECKING:
    from torch import nn

    from export.training.picture_loop import PictureEpoch

_STATE = "state.pt"


def train_pictures(options: argparse.Namespace, command: str) -> None:
    """Do what ``python -m export.training``'s words say; raises the project's errors."""
    import torch

    from export.training.picture_loop import split
    from export.training.picture_report import PictureRun, write_checkpoint

    if options.threads:
        torch.set_num_threads(options.threads)
    recipe = _recipe(options)
    start = _start(options.pretrained, recipe) if options.pretrained else lambda model: None
    everything = read_pictures(options.data, skip_unreadable=options.skip_unreadable, progress=track)
    if everything.skipped:
        _say(f"{len(everything.skipped)} pictures cannot be read and are left aside", everything.skipped)
    known, aside = _known(everything, recipe)
    out = _left_out(known, options.leave_out)
    pictures, theirs = known.select(np.flatnonzero(~out)), known.select(np.flatnonzero(out))
    shown = np.isin(theirs.labels, pictures.classes)
    if len(theirs) and not shown.any():
        raise InputError("the source left out shows nothing that is trained on", expected=", ".join(pictures.classes))
    parts = split(pictures, recipe, seed=options.seed)
    model, history = _fit(pictures, recipe, start, options)
    part, own = ("test", parts.test) if len(parts.test) else ("validation", parts.validation)
    how = f"{part} part, {_split_name(recipe)}"
    measured = [_measure(model, recipe, pictures.select(own), pictures.classes, how)]
    if len(theirs):
        seen = theirs.select(np.flatnonzero(shown))
        measured.insert(0, _measure(model, recipe, seen, pictures.classes, "left out of the training"))
    run = PictureRun(
        recipe=recipe,
        classes=pictures.classes,
        seed=options.seed,
        command=command,
        history=tuple(history),
        measured=tuple(measured),
        sources=tuple(sorted(set(pictures.sources.tolist()))),
        pictures={
            "trained on": len(parts.train),
            "validation": len(parts.validation),
            "test": len(parts.test),
            "left out": len(theirs),
            "unreadable": len(everything.skipped),
        },
        not_used={**aside, **Counter(theirs.labels[~shown].tolist())},
    )
    write_checkpoint(options.output, model, run)
    (options.output / _STATE).unlink(missing_ok=True)
    for found in measured:
        m = found.measurement
        sys.stdout.write(f"accuracy {m.value:.3f} on {m.n} pictures of {m.data} ({m.split})\n")


def _fit(
    pictures: Pictures, recipe: PictureRecipe, start: Callable[[nn.Module], None], options: argparse.Namespace
) -> tuple[nn.Module, list[PictureEpoch]]:
    from export.training.picture_loop import fit_pictures

    options.output.mkdir(parents=True, exist_ok=True)
    state = options.output / _STATE
    if not options.resume:
        state.unlink(missing_ok=True)
    with training_bar(recipe.name, recipe.epochs) as bar:
        return fit_pictures(
            pictures,
            recipe,
            seed=options.seed,
            state=state,
            start=start,
            on_epoch=lambda e: bar.epoch(e.number, loss=e.loss, validation=e.validation_loss, accuracy=e.accuracy),
            on_step=bar.step,
        )


def _measure(model: nn.Module, recipe: PictureRecipe, pictures: Pictures, known: tuple[str, ...], how: str) -> Figures:
    from export.training.picture_loop import predict_pictures

    answers = predict_pictures(model, pictures, np.arange(len(pictures)), size=_size(recipe)).argmax(axis=1)
    return figures(pictures.labels, answers, known, data=", ".join(sorted(set(pictures.sources.tolist()))), split=how)


def _recipe(options: argparse.Namespace) -> PictureRecipe:
    recipe = picture_recipe(options.recipe)
    given = {name: getattr(options, name) for name in ("epochs", "passes", "batch", "optimizer", "rate", "momentum")}
    changes = {name: value for name, value in given.items() if value is not None}
    for name in ("rate", "momentum"):
        value = changes.get(name)
        if value is not None and not (0 <= value < 1 and (value or name == "momentum")):
            raise UsageError("out of range", where=f"--{name}", expected="0 to 1", found=value)
    if changes.get("batch", 2) < 2:
        raise UsageError(
            "batch norm has no statistics of one", where="--batch", expected="2 or more", found=options.batch
        )
    if changes.get("passes", 1) < 1:
        raise UsageError("out of range", where="--passes", expected="1 or more", found=options.passes)
    changed = replace(recipe, **changes, mixed=options.mixed)
    if changed.momentum and changed.optimizer != "sgd":
        raise UsageError("momentum is SGD's", where="--momentum", found=changed.optimizer)
    return changed


def _start(path: Path, recipe: PictureRecipe) -> Callable[[nn.Module], None]:
    from export.checkpoints.reading import read_checkpoint
    from export.models.pictures import PictureModel
    from export.models.resnet18 import ResNet18, load_pretrained

    checkpoint = read_checkpoint(path)

    def start(model: nn.Module) -> None:
        network = model.network if isinstance(model, PictureModel) else model
        if not isinstance(network, ResNet18):
            raise UsageError("only resnet18 starts from pretrained weights", where="--pretrained", found=recipe.name)
        load_pretrained(network, checkpoint.tensors, where=path)

    return start


def _size(recipe: PictureRecipe) -> tuple[int, int]:
    from export.models.registry import family

    size = family(recipe.family).contract(recipe.preprocess).image_size
    if size is None:
        raise UsageError("no picture recipe", found=recipe.name)
    return size


def _known(pictures: Pictures, recipe: PictureRecipe) -> tuple[Pictures, Counter[str]]:
    """Those of the recipe's classes, and how many there are of each other class."""
    if not recipe.letters_only:
        return pictures, Counter()
    letter = np.isin(pictures.labels, list(ascii_uppercase))
    aside = Counter(pictures.labels[~letter].tolist())
    if not letter.any():
        raise InputError("no pictures of letters", expected="folders A to Z", found=", ".join(pictures.classes))
    if aside:
        _say(f"{recipe.name} knows letters only; left aside", [f"{name}: {count}" for name, count in aside.items()])
    return pictures.select(np.flatnonzero(letter)), aside


def _left_out(pictures: Pictures, names: list[str]) -> NDArray[np.bool_]:
    known = sorted(set(pictures.sources.tolist()))
    unknown = sorted(set(names) - set(known))
    if unknown or len(set(names)) == len(known):
        raise UsageError(
            "no such source" if unknown else "nothing is left to train on",
            where="--leave-out",
            found=", ".join(unknown or names),
            expected=", ".join(known),
        )
    return np.isin(pictures.sources, names)


def _split_name(recipe: PictureRecipe) -> str:
    if recipe.by_name:
        return "split by file name, as Keras (same signers and films on both sides)"
    return "random split (same signers and films on both sides)"


def _say(what: str, which: Iterable[object]) -> None:
    sys.stderr.write(f"{what}: {', '.join(map(str, which))}\n")


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--skip-unreadable", action="store_true", help="go on without pictures that cannot be read")
    parser.add_argument(
        "--mixed", action="store_true", help="train in bfloat16 where that is safe (fast with AMX, CUDA)"
    )
    parser.add_argument("--pretrained", type=Path, metavar="FILE", help="resnet18: start from torchvision's weights")
    parser.add_argument("--passes", type=int, help="times that an epoch goes through the pictures, for small sets")
    parser.add_argument("--batch", type=int, help="pictures a step, instead of the recipe's")
    parser.add_argument("--optimizer", choices=("adam", "sgd"), help="instead of the recipe's")
    parser.add_argument("--rate", type=float, help="learning rate instead of the recipe's")
    parser.add_argument("--momentum", type=float, help="of SGD, instead of the recipe's")


def _about(recipe: PictureRecipe) -> str:
    return f"{recipe.family} on pictures, {recipe.epochs} epochs, {recipe.optimizer} at {recipe.rate:g}"


KIND = Kind(
    recipes={entry.name: _about(entry) for entry in picture_recipes()},
    data="folder with one folder of pictures per class, or with one such folder per source",
    add_options=_add_options,
    train=train_pictures,
)

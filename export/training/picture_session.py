"""One training of a picture recipe: pictures in, a checkpoint folder out that ``python -m export`` takes.

``OUTPUT/`` gets ``model.safetensors``, ``model_config.json`` (family, preprocessing, labels, recipe) and
``metrics.json``: measurements as in the manifest, every epoch, confusion matrix, errors per class, and the pairs R/U
and K/V. What is measured is, in this order: the sources left out, the recipe's test part, its validation part.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle.manifest import Measurement
from edge.errors import UsageError
from export.training.picture_figures import class_errors, confusion, pair_errors, share_interval
from export.training.picture_recipes import PictureRecipe, picture_recipe
from export.training.pictures import Pictures, read_pictures

_STATE = "state.pt"


def train_pictures(options: argparse.Namespace, command: str) -> None:
    """Do what ``python -m export.training``'s words say; raises the project's errors."""
    import torch

    from export.training.picture_loop import fit_pictures, predict_pictures, split

    if options.threads:
        torch.set_num_threads(options.threads)
    recipe = picture_recipe(options.recipe)
    if options.epochs is not None:
        if options.epochs < 1:
            raise UsageError("there must be an epoch at least", where="--epochs", found=options.epochs)
        recipe = replace(recipe, epochs=options.epochs)
    everything = read_pictures(options.data, progress=_track)
    out = _left_out(everything, options.leave_out)
    pictures = everything.select(np.flatnonzero(~out))
    options.output.mkdir(parents=True, exist_ok=True)
    state = options.output / _STATE
    if not options.resume:
        state.unlink(missing_ok=True)
    model, history = fit_pictures(pictures, recipe, seed=options.seed, state=state, on_epoch=_say)
    parts = split(pictures, recipe, seed=options.seed)
    if out.any():
        known = np.isin(everything.labels, pictures.classes)
        measured, chosen, how = everything, np.flatnonzero(out & known), f"left out: {', '.join(options.leave_out)}"
    else:
        part, chosen = ("test", parts.test) if len(parts.test) else ("validation", parts.validation)
        measured, how = pictures, f"{part} part, {_split_name(recipe)}"
    sizes = {name: len(values) for name, values in (("train", parts.train), ("validation", parts.validation))}
    answers = predict_pictures(model, measured, chosen, size=_size(recipe)).argmax(axis=1)
    index = {name: i for i, name in enumerate(pictures.classes)}
    truth = np.array([index[str(label)] for label in measured.labels[chosen]])
    matrix = confusion(truth, answers, len(index))
    figure = _measurement(matrix, data=str(options.data), split=how)
    metrics = {
        "measurements": [figure.model_dump()],
        "epochs": [asdict(epoch) for epoch in history],
        "classes": list(pictures.classes),
        "confusion": matrix.tolist(),
        "errors": [asdict(entry) for entry in class_errors(matrix, pictures.classes)],
        "pairs": pair_errors(matrix, pictures.classes),
        "pictures": {**sizes, "measured": len(chosen), "left out": int(out.sum())},
    }
    config = {
        "family": recipe.family,
        "preprocess": recipe.preprocess,
        "labels": list(pictures.classes),
        "recipe": asdict(recipe),
        "seed": options.seed,
        "command": command,
    }
    _write(options.output, model, config, metrics)
    state.unlink(missing_ok=True)
    sys.stdout.write(f"accuracy {figure.value:.3f} on {figure.n} pictures ({how})\n")


def _size(recipe: PictureRecipe) -> tuple[int, int]:
    from export.models.registry import family

    size = family(recipe.family).contract(recipe.preprocess).image_size
    if size is None:
        raise UsageError("no picture recipe", found=recipe.name)
    return size


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
    if recipe.in_order:
        return "in the order of the films (same signers and films on both sides)"
    return "random split (same signers and films on both sides)"


def _measurement(matrix: NDArray[np.int64], *, data: str, split: str) -> Measurement:
    right, n = int(np.trace(matrix)), int(matrix.sum())
    low, high = share_interval(right, n)
    return Measurement(name="accuracy", value=right / n, low=low, high=high, n=n, data=data, split=split)


def _write(folder: Path, model: Any, config: dict[str, Any], metrics: dict[str, Any]) -> None:
    from safetensors.torch import save

    tensors = {name: value.contiguous() for name, value in model.state_dict().items()}
    files = {
        "model.safetensors": save(tensors),
        "model_config.json": (json.dumps(config, indent=1) + "\n").encode(),
        "metrics.json": (json.dumps(metrics) + "\n").encode(),
    }
    for name, content in files.items():
        partial = folder / f"{name}.partial"
        partial.write_bytes(content)
        partial.replace(folder / name)


def _say(epoch: Any) -> None:
    sys.stderr.write(
        f"epoch {epoch.number}: loss {epoch.loss:.3f}, validation loss {epoch.validation_loss:.3f}, "
        f"accuracy {epoch.accuracy:.3f}, rate {epoch.rate:.2g}\n"
    )


def _track(paths: list[Path], title: str) -> Iterable[Path]:
    from rich.console import Console
    from rich.progress import track

    return track(paths, title, console=Console(stderr=True))

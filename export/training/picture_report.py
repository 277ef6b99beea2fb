"""What a picture training leaves behind: weights, configuration, figures, plots, and a card that code has written.

A checkpoint folder holds ``model.safetensors``, ``model_config.json`` (family, preprocessing, labels, recipe),
``metrics.json`` (measurements as in the manifest, every epoch; of each part that was measured the confusion matrix,
errors per class and the pairs R/U and K/V), ``curves.png``, ``confusion.png`` and ``MODEL_CARD.md``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.training.picture_figures import Figures
from export.training.picture_recipes import PictureRecipe

if TYPE_CHECKING:
    from torch import nn

    from export.training.picture_loop import PictureEpoch


@dataclass(frozen=True, slots=True)
class PictureRun:
    """Everything the files are written from; ``pictures`` counts parts, ``not_used`` pictures of classes that the
    network does not know."""

    recipe: PictureRecipe
    classes: tuple[str, ...]
    seed: int
    command: str
    history: Sequence[PictureEpoch]
    measured: Sequence[Figures]
    pictures: Mapping[str, int]
    not_used: Mapping[str, int]


def write_checkpoint(folder: Path, model: nn.Module, run: PictureRun) -> None:
    """Write all files, each whole or not at all."""
    from safetensors.torch import save

    tensors = {name: value.contiguous() for name, value in model.state_dict().items()}
    files = {
        "model.safetensors": save(tensors),
        "model_config.json": _json(_configuration(run)),
        "metrics.json": _json(_metrics(run)),
    }
    for name, content in files.items():
        partial = folder / f"{name}.partial"
        partial.write_bytes(content)
        partial.replace(folder / name)


def _configuration(run: PictureRun) -> dict[str, Any]:
    return {
        "family": run.recipe.family,
        "preprocess": run.recipe.preprocess,
        "labels": list(run.classes),
        "recipe": asdict(run.recipe),
        "seed": run.seed,
        "command": run.command,
    }


def _metrics(run: PictureRun) -> dict[str, Any]:
    return {
        "command": run.command,
        "measurements": [found.measurement.model_dump() for found in run.measured],
        "history": [asdict(epoch) for epoch in run.history],
        "classes": list(run.classes),
        "pictures": dict(run.pictures),
        "not_used": dict(run.not_used),
        "parts": [
            {
                "split": found.measurement.split,
                "confusion": found.confusion.tolist(),
                "errors": [asdict(entry) for entry in found.errors],
                "pairs": dict(found.pairs),
            }
            for found in run.measured
        ],
    }


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=1) + "\n").encode()

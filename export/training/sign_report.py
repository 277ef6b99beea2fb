"""What a training on isolated signs leaves behind: weights, configuration, figures, plots, and a card that code wrote.

A checkpoint folder holds ``model.safetensors`` (fp16 storage), ``model_config.json`` (family, preprocessing, labels,
sources with their licences, recipe), ``metrics.json`` (measurements as in the manifest, every epoch, confusion
matrices), ``curves.png``, ``confusion.png`` and ``MODEL_CARD.md``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle.manifest import Label, Measurement
from export.models.registry import family
from export.training.folder import CARD, CONFIG, CONFUSION, CURVES, METRICS, WEIGHTS, as_json, stored, write_files
from export.training.plots import confusions, curves
from export.training.shipping import measurement_tables, recording_licences
from export.training.sign_recipes import SignRecipe

if TYPE_CHECKING:
    from torch import nn

    from export.training.sign_loop import SignEpoch


@dataclass(frozen=True, slots=True)
class SignRun:
    """Everything the files are written from. ``counts`` are recordings by part, ``confusions`` matrices by title,
    ``sources`` those trained on."""

    recipe: SignRecipe
    labels: tuple[Label, ...]
    seed: int
    command: str
    history: Sequence[SignEpoch]
    sources: tuple[str, ...]
    left_out: tuple[str, ...]
    counts: Mapping[str, int]
    measurements: tuple[Measurement, ...]
    confusions: Sequence[tuple[str, NDArray[np.int64]]]
    started: int
    """Epochs with AWP and late dropout."""


def write_checkpoint(folder: Path, model: nn.Module, run: SignRun) -> None:
    """Write all files, each whole or not at all."""
    weights = stored(model, half=True)
    parameters = sum(p.numel() for p in model.parameters())
    files = {
        WEIGHTS: weights,
        CONFIG: as_json(_configuration(run, parameters)),
        METRICS: as_json(_metrics(run)),
        CURVES: _curves(run.history),
        CONFUSION: confusions(run.confusions, [label.name for label in run.labels]),
        CARD: _card(run, parameters, len(weights)).encode(),
    }
    write_files(folder, files)


def _configuration(run: SignRun, parameters: int) -> dict[str, Any]:
    licences = recording_licences(run.sources)
    ours = {"licence": "MIT"} if len(licences) == len(run.sources) else {}
    return {
        "family": run.recipe.family,
        "preprocess": run.recipe.preprocess,
        "parameters": parameters,
        "labels": [label.model_dump(exclude_none=True) for label in run.labels],
        "sources": list(run.sources),
        "left_out": list(run.left_out),
        **ours,
        "licences": [licence.model_dump() for licence in licences],
        "seed": run.seed,
        "recipe": asdict(run.recipe),
        "command": run.command,
    }


def _metrics(run: SignRun) -> dict[str, Any]:
    return {
        "command": run.command,
        "measurements": [m.model_dump(exclude_none=True) for m in run.measurements],
        "history": [asdict(epoch) for epoch in run.history],
        "recordings": dict(run.counts),
        "classes": [label.name for label in run.labels],
        "confusions": {title: matrix.tolist() for title, matrix in run.confusions},
    }


def _curves(history: Sequence[SignEpoch]) -> bytes:
    return curves(
        {
            "loss": {"training": [e.loss for e in history], "validation": [e.validation_loss for e in history]},
            "validation accuracy": {"accuracy": [e.accuracy for e in history]},
        }
    )


def _card(run: SignRun, parameters: int, size: int) -> str:
    recipe, entry = run.recipe, family(run.recipe.family)
    counts = ", ".join(f"{count:,} {name}" for name, count in run.counts.items() if count)
    lines = [
        f"# {recipe.family}",
        "",
        f"{entry.summary[:1].upper()}{entry.summary[1:]}. Seed document: `{entry.document}`.",
        "",
        f"- {parameters:,} parameters, {size / 1e6:.2f} MB (fp16 storage), {len(run.labels)} signs: "
        + ", ".join(label.name for label in run.labels),
        f"- recordings: {counts}",
        f"- trained on the sources {', '.join(run.sources)}",
        *([f"- left out of the training: {', '.join(run.left_out)}"] if run.left_out else []),
        f"- made by `{run.command}`; recipe `{recipe.name}`, seed {run.seed}, {len(run.history)} epochs of "
        f"{recipe.epochs}, batch {recipe.batch}, {'with' if recipe.augmentation else 'without'} augmentation; "
        f"adversarial weights and late dropout in {run.started} of the epochs",
        "",
        "## What the figures say",
        "",
        "A source is taken to be one signer. Only sources that were left out of the training say anything about new "
        "signers, and only signs that other sources show can be asked for there. In the random split signers and "
        "sessions are on both sides: where a sign has one source, a network may know the recording rather than the "
        "sign. Intervals (95 %, Wilson) hold for more recordings of the same signers."
        + (
            " The signers here are mostly learners." if len(recording_licences(run.sources)) == len(run.sources) else ""
        ),
        "",
        *measurement_tables(run.measurements),
    ]
    licences = recording_licences(run.sources)
    if licences:
        lines += ["## Licences", "", "The weights were trained on:", ""]
        lines += [f"- {entry.subject}: {entry.source} ({entry.spdx})" for entry in licences]
    return "\n".join(lines) + "\n"

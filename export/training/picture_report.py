"""What a picture training leaves behind: weights, configuration, figures, plots, and a card that code has written.

A checkpoint folder holds ``model.safetensors``, ``model_config.json`` (family, preprocessing, labels, recipe),
``metrics.json`` (measurements as in the manifest, every epoch; of each part that was measured the confusion matrix,
errors per class and the pairs R/U and K/V), ``curves.png``, ``confusion.png`` and ``MODEL_CARD.md``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.bundle.manifest import Licence
from export.models.registry import family
from export.training.folder import CARD, CONFIG, CONFUSION, CURVES, METRICS, WEIGHTS, as_json, stored, write_files
from export.training.picture_figures import PAIRS, Figures
from export.training.picture_recipes import PictureRecipe
from export.training.plots import confusions, curves

if TYPE_CHECKING:
    from torch import nn

    from export.training.picture_loop import PictureEpoch


_LICENCES = {
    "vita": Licence(subject="pictures vita", spdx="MIT", source="princeo741/ViTA @ 8ed094c6"),
    "asl_alphabet_train": Licence(
        subject="pictures asl_alphabet_train", spdx="GPL-2.0-only", source="the Kaggle set ASL Alphabet"
    ),
}
"""Of the sources in the project's data folder, by the folder's name (the second is also Kaggle's own)."""


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
    sources: tuple[str, ...]
    """Those trained on."""
    pictures: Mapping[str, int]
    not_used: Mapping[str, int]


def write_checkpoint(folder: Path, model: nn.Module, run: PictureRun) -> None:
    """Write all files, each whole or not at all."""
    files = {
        WEIGHTS: stored(model, half=False),
        CONFIG: as_json(_configuration(run)),
        METRICS: as_json(_metrics(run)),
        CURVES: _curves(run.history),
        CONFUSION: confusions(
            [(f"{f.measurement.data}: {f.measurement.split}", f.confusion) for f in run.measured], run.classes, PAIRS
        ),
        CARD: _card(run, sum(p.numel() for p in model.parameters())).encode(),
    }
    write_files(folder, files)


def _configuration(run: PictureRun) -> dict[str, Any]:
    return {
        "family": run.recipe.family,
        "preprocess": run.recipe.preprocess,
        "labels": list(run.classes),
        "sources": list(run.sources),
        "licences": [_LICENCES[name].model_dump() for name in run.sources if name in _LICENCES],
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


def _curves(history: Sequence[PictureEpoch]) -> bytes:
    return curves(
        {
            "loss": {"training": [e.loss for e in history], "validation": [e.validation_loss for e in history]},
            "validation accuracy": {"accuracy": [e.accuracy for e in history]},
            "learning rate": {"rate": [e.rate for e in history]},
        }
    )


def _card(run: PictureRun, parameters: int) -> str:
    recipe, entry = run.recipe, family(run.recipe.family)
    counts = ", ".join(f"{count:,} {name}" for name, count in run.pictures.items() if count)
    aside = ", ".join(f"{name} ({count})" for name, count in run.not_used.items())
    momentum = f", momentum {recipe.momentum:g}" if recipe.momentum else ""
    lines = [
        f"# {recipe.family}",
        "",
        f"{entry.summary[:1].upper()}{entry.summary[1:]}. Seed document: `{entry.document}`.",
        "",
        f"- {parameters:,} parameters, {len(run.classes)} classes: {' '.join(run.classes)}",
        f"- pictures: {counts}",
        *([f"- pictures of other classes, not used: {aside}"] if aside else []),
        f"- made by `{run.command}`; recipe `{recipe.name}`, seed {run.seed}, {len(run.history)} epochs of"
        f" {recipe.optimizer} at {recipe.rate:g}{momentum}, batch {recipe.batch}"
        + (", bfloat16 where that is safe" if recipe.mixed else ""),
        "",
        "## What the figures say",
        "",
        "A source is (nearly) one signer in front of one camera. Only a source that was left out of the training says "
        "anything about new signers; parts of the others share signer, room and film with what was trained on. The "
        "intervals (95 %, Wilson) take pictures for independent, which neighbours in a film are not.",
        "",
        "| measured on | split | accuracy | 95 % | n |",
        "|---|---|---|---|---|",
    ]
    for found in run.measured:
        m = found.measurement
        lines.append(f"| {m.data} | {m.split} | {m.value:.3f} | {m.low:.3f}-{m.high:.3f} | {m.n} |")
    for found in run.measured:
        lines += ["", *_mistakes(found)]
    lines += ["", "## Licences", "", "The weights were trained on these sources; what may be done with them follows."]
    lines += ["", *(_licence(name) for name in run.sources)]
    return "\n".join([*lines, ""])


def _licence(source: str) -> str:
    known = _LICENCES.get(source)
    return f"- {source}: {known.spdx} ({known.source})" if known else f"- {source}: licence not known to this project"


def _mistakes(found: Figures) -> list[str]:
    """Errors of every class that has any, and the pairs that look alike."""
    pairs = ", ".join(f"{way} {count}" for way, count in found.pairs.items())
    return [
        f"## Mistakes on {found.measurement.data}: {found.measurement.split}",
        "",
        *([f"Letters that look alike: {pairs}.", ""] if pairs else []),
        "| class | pictures | taken for others (false negatives) | others taken for it (false positives) |",
        "|---|---|---|---|",
        *(f"| {e.name} | {e.n} | {e.missed} | {e.false} |" for e in found.errors if e.missed or e.false),
    ]

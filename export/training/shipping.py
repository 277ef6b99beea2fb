"""What a training run leaves behind: weights, configuration, figures, and a card that code has written.

A checkpoint folder holds ``model.safetensors`` (fp16 storage), ``model_config.json``, ``metrics.json`` and
``MODEL_CARD.md``. All numbers in the card come from the run; none is typed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import nn

from edge.bundle.manifest import Label, Licence, Measurement
from export.models.registry import family
from export.training.data import DOUBTFUL
from export.training.ensemble import Member
from export.training.folder import CARD, CONFIG, METRICS, WEIGHTS, as_json, stored, write_files
from export.training.labels import travel
from export.training.loop import Epoch, Task
from export.training.recipes import Recipe

_ORIGINS = {
    "traduttore": "traduttore/traduttore-model @ c7c2f3eba",
    "vita": "princeo741/ViTA @ 8ed094c6",
    "borisgraudt": "borisgraudt/asl-ai @ fa1dcdb",
    "asl_signs/2": "tamtridung/ASL_SignWish @ 641b923b",
    "asl_signs/3": "akashcodes23/Realtime-Sign-LanguageDetection @ 3cbbb96",
    "asl_signs/4": "IlkerDEMIR-s/SignLanguageDetectionFromWebcam @ 8e87c52",
    "asl_signs/5": "Mujster/Sign-Language-DL @ 6d62f22",
    "asl_signs/6": "Prakhar-1401/Sign_detection_project @ f31542e",
    "asl_signs/7": "FowlDeadPool/sign-sentence-net @ 9248b79",
    "asl_signs/8": "electronicaddict/Jupyter @ 58f09894 and ea033161",
    "asl_signs/9": "Parsa-Baniamerian/Sign_Language_Detection @ da462ab and ab713701",
    "asl_signs/10": "surtecha/SignLangNET @ fb7a305 and 76b0c59",
}
"""Where the recordings of the project's data folder come from; all are MIT-licensed."""
_RENDERED = Licence(subject="rendered hands", spdx="CC0-1.0", source="python -m export.synthetic stills")


@dataclass(frozen=True, slots=True)
class Run:
    """Everything a card is written from. ``source_prediction`` as `evaluation.source_prediction` returns it."""

    task: Task
    recipe: Recipe
    labels: tuple[Label, ...]
    seed: int
    command: str
    left_out: tuple[str, ...]
    history: Sequence[Epoch]
    measurements: tuple[Measurement, ...] = ()
    source_prediction: Mapping[str, float] | None = None
    confusions: Sequence[tuple[str, str, float]] = ()
    rendered_by: tuple[str, ...] = ()
    """The commands that made the rendered stills."""
    members: tuple[Member, ...] = ()
    """The trainings whose networks answer together with this one's."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Sources of real recordings in the training."""
        return tuple(sorted(set(self.task.recordings.sources[~self.task.rendered].tolist()), key=_natural))


def _natural(name: str) -> tuple[str, int]:
    head, _, tail = name.rpartition("/")
    return (head, int(tail)) if tail.isdigit() else (name, 0)


def write_checkpoint(folder: Path, model: nn.Module, run: Run) -> None:
    """Write the four files, each whole or not at all."""
    weights = stored(model, half=True)
    parameters = sum(p.numel() for p in model.parameters())
    files = {
        WEIGHTS: weights,
        CONFIG: as_json(_configuration(run, parameters)),
        METRICS: as_json(_metrics(run)),
        CARD: _card(run, parameters, len(weights)).encode(),
    }
    write_files(folder, files)


def recording_licences(sources: Sequence[str]) -> list[Licence]:
    """Licence and origin of those sources that are of the project's data folder."""
    return [
        Licence(subject=f"recordings {source}", spdx="MIT", source=_ORIGINS[source])
        for source in sources
        if source in _ORIGINS
    ]


def _licences(run: Run) -> list[Licence]:
    found = recording_licences(run.sources)
    return [*found, _RENDERED] if run.task.rendered.any() else found


def _configuration(run: Run, parameters: int) -> dict[str, Any]:
    contract = family(run.recipe.family).contract(run.recipe.preprocess)
    return {
        "family": run.recipe.family,
        "preprocess": run.recipe.preprocess,
        "parameters": parameters,
        "window": contract.window.model_dump() if contract.window else None,
        "aspect": contract.aspect,
        "labels": [label.model_dump(exclude_none=True) for label in run.labels],
        "sources": list(run.sources),
        "left_out": list(run.left_out),
        "rendered": int(run.task.rendered.sum()),
        "rendered_by": list(run.rendered_by),
        "licences": [licence.model_dump() for licence in _licences(run)],
        "seed": run.seed,
        "recipe": asdict(run.recipe),
        "command": run.command,
        "members": [{"command": m.command, "seed": m.seed, "epochs": m.epochs} for m in run.members],
        "measurements": [m.model_dump(exclude_none=True) for m in run.measurements],
    }


def _metrics(run: Run) -> dict[str, Any]:
    return {
        "command": run.command,
        "history": [asdict(epoch) for epoch in run.history],
        "measurements": [m.model_dump(exclude_none=True) for m in run.measurements],
        "source_prediction": run.source_prediction,
        "confusions": [list(entry) for entry in run.confusions],
    }


def _card(run: Run, parameters: int, size: int) -> str:
    recordings, rendered = run.task.recordings, run.task.rendered
    words = [label for label in run.labels if label.kind == "word"]
    ours = set(run.sources) <= set(_ORIGINS)
    summary = family(run.recipe.family).summary
    lines = [
        f"# {run.recipe.family}",
        "",
        f"{summary[:1].upper()}{summary[1:]}.",
        "",
        f"- {parameters:,} parameters, {size / 1e6:.2f} MB (fp16 storage), {len(run.labels)} classes: "
        f"{sum(label.kind == 'letter' for label in run.labels)} letters, "
        f"{', '.join(label.name for label in run.labels if label.kind == 'key') or 'no keys'}, {len(words)} words",
        f"- words: {', '.join(label.name for label in words) or 'none'}",
        f"- held words (the others are movements): {', '.join(w.name for w in words if not w.moving) or 'none'}",
        f"- trained on {int((~rendered).sum()):,} recordings from {len(run.sources)} sources"
        + (f" and {int(rendered.sum()):,} rendered stills" if rendered.any() else ""),
        f"- made by `{run.command}`; recipe `{run.recipe.name}`, seed {run.seed}, {len(run.history)} epochs",
        *(
            f"- answers together with the network made by `{m.command}`; seed {m.seed}, {m.epochs} epochs"
            for m in run.members
        ),
        *(f"- rendered stills made by `{command}`" for command in run.rendered_by),
        *([f"- left out of the training: {', '.join(run.left_out)}"] if run.left_out else []),
        "",
        "## What the figures say",
        "",
        "A source is taken to be one signer. Only figures from sources that were left out of the training say anything "
        "about new signers. Every sign of a source weighs alike; a row's interval (95 %, Wilson) holds for more "
        "recordings of that source, not for other people."
        + (
            " The signers here are mostly learners: the figures speak of these recordings, not of fluent signing. "
            "Recipe and drawn hands were chosen with these same sources in view, so for sources that nobody has looked "
            "at the figures are somewhat too kind. Doubtful recordings look like another sign than they are named for: "
            f"{', '.join(f'{sign} of {source}' for source, sign in sorted(DOUBTFUL))}."
            if ours
            else ""
        ),
        "",
    ]
    lines += measurement_tables(run.measurements)
    if run.source_prediction:
        told = run.source_prediction
        lines += [
            "## How well the source is told",
            "",
            f"From mean and spread of the features the network is given, a linear classifier names the source of the "
            f"words that several sources have in {told['accuracy']:.1%} of a random fifth of {told['recordings']:.0f} "
            f"recordings ({told['sources']:.0f} sources; always naming the commonest: {told['chance']:.1%}). Most "
            "words have one source only: their figures could only be those of the random split, and a model may know "
            "the recording rather than the sign.",
            "",
        ]
    if run.confusions:
        lines += [
            "## Commonest mistakes on letters of left-out sources",
            "",
            "| sign | answer | share |",
            "|---|---|---|",
        ]
        lines += [f"| {sign} | {answer} | {share:.0%} |" for sign, answer, share in run.confusions]
        lines.append("")
    lines += ["## Words and where they come from", "", "| word | sources | palm lengths a second |", "|---|---|---|"]
    for word in words:
        sources = sorted(set(recordings.sources[(recordings.labels == word.name) & ~rendered].tolist()), key=_natural)
        if sources:
            lines.append(f"| {word.name} | {', '.join(sources)} | {travel(recordings, word.name):.2f} |")
    if ours:
        lines += ["", "## Licences", "", "The weights: MIT. They were trained on:", ""]
        lines += [f"- {entry.subject}: {entry.source} ({entry.spdx})" for entry in _licences(run)]
    return "\n".join(lines) + "\n"


def measurement_tables(measurements: Sequence[Measurement]) -> list[str]:
    """Lines of Markdown for a card, a table for each split; a mean, which has no interval, is bold."""
    lines: list[str] = []
    for split in dict.fromkeys(m.split for m in measurements):
        lines += [f"### {split[0].upper()}{split[1:]}", "", "| figure | measured on | value | 95 % | n |"]
        lines.append("|---|---|---|---|---|")
        for m in measurements:
            if m.split == split:
                interval = f"{m.low:.3f}-{m.high:.3f}" if m.low is not None and m.high is not None else ""
                value = f"**{m.value:.3f}**" if not interval else f"{m.value:.3f}"
                lines.append(f"| {m.name} | {m.data} | {value} | {interval} | {m.n} |")
        lines.append("")
    return lines

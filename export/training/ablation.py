"""What each part of the shipped recipe does for sources that are left out: ``python -m export.training.ablation``.

A row changes one thing, leaves sources out in turn and trains on the others, for a few short epochs: minutes instead
of the hours that whole folds of the whole recipe take. Letters and words are learned apart: a row of letters has one
fold for each of their sources; of words, whose sources are many, several are left out together. Rows are to be compared
with each other, not with the shipped model's figures; the spread over ``--seeds`` says which differences are real.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from string import ascii_uppercase
from typing import Literal

import numpy as np

from edge.errors import FingerpostError, UsageError
from export.training.data import Recordings, join, read_data, read_letters
from export.training.labels import KEYS
from export.training.recipes import Recipe, recipe

Kind = Literal["letters", "words"]
_DRAWS = 6400
_FOLDS = 4


@dataclass(frozen=True, slots=True)
class Variant:
    """A row: a recipe, and the names of the sets of rendered hands that are left away."""

    recipe: Recipe
    without: tuple[str, ...] = ()


def variants(extras: Sequence[str]) -> Mapping[str, Variant]:
    """Every row by its name, the recipe as it is first; each changes one thing. ``extras`` are the rendered sets."""
    whole = recipe("fingerpost-hands")
    augmented = whole.augmentation
    changed = {
        "as it is": whole,
        "without mirror handling": replace(whole, preprocess="hands-without-mirroring"),
        "raw points beside the features": replace(whole, preprocess="hands-with-points"),
        "without crossings": replace(whole, preprocess="hands-without-crossings"),
        "without views": replace(
            whole, augmentation=replace(augmented, roll=0.0, tilt=0.0, stretch=0.0, perspective=0.0)
        ),
        "without rotation": replace(whole, augmentation=replace(augmented, roll=0.0, tilt=0.0)),
        "without perspective": replace(whole, augmentation=replace(augmented, perspective=0.0)),
        "depth 0.3": replace(whole, augmentation=replace(augmented, depth=0.3)),
        "without other fingers": replace(whole, augmentation=replace(augmented, bone=0.0, bend=0.0)),
        "without resampling in time": replace(
            whole, augmentation=replace(augmented, speed=0.0, warp=0.0, word_crop=0.0, drop=0.0)
        ),
        "holds of one frame": replace(whole, augmentation=replace(augmented, hold=1, long_holds=0.0)),
        "without class balance": replace(whole, draws=None),
        "words once a class": replace(whole, by_sources=False),
        "without competition within a source": replace(whole, within_source=0.0),
        "without averaging": replace(whole, averaging=0.0),
        "rendered 0.35": replace(whole, extra_share=0.35),
    }
    rows = {name: Variant(entry) for name, entry in changed.items()}
    rows |= {f"without {name}": Variant(whole, (name,)) for name in extras}
    if len(extras) > 1:
        rows["without rendered hands"] = Variant(whole, tuple(extras))
    return rows


def measure(
    recordings: Recordings,
    extras: Mapping[str, Recordings],
    variant: Variant,
    *,
    kind: Kind,
    epochs: int,
    draws: int,
    seed: int,
) -> dict[str, float]:
    """Accuracy on each source when it is left out, every sign weighing alike: letters among letters, or the words that
    several sources have among all words. ``draws``: recordings an epoch."""
    from export.training.evaluation import Predictions, accuracy_by_source
    from export.training.loop import Task, fit, predict

    known, of = _of_kind(recordings, kind)
    classes = tuple(sorted(set(known.labels.tolist())))
    held = frozenset(classes) - set("JZ") if kind == "letters" else frozenset()
    drawn = [entry for name, entry in extras.items() if kind == "letters" and name not in variant.without]
    result: dict[str, float] = {}
    for group in _groups(known, of, kind):
        out = np.isin(known.sources, group)
        parts = [known.select(~out), *drawn]
        rendered = np.repeat([False, *(True for _ in drawn)], [len(part) for part in parts])
        task = Task(join(parts), classes, held, rendered)
        model, _ = fit(task, _as_long(variant.recipe, len(rendered), epochs=epochs, draws=draws), seed=seed)
        tested = known.select(out & np.isin(known.labels, of))
        frames, speeds = variant.recipe.augmentation.frames, variant.recipe.speeds
        logits = predict(model, tested, np.arange(len(tested)), frames=frames, speeds=speeds)
        found = Predictions(logits, tested.labels, tested.sources)
        result |= {name: value for name, (value, _) in accuracy_by_source(found, classes, of=of, among=classes).items()}
    return dict(sorted(result.items()))


def _of_kind(recordings: Recordings, kind: Kind) -> tuple[Recordings, list[str]]:
    """The recordings of that kind, and the signs that more than one source has."""
    letter = np.isin(recordings.labels, list(ascii_uppercase))
    known = recordings.select(letter if kind == "letters" else ~letter & ~np.isin(recordings.labels, KEYS))
    names = sorted(set(known.labels.tolist()))
    return known, [name for name in names if len(set(known.sources[known.labels == name].tolist())) > 1]


def _groups(known: Recordings, of: Sequence[str], kind: Kind) -> list[list[str]]:
    """Sources that are left out together."""
    sources = sorted(set(known.sources[np.isin(known.labels, of)].tolist()))
    count = len(sources) if kind == "letters" else min(_FOLDS, len(sources))
    return [sources[i::count] for i in range(count)]


def _as_long(entry: Recipe, recordings: int, *, epochs: int, draws: int) -> Recipe:
    """The recipe with so many epochs; one that takes each recording once an epoch sees as many in all."""
    if entry.draws is None:
        return replace(entry, epochs=max(1, round(epochs * draws / recordings)))
    return replace(entry, epochs=epochs, draws=draws)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code (`edge.errors`)."""
    options = _parser().parse_args(arguments)
    try:
        _print_rows(options)
    except FingerpostError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


def _print_rows(options: argparse.Namespace) -> None:
    import torch

    rows = variants([path.stem for path in options.extra])
    unknown = sorted(set(options.only) - set(rows))
    if unknown:
        raise UsageError("no such row", where="--only", found=", ".join(unknown), expected=", ".join(rows))
    torch.set_num_threads(options.threads)
    recordings = read_data(options.data)
    extras = {path.stem: read_letters(path, source="rendered") for path in options.extra}
    what = f"{options.of}, {options.epochs} epochs of {options.draws}, {options.seeds} seeds"
    sys.stdout.write(f"| {what} | mean | seeds | by left-out source |\n|---|---|---|---|\n")
    for name in options.only or rows:
        found = [
            measure(
                recordings,
                extras,
                rows[name],
                kind=options.of,
                epochs=options.epochs,
                draws=options.draws,
                seed=seed,
            )
            for seed in range(options.seeds)
        ]
        means = [float(np.mean(list(each.values()))) for each in found]
        sources = ", ".join(f"{source} {np.mean([each[source] for each in found]):.3f}" for source in found[0])
        each = ", ".join(f"{mean:.3f}" for mean in means)
        sys.stdout.write(f"| {name} | {np.mean(means):.3f} | {each} | {sources} |\n")
        sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m export.training.ablation", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with letters_landmarks/ and asl_signs/")
    parser.add_argument("--of", choices=("letters", "words"), default="letters", help="what is learned and measured")
    parser.add_argument("--extra", type=Path, action="append", default=[], help="npz of rendered hands")
    parser.add_argument("--only", metavar="ROW", action="append", default=[], help="this row only; may be repeated")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--draws", type=int, default=_DRAWS, help="recordings an epoch (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=2, help="trainings a fold (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1)
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""What each part of the shipped recipe does for letters of left-out sources: ``python -m export.training.ablation``.

A row leaves each source of letters out in turn and trains on the letters of the others only, for a few short epochs:
minutes instead of the hours that whole folds of the whole recipe take. Rows are to be compared with each other;
two seeds of one row differ by about 0.02.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from string import ascii_uppercase

import numpy as np

from edge.errors import FingerpostError, UsageError
from export.training.data import Recordings, join, read_data, read_letters
from export.training.recipes import Recipe, recipe

_DRAWS = 6400


@dataclass(frozen=True, slots=True)
class Variant:
    """A row: a recipe, and the names of the sets of rendered hands that are left away."""

    recipe: Recipe
    without: tuple[str, ...] = ()


def variants(extras: Sequence[str]) -> Mapping[str, Variant]:
    """Every row by its name, the recipe as it is first; each takes one thing away. ``extras`` are the rendered sets."""
    whole = recipe("fingerpost-hands")
    augmented = whole.augmentation
    changed = {
        "as it is": whole,
        "without crossings": replace(whole, preprocess="hands-without-crossings"),
        "depth 0.3": replace(whole, augmentation=replace(augmented, depth=0.3)),
        "rendered 0.35": replace(whole, extra_share=0.35),
        "without views": replace(
            whole, augmentation=replace(augmented, roll=0.0, tilt=0.0, stretch=0.0, perspective=0.0)
        ),
        "without other fingers": replace(whole, augmentation=replace(augmented, bone=0.0, bend=0.0)),
        "without averaging": replace(whole, averaging=0.0),
    }
    rows = {name: Variant(entry) for name, entry in changed.items()}
    rows |= {f"without {name}": Variant(whole, (name,)) for name in extras}
    if len(extras) > 1:
        rows["without rendered hands"] = Variant(whole, tuple(extras))
    return rows


def measure(
    recordings: Recordings, extras: Mapping[str, Recordings], variant: Variant, *, epochs: int, draws: int, seed: int
) -> dict[str, float]:
    """Accuracy on letters of each source when it is left out, every letter weighing alike."""
    from export.training.evaluation import Predictions, accuracy_by_source
    from export.training.loop import Task, fit, predict

    letters = tuple(sorted(set(recordings.labels.tolist()) & set(ascii_uppercase)))
    known = recordings.select(np.isin(recordings.labels, letters))
    drawn = [entry for name, entry in extras.items() if name not in variant.without]
    chosen = replace(variant.recipe, epochs=epochs, draws=draws)
    result: dict[str, float] = {}
    for source in sorted(set(known.sources.tolist())):
        out = known.sources == source
        parts = [known.select(~out), *drawn]
        rendered = np.repeat([False, *(True for _ in drawn)], [len(part) for part in parts])
        task = Task(join(parts), letters, frozenset(letters) - set("JZ"), rendered)
        model, _ = fit(task, chosen, seed=seed)
        tested = known.select(out)
        logits = predict(model, tested, np.arange(len(tested)), frames=chosen.augmentation.frames, speeds=chosen.speeds)
        found = Predictions(logits, tested.labels, tested.sources)
        result |= {
            name: value for name, (value, _) in accuracy_by_source(found, letters, of=letters, among=letters).items()
        }
    return result


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
    recordings = recordings.select(np.isin(recordings.labels, list(ascii_uppercase)))
    extras = {path.stem: read_letters(path, source="rendered") for path in options.extra}
    what = f"letters, {options.epochs} epochs of {options.draws}, seed {options.seed}"
    sys.stdout.write(f"| {what} | mean | by left-out source |\n|---|---|---|\n")
    for name in options.only or rows:
        found = measure(recordings, extras, rows[name], epochs=options.epochs, draws=options.draws, seed=options.seed)
        mean = float(np.mean(list(found.values())))
        sys.stdout.write(f"| {name} | {mean:.3f} | {', '.join(f'{s} {v:.3f}' for s, v in found.items())} |\n")
        sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m export.training.ablation", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with letters_landmarks/")
    parser.add_argument("--extra", type=Path, action="append", default=[], help="npz of rendered hands")
    parser.add_argument("--only", metavar="ROW", action="append", default=[], help="this row only; may be repeated")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--draws", type=int, default=_DRAWS, help="recordings an epoch (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    return parser


if __name__ == "__main__":
    sys.exit(main())

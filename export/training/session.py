"""One call of the trainer: the run itself, and the runs that measure it.

``OUTPUT/`` gets the checkpoint; ``OUTPUT/folds/<source>/`` a whole checkpoint trained without that source, with its
``predictions.npz`` on it; ``OUTPUT/folds/random/`` the one trained on a random four fifths. A finished fold is reused
with ``--resume``, so folds may also be run one by one (``--leave-out S --output OUTPUT/folds/S``).

With ``--member DIR`` another training of the same recordings, the ``--output`` of an earlier call, answers together
with this one: the checkpoint in ``OUTPUT/`` is a committee of both, and so are its figures; folds stay single.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from string import ascii_uppercase
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edge.bundle.manifest import Label, Measurement
from edge.errors import InputError, UsageError
from export.training import plots
from export.training.data import Recordings, join, made_by, read_data, read_letters
from export.training.ensemble import PREDICTIONS, Member, average, read_member, read_predictions
from export.training.evaluation import (
    LEAVE_ONE_OUT,
    RANDOM,
    Predictions,
    confusions,
    figures,
    shared_signs,
    source_prediction,
)
from export.training.folder import CONFUSION, CURVES, write_files
from export.training.kind import Kind
from export.training.labels import make_labels
from export.training.picture_figures import confusion
from export.training.progress import track, training_bar
from export.training.recipes import Recipe, recipe, recipes

if TYPE_CHECKING:
    from export.training.loop import Epoch

_STATE = "state.pt"
_RANDOM_SHARE = 0.2
_RANDOM_SPLIT = (0, 1)
"""Seed of the random split: the same for every training, so that several can be compared and joined."""
_WORST = 12


@dataclass(frozen=True, slots=True)
class _Session:
    recipe: Recipe
    labels: tuple[Label, ...]
    recordings: Recordings
    extra: Recordings | None
    rendered_by: tuple[str, ...]
    shared: tuple[str, ...]
    seed: int
    resume: bool
    command: str
    members: tuple[Member, ...]


def train(options: argparse.Namespace, command: str) -> None:
    """Do what the command line says."""
    import torch

    if options.threads:
        torch.set_num_threads(options.threads)
    chosen = recipe(options.recipe)
    if options.epochs is not None:
        chosen = replace(chosen, epochs=options.epochs)
    if options.evaluate and options.leave_out:
        raise UsageError("--evaluate leaves every source out by itself", remedy="drop --leave-out")
    recordings = read_data(options.data, progress=track)
    known = sorted(set(recordings.sources.tolist()))
    unknown = sorted(set(options.leave_out) - set(known))
    if unknown:
        raise UsageError("no such source", where="--leave-out", found=", ".join(unknown), expected=", ".join(known))
    labels = make_labels(recordings)
    session = _Session(
        recipe=chosen,
        labels=labels,
        recordings=recordings,
        extra=join([_read_extra(path, labels) for path in options.extra]) if options.extra else None,
        rendered_by=tuple(dict.fromkeys(made for path in options.extra for made in made_by(path))),
        shared=shared_signs(recordings, labels),
        seed=options.seed,
        resume=options.resume,
        command=command,
        members=tuple(
            read_member(path, family=chosen.family, preprocess=chosen.preprocess, labels=labels, out=options.leave_out)
            for path in options.member
        ),
    )
    measurements: tuple[Measurement, ...] = ()
    worst: list[tuple[str, str, float]] = []
    if options.evaluate:
        measurements, worst = _evaluate(session, options.output)
    _fit_and_write(session, options.output, tuple(options.leave_out), measurements, worst)


def _read_extra(path: Path, labels: tuple[Label, ...]) -> Recordings:
    extra = read_letters(path, source="rendered")
    unknown = sorted(set(extra.labels.tolist()) - {label.name for label in labels})
    if unknown:
        raise InputError("labels that the recordings do not have", where=path, found=", ".join(unknown))
    return extra


def _evaluate(session: _Session, output: Path) -> tuple[tuple[Measurement, ...], list[tuple[str, str, float]]]:
    letters = [label.name for label in session.labels if label.name in ascii_uppercase]
    wanted = np.isin(session.recordings.labels, [*letters, *session.shared])
    folds = []
    for source in sorted(set(session.recordings.sources[wanted].tolist())):
        folder = output / "folds" / source.replace("/", "_")
        if not (session.resume and (folder / PREDICTIONS).exists()):
            _fit_and_write(replace(session, members=()), folder, (source,))
        folds.append(_read_fold(folder, session))
    together = Predictions(
        np.concatenate([fold.logits for fold in folds]),
        np.concatenate([fold.labels for fold in folds]),
        np.concatenate([fold.sources for fold in folds]),
    )
    folder = output / "folds" / "random"
    if not (session.resume and (folder / PREDICTIONS).exists()):
        _fit_random(replace(session, members=()), folder)
    by_chance = _read_fold(folder, session)
    measured = (
        *figures(together, session.labels, session.shared, LEAVE_ONE_OUT),
        *figures(by_chance, session.labels, session.shared, RANDOM),
    )
    classes = [label.name for label in session.labels]
    return measured, _worst(together, classes, letters)


def _worst(predictions: Predictions, classes: list[str], letters: list[str]) -> list[tuple[str, str, float]]:
    rows = np.isin(predictions.labels, letters)
    columns = [classes.index(name) for name in letters]
    part = Predictions(predictions.logits[rows][:, columns], predictions.labels[rows], predictions.sources[rows])
    return confusions(part, letters, of=letters)[:_WORST]


def _fit_and_write(
    session: _Session,
    folder: Path,
    left_out: tuple[str, ...],
    measurements: tuple[Measurement, ...] = (),
    worst: Sequence[tuple[str, str, float]] = (),
) -> None:
    out = np.isin(session.recordings.sources, left_out)
    told = source_prediction(session.recordings, session.shared, session.seed) if not left_out else None
    what = f"without {', '.join(left_out)}" if left_out else "all sources"
    _fold(session, folder, out, what=what, left_out=left_out, measurements=measurements, told=told, worst=worst)


def _fit_random(session: _Session, folder: Path) -> None:
    random = np.random.default_rng(_RANDOM_SPLIT)
    out = np.zeros(len(session.recordings), bool)
    for label in np.unique(session.recordings.labels):
        rows = random.permutation(np.flatnonzero(session.recordings.labels == label))
        out[rows[: int(_RANDOM_SHARE * len(rows))]] = True
    _fold(session, folder, out, what="a random four fifths", split=RANDOM)


def _fold(
    session: _Session,
    folder: Path,
    out: NDArray[np.bool_],
    *,
    what: str,
    split: str = LEAVE_ONE_OUT,
    left_out: tuple[str, ...] = (),
    measurements: tuple[Measurement, ...] = (),
    told: Mapping[str, float] | None = None,
    worst: Sequence[tuple[str, str, float]] = (),
) -> None:
    from export.models.committee import join_models
    from export.models.registry import family
    from export.training.loop import Task, fit, predict
    from export.training.shipping import Run, write_checkpoint

    recordings = session.recordings.select(~out)
    rendered = np.zeros(len(recordings), bool)
    if session.extra is not None:
        recordings = join([recordings, session.extra])
        rendered = np.concatenate([rendered, np.ones(len(session.extra), bool)])
    classes = tuple(label.name for label in session.labels)
    held = frozenset(label.name for label in session.labels if label.kind != "word" and not label.moving)
    task = Task(recordings, classes, held, rendered)
    folder.mkdir(parents=True, exist_ok=True)
    state = folder / _STATE
    if not session.resume:
        state.unlink(missing_ok=True)
        (folder / PREDICTIONS).unlink(missing_ok=True)
    with training_bar(f"training, {what}", session.recipe.epochs) as bar:
        model, history = fit(
            task, session.recipe, seed=session.seed, state=state, on_epoch=lambda e: bar.epoch(e.number, loss=e.loss)
        )
    model = join_models(family(session.recipe.family), [model, *(member.model for member in session.members)])
    if out.any():
        chosen = np.flatnonzero(out)
        logits = predict(
            model,
            session.recordings,
            chosen,
            frames=session.recipe.augmentation.frames,
            speeds=session.recipe.speeds,
        )
        found = Predictions(logits, session.recordings.labels[chosen], session.recordings.sources[chosen])
        measurements = figures(found, session.labels, session.shared, split)
    run = Run(
        task,
        session.recipe,
        session.labels,
        session.seed,
        session.command,
        left_out,
        history,
        measurements,
        told,
        worst,
        session.rendered_by,
        session.members,
    )
    write_checkpoint(folder, model, run)
    _plot(folder, history, found if out.any() else None, classes)
    if out.any():
        partial = folder / ("partial-" + PREDICTIONS)
        np.savez(partial, logits=logits, labels=found.labels, sources=found.sources, classes=np.array(classes))
        partial.replace(folder / PREDICTIONS)
    state.unlink(missing_ok=True)
    for m in measurements:
        if m.low is None:
            sys.stdout.write(f"{m.name}, {m.split}: {m.value:.3f} ({m.data}, {m.n} recordings)\n")


def _plot(folder: Path, history: Sequence[Epoch], found: Predictions | None, classes: Sequence[str]) -> None:
    """Curves, and who is taken for whom on what was left out."""
    panels: dict[str, dict[str, list[float | None]]] = {"loss": {"training": [epoch.loss for epoch in history]}}
    if any(epoch.accuracy is not None for epoch in history):
        panels["validation accuracy"] = {"accuracy": [epoch.accuracy for epoch in history]}
    files = {CURVES: plots.curves(panels)}
    if found is not None:
        index = {name: place for place, name in enumerate(classes)}
        truth = np.array([index[str(label)] for label in found.labels])
        matrix = confusion(truth, found.logits.argmax(axis=1), len(classes))
        files[CONFUSION] = plots.confusions([(", ".join(sorted(set(found.sources.tolist()))), matrix)], classes)
    write_files(folder, files)


def _read_fold(folder: Path, session: _Session) -> Predictions:
    folders = [folder, *(member.folder / "folds" / folder.name for member in session.members)]
    found, classes = read_predictions(folders)
    if classes != [label.name for label in session.labels]:
        raise InputError("belongs to other classes", where=folder, remedy="run again without --resume")
    return average(found)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--extra", type=Path, action="append", default=[], help="npz of rendered stills that are added to the training"
    )
    parser.add_argument(
        "--evaluate",
        action="store_true",
        help="also leave each source out in turn, and split at random (takes one more training for each)",
    )
    parser.add_argument(
        "--member",
        metavar="DIR",
        type=Path,
        action="append",
        default=[],
        help="output of another training of these recordings, of another seed or length: the two answer together",
    )


KIND = Kind(
    recipes={entry.name: f"{entry.family} on landmarks of hands, {entry.epochs} epochs" for entry in recipes()},
    data="folder with letters_landmarks/ and asl_signs/",
    add_options=_add_options,
    train=train,
)

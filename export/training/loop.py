"""The training loop: seeded, resumable to the bit, the same for every recipe.

All randomness of an epoch comes from ``(seed, epoch)``, so a run that is interrupted and resumed from the state of
its last whole epoch does exactly what the uninterrupted run does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from edge.types import FloatArray
from export.models.registry import family
from export.training.augment import draw_batch, draw_times, gather
from export.training.data import Recordings
from export.training.epochs import run_epochs
from export.training.recipes import Recipe

_MASKED = -1e4
_POOL = 8
"""Batches that are drawn together and sorted by length, so that short holds are not padded to long words."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is learned: recordings, their classes' names, which classes are held shapes, and how often to draw each.

    ``rendered`` marks recordings that show no real person.
    """

    recordings: Recordings
    classes: tuple[str, ...]
    held: frozenset[str]
    rendered: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Epoch:
    """What came of one epoch; ``accuracy`` is that of the random validation split, where the recipe has one."""

    number: int
    loss: float
    accuracy: float | None = None


def fit(
    task: Task,
    recipe: Recipe,
    *,
    seed: int,
    state: Path | None = None,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> tuple[nn.Module, list[Epoch]]:
    """Train a new network; ``state``: file the run is kept in after each epoch, and resumed from."""
    run = _Run(task, recipe, seed)
    best = run_epochs(run, Epoch, epochs=recipe.epochs, patience=recipe.patience, state=state, on_epoch=on_epoch)
    model = run.evaluated
    if best is not None:
        model.load_state_dict(best)
    return model.eval(), run.history


class _Run:
    def __init__(self, task: Task, recipe: Recipe, seed: int) -> None:
        self._task, self._recipe, self._seed = task, recipe, seed
        torch.manual_seed(seed)
        self._model = family(recipe.family).build(len(task.classes), recipe.preprocess)
        self._averaged = deepcopy(self._model).requires_grad_(False)
        index = {name: i for i, name in enumerate(task.classes)}
        self._targets = np.array([index[str(label)] for label in task.recordings.labels])
        self._allowed = _classes_of_source(task.recordings.sources, self._targets, len(task.classes))
        self._train, self._valid = _split(self._targets, recipe.validation, seed)
        self._weights = _class_weights(self._targets[self._train], len(task.classes)) if recipe.class_weights else None
        draws = draw_weights(task, recipe)[self._train]
        self._draws = draws / draws.sum()
        per_epoch = recipe.draws or len(self._train)
        self._batches = max(1, per_epoch // recipe.batch)
        self._optimizer = torch.optim.AdamW(self._model.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, recipe.rate, total_steps=self._batches * recipe.epochs + 1
        )
        self.history: list[Epoch] = []

    @property
    def identity(self) -> str:
        data = f"{len(self._train)} recordings, {len(self._task.classes)} classes"
        return f"{self._recipe.name}, {self._recipe.epochs} epochs, seed {self._seed}, {data}"

    @property
    def evaluated(self) -> nn.Module:
        return self._averaged if self._recipe.averaging else self._model

    def epoch(self) -> Epoch:
        number = len(self.history) + 1
        random = np.random.default_rng((self._seed, number))
        torch.manual_seed(self._seed * 100_003 + number)
        self._model.train()
        losses = [self._step(*batch) for batch in self._draw(random)]
        accuracy = self._validate() if len(self._valid) else None
        return Epoch(number, float(np.mean(losses)), accuracy)

    def _draw(self, random: np.random.Generator) -> Iterator[tuple[Tensor, Tensor, NDArray[np.int64]]]:
        recipe, recordings = self._recipe, self._task.recordings
        total = self._batches * recipe.batch
        if recipe.draws is None:
            chosen = random.permutation(self._train)[:total]
        else:
            chosen = random.choice(self._train, total, p=self._draws)
        lengths = recordings.lengths
        times = [
            draw_times(
                int(lengths[i]),
                held=str(recordings.labels[i]) in self._task.held,
                options=recipe.augmentation,
                random=random,
            )
            for i in chosen
        ]
        for begin in range(0, len(chosen), _POOL * recipe.batch):
            pool = np.arange(begin, min(begin + _POOL * recipe.batch, len(chosen)))
            pool = pool[np.argsort([len(times[i]) for i in pool], kind="stable")]
            for rows in random.permutation(np.arange(-(-len(pool) // recipe.batch))):
                part = pool[rows * recipe.batch : (rows + 1) * recipe.batch]
                if len(part) < 2:
                    continue
                landmarks, mask = draw_batch(
                    recordings, chosen[part], [times[i] for i in part], recipe.augmentation, random
                )
                yield torch.from_numpy(landmarks), torch.from_numpy(mask), chosen[part]

    def _step(self, landmarks: Tensor, mask: Tensor, chosen: NDArray[np.int64]) -> float:
        recipe = self._recipe
        if recipe.mixup:
            share = float(torch.distributions.Beta(recipe.mixup, recipe.mixup).sample())
            order = torch.randperm(len(landmarks))
            logits = self._model(mix(landmarks, landmarks[order], share), mask)
            loss = share * self._loss(logits, chosen) + (1 - share) * self._loss(logits, chosen[order.numpy()])
        else:
            loss = self._loss(self._model(landmarks, mask), chosen)
        self._optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self._model.parameters(), recipe.clip)
        self._optimizer.step()
        self._schedule.step()
        self._average()
        return float(loss.detach())

    def _loss(self, logits: Tensor, chosen: NDArray[np.int64]) -> Tensor:
        recipe = self._recipe
        targets = torch.from_numpy(self._targets[chosen])
        loss = F.cross_entropy(logits, targets, weight=self._weights, label_smoothing=recipe.label_smoothing)
        if recipe.within_source:
            own = logits.masked_fill(~torch.from_numpy(self._allowed[chosen]), _MASKED)
            loss = (1 - recipe.within_source) * loss + recipe.within_source * F.cross_entropy(own, targets)
        return loss

    def _average(self) -> None:
        decay = min(self._recipe.averaging, (1 + self._schedule.last_epoch) / (10 + self._schedule.last_epoch))
        averaged = self._averaged.state_dict()
        for name, value in self._model.state_dict().items():
            if value.is_floating_point():
                averaged[name].lerp_(value.detach(), 1 - decay)
            else:
                averaged[name].copy_(value)

    def _validate(self) -> float:
        frames = self._recipe.augmentation.frames
        logits = predict(self.evaluated, self._task.recordings, self._valid, frames=frames, speeds=self._recipe.speeds)
        return float((logits.argmax(1) == self._targets[self._valid]).mean())

    def state(self) -> dict[str, Any]:
        return {
            "model": self._model.state_dict(),
            "averaged": self._averaged.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self._model.load_state_dict(state["model"])
        self._averaged.load_state_dict(state["averaged"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])


def mix(landmarks: Tensor, others: Tensor, share: float) -> Tensor:
    """``share`` of ``landmarks`` (N, T, 2, 21, 3) and the rest of ``others``, where both show the hand; else the first
    alone."""
    both = (landmarks.abs().sum((3, 4), keepdim=True) > 0) & (others.abs().sum((3, 4), keepdim=True) > 0)
    return torch.where(both, share * landmarks + (1 - share) * others, landmarks)


def predict(
    model: nn.Module,
    recordings: Recordings,
    chosen: NDArray[np.int64],
    *,
    frames: int,
    speeds: Sequence[float] = (1.0,),
    batch: int = 256,
) -> FloatArray:
    """Logits (len(chosen), classes) of whole recordings, unaugmented; longer ones are resampled to ``frames``.

    With several ``speeds`` each recording is read at all of them, and the logarithms of the probabilities are averaged.
    """
    if len(speeds) == 1:
        return _predict(model, recordings, chosen, frames=frames, speed=speeds[0], batch=batch)
    each = [_predict(model, recordings, chosen, frames=frames, speed=speed, batch=batch) for speed in speeds]
    return np.asarray(np.mean([F.log_softmax(torch.from_numpy(logits), 1).numpy() for logits in each], axis=0))


def _predict(
    model: nn.Module, recordings: Recordings, chosen: NDArray[np.int64], *, frames: int, speed: float, batch: int
) -> FloatArray:
    model.eval()
    lengths = np.clip(np.round(recordings.lengths[chosen] / speed).astype(int), 1, frames)
    order = np.argsort(lengths, kind="stable")
    rows: list[FloatArray] = []
    with torch.inference_mode():
        for begin in range(0, len(order), batch):
            part = order[begin : begin + batch]
            landmarks = np.zeros((len(part), int(lengths[part].max()), 2, 21, 3), np.float32)
            mask = np.zeros(landmarks.shape[:2], np.float32)
            for row, i in enumerate(part):
                sequence = recordings.sequence(int(chosen[i]))
                times = np.linspace(0, len(sequence) - 1, int(lengths[i]))
                landmarks[row, : lengths[i]] = gather(sequence, times)
                mask[row, : lengths[i]] = 1
            rows.append(model(torch.from_numpy(landmarks), torch.from_numpy(mask)).numpy())
    logits = np.concatenate(rows) if rows else np.zeros((0, 0), np.float32)
    result = np.empty_like(logits)
    result[order] = logits
    return result


def _classes_of_source(sources: NDArray[np.str_], targets: NDArray[np.int64], classes: int) -> NDArray[np.bool_]:
    """(N, classes): the classes that each recording's source has."""
    _, source = np.unique(sources, return_inverse=True)
    table = np.zeros((source.max() + 1, classes), bool)
    table[source, targets] = True
    return np.asarray(table[source])


def _split(targets: NDArray[np.int64], share: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A random split with the same share of every class; (train, validation)."""
    random = np.random.default_rng((seed, 0))
    order = random.permutation(len(targets))
    valid = np.zeros(len(targets), bool)
    for value in np.unique(targets):
        rows = order[targets[order] == value]
        valid[rows[: int(share * len(rows))]] = True
    return np.flatnonzero(~valid), np.flatnonzero(valid)


def _class_weights(targets: NDArray[np.int64], classes: int) -> Tensor:
    count = np.bincount(targets, minlength=classes)
    return torch.from_numpy((len(targets) / (classes * np.maximum(count, 1))).astype(np.float32))


def draw_weights(task: Task, recipe: Recipe) -> NDArray[np.float64]:
    """Probability of each recording (N,): every class of a kind alike (or a movement by the number of its sources), in
    it every source by its size's root, rendered hands beside real ones."""
    labels, rendered = task.recordings.labels, task.rendered
    _, source = np.unique(task.recordings.sources, return_inverse=True)
    weight = np.zeros(len(labels))
    for name in np.unique(labels):
        held = str(name) in task.held
        several = len(np.unique(source[(labels == name) & ~rendered])) if recipe.by_sources and not held else 1
        often = recipe.held_weight if held else float(several)
        for real in (True, False):
            here = (labels == name) & (rendered != real)
            if not here.any():
                continue
            count = np.bincount(source[here], minlength=source.max() + 1)
            each = 1 / np.sqrt(np.maximum(count, 1))[source[here]]
            weight[here] = each / each.sum() * often * (1.0 if real else recipe.extra_share)
    return np.asarray(weight / weight.sum())

"""The bookkeeping of a training: its epochs so far, the best of them, when to stop, and a file to resume from.

What an epoch does is its loop's own business. A loop is a `Training`; `run_epochs` drives it and writes its whole state
after each epoch, so that a run that is killed loses one epoch at most and, where the loop draws its randomness from
``(seed, epoch)``, then does exactly what the uninterrupted run does.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import Field, asdict
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import torch
from torch import Tensor, nn

from edge.errors import InputError

_Weights = Mapping[str, Tensor]


class EpochRecord(Protocol):
    """What came of an epoch: a frozen dataclass of plain numbers."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def accuracy(self) -> float | None:
        """On the validation part; None where there is none."""


Record = TypeVar("Record", bound=EpochRecord)


class Training(Protocol[Record]):
    """A training as `run_epochs` sees it."""

    history: list[Record]

    @property
    def identity(self) -> str:
        """What must be the same for a state to be resumed from: recipe, seed, data."""

    @property
    def evaluated(self) -> nn.Module:
        """The network that the records' accuracies are of."""

    def epoch(self) -> Record:
        """Train for the epoch after ``history``, which it leaves alone."""

    def state(self) -> dict[str, Any]:
        """Tensors and plain values: everything that the next epoch depends on."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take what `state` gave."""


def run_epochs(
    training: Training[Record],
    record: type[Record],
    *,
    epochs: int,
    patience: int | None = None,
    state: Path | None = None,
    on_epoch: Callable[[Record], None] = lambda record: None,
) -> _Weights | None:
    """Train until there are ``epochs``, or ``patience`` of them were no better than one before (as Keras counts).

    ``state``: the file to resume from and to write after each epoch; ``on_epoch`` is told of resumed epochs too.
    Returns the weights of the best epoch, None when none has an accuracy. Raises InputError when the file is of another
    run.
    """
    best: _Weights | None = None
    if state is not None and state.exists():
        best = _resume(training, record, state)
        for entry in training.history:
            on_epoch(entry)
    while len(training.history) < epochs and not stopped(training.history, patience):
        training.history.append(training.epoch())
        if training.history[-1].accuracy is not None and best_epoch(training.history) == len(training.history):
            best = deepcopy(training.evaluated.state_dict())
        if state is not None:
            _save(training, best, state)
        on_epoch(training.history[-1])
    return best


def best_epoch(history: Sequence[EpochRecord]) -> int:
    """The number, from 1, of the first epoch with the highest accuracy; 0 before any."""
    scores = [entry.accuracy or 0.0 for entry in history]
    return scores.index(max(scores)) + 1 if scores else 0


def stopped(history: Sequence[EpochRecord], patience: int | None) -> bool:
    """Whether ``patience`` epochs have gone by without a better one; None: never."""
    return patience is not None and bool(history) and len(history) - best_epoch(history) >= patience


def _save(training: Training[Record], best: _Weights | None, path: Path) -> None:
    partial = path.with_suffix(".partial")
    history = [asdict(entry) for entry in training.history]
    torch.save({"run": training.identity, "history": history, "best": best, "training": training.state()}, partial)
    partial.replace(path)


def _resume(training: Training[Record], record: type[Record], path: Path) -> _Weights | None:
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise InputError("cannot be resumed from", where=path, found=error, remedy="remove it") from error
    if content.get("run") != training.identity:
        raise InputError(
            "belongs to another run",
            where=path,
            expected=training.identity,
            found=content.get("run"),
            remedy="resume with the same recipe, data and seed, or choose another --output",
        )
    training.restore(content["training"])
    training.history = [record(**entry) for entry in content["history"]]
    best: _Weights | None = content["best"]
    return best

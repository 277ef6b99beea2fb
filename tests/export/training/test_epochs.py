"""The bookkeeping of epochs: the best of them, when to stop, resuming, states of other runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from edge.errors import InputError
from export.training.epochs import best_epoch, run_epochs, stopped


@dataclass(frozen=True)
class _Epoch:
    number: int
    accuracy: float | None


@dataclass
class _Counting:
    """Each epoch writes its number into the only weight."""

    accuracies: Sequence[float | None]
    identity: str = "counting"
    history: list[_Epoch] = field(default_factory=list)
    evaluated: nn.Module = field(default_factory=lambda: nn.Linear(1, 1, bias=False))

    def epoch(self) -> _Epoch:
        number = len(self.history) + 1
        with torch.no_grad():
            self.evaluated.get_parameter("weight").fill_(number)
        return _Epoch(number, self.accuracies[number - 1])

    def state(self) -> dict[str, Any]:
        return {"model": self.evaluated.state_dict()}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.evaluated.load_state_dict(state["model"])


def _history(*accuracies: float | None) -> list[_Epoch]:
    return [_Epoch(number, accuracy) for number, accuracy in enumerate(accuracies, 1)]


def test_the_first_of_the_best_epochs_counts() -> None:
    assert best_epoch([]) == 0 and best_epoch(_history(0.2, 0.6, 0.6)) == 2 and best_epoch(_history(None, None)) == 1


def test_training_stops_when_the_accuracy_no_longer_rises() -> None:
    assert not stopped([], 1) and not stopped(_history(*[0.5] * 9), None)
    assert not stopped(_history(0.5, 0.6, 0.6), 2) and stopped(_history(0.5, 0.6, 0.6, 0.5), 2)
    run = _Counting([0.1, 0.5, 0.4, 0.5, 0.9])
    best = run_epochs(run, _Epoch, epochs=5, patience=2)
    assert len(run.history) == 4 and best is not None and best["weight"].item() == 2


def test_without_a_validation_part_there_is_no_best_and_no_stop() -> None:
    run = _Counting([None] * 3)
    assert run_epochs(run, _Epoch, epochs=3, patience=None) is None and len(run.history) == 3


def test_a_resumed_run_keeps_history_and_best(tmp_path: Path) -> None:
    state = tmp_path / "state.pt"
    run_epochs(_Counting([0.1, 0.5]), _Epoch, epochs=2, state=state)
    run, told = _Counting([0.1, 0.5, 0.3]), []
    best = run_epochs(run, _Epoch, epochs=3, state=state, on_epoch=told.append)
    assert told == run.history == _history(0.1, 0.5, 0.3)
    assert best is not None and best["weight"].item() == 2
    assert not list(tmp_path.glob("*.partial"))


def test_states_of_other_runs_and_broken_ones_are_refused(tmp_path: Path) -> None:
    state = tmp_path / "state.pt"
    run_epochs(_Counting([0.1]), _Epoch, epochs=1, state=state)
    with pytest.raises(InputError, match=r"belongs to another run; expected other; found counting"):
        run_epochs(_Counting([0.1], identity="other"), _Epoch, epochs=1, state=state)
    state.write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(InputError, match="cannot be resumed from"):
        run_epochs(_Counting([0.1]), _Epoch, epochs=1, state=state)

"""Labelled examples through every variant of a classifier: what each of them answered.

Examples are read, fed and forgotten; only answers are kept. Every variant sees the same inputs, one at a time as on the
device: a dynamically quantised network rounds by the range of its whole batch. A picture in which the
landmark step finds no hand is never shown to the classifier: its answer is the class ``nothing`` where the model has
one, else none, which is never right. A file that cannot be read ends the run, but not before the others were tried, so
that all of them are named at once; with ``skip_unreadable`` they are left out and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy import NOBODY, Answers, answers
from edge.bundle.manifest import Manifest
from edge.engines import Engine
from edge.errors import InputError
from edge.types import AnyArray
from export.datasets import Chosen
from export.feeding import NOTHING, Feeder

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Evaluation:
    """``answers`` by variant, of the examples ``kept`` (numbers of the `Chosen`); ``without_hand`` marks those of them
    in which no hand was found; ``unreadable`` says what was left out and why."""

    answers: Mapping[str, Answers]
    kept: NDArray[np.intp]
    without_hand: NDArray[np.bool_]
    unreadable: tuple[str, ...]


def evaluate(
    chosen: Chosen,
    feeder: Feeder,
    engines: Mapping[str, Engine],
    manifest: Manifest,
    *,
    skip_unreadable: bool = False,
    advance: Callable[[], object] = lambda: None,
) -> Evaluation:
    """Run the ``engines`` of all variants over the examples; ``advance`` is called after each example.

    Raises InputError when files cannot be read and that is not to be skipped, or none is left.
    """
    names = [label.name for label in manifest.labels]
    nothing = names.index(NOTHING) if NOTHING in names else NOBODY
    sheets = {variant: _Sheet.blank(chosen.truth, nothing) for variant in engines}
    unreadable: list[InputError] = []
    without_hand = np.zeros(len(chosen), np.bool_)
    kept = np.ones(len(chosen), np.bool_)
    for index in range(len(chosen)):
        try:
            raw = chosen.read(index)
        except InputError as error:
            unreadable.append(error)
            kept[index] = False
        else:
            if skip_unreadable or not unreadable:
                feeds = feeder.convert[chosen.part(index).format](raw)
                without_hand[index] = feeds is None
                if feeds is not None:
                    for variant, engine in engines.items():
                        output = engine.run(feeds)[engine.outputs[0].name]
                        sheets[variant].enter(index, output, logits=manifest.output == "logits")
        advance()
    if unreadable and (not skip_unreadable or not kept.any()):
        raise _cannot_be_read(unreadable, len(chosen))
    rows = np.flatnonzero(kept)
    return Evaluation(
        answers={variant: sheet.answers(rows) for variant, sheet in sheets.items()},
        kept=rows,
        without_hand=without_hand[rows],
        unreadable=tuple(str(error) for error in unreadable),
    )


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One variant's answers to all examples, filled in one by one."""

    truth: NDArray[np.intp]
    given: Answers

    @classmethod
    def blank(cls, truth: NDArray[np.intp], label: int) -> _Sheet:
        n = len(truth)
        return cls(truth, Answers(np.full(n, label, np.intp), truth == label, np.full(n, np.nan, np.float32)))

    def enter(self, index: int, output: AnyArray, *, logits: bool) -> None:
        found = answers(output, self.truth[index : index + 1], logits=logits)
        self.given.labels[index], self.given.top5[index] = found.labels[0], found.top5[0]
        self.given.confidence[index] = found.confidence[0]

    def answers(self, rows: NDArray[np.intp]) -> Answers:
        return Answers(self.given.labels[rows], self.given.top5[rows], self.given.confidence[rows])


def _cannot_be_read(errors: Sequence[InputError], n: int) -> InputError:
    places = [Path(str(error.where)).name for error in errors[:_NAMED]]
    return InputError(
        f"{len(errors)} of {n} examples cannot be read",
        where=errors[0].where,
        found=f"{errors[0].what} ({', '.join(places)}{', ...' if len(errors) > _NAMED else ''})",
        remedy="replace the files or take them away, or go on without them: --skip-unreadable",
    )

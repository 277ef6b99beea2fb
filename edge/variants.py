"""Which precision of the classifier runs: the fastest on this machine that still gives the golden answers.

int8 is not faster everywhere, and a processor may compute it wrongly; so every variant first answers the bundle's
golden inputs, and those that agree are timed against each other, run by run in turn, so that whatever else the machine
does hits all of them alike. This takes a fraction of a second, and warms the networks up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from edge.engines.base import Engine
from edge.errors import BundleError, CheckFailedError
from edge.types import AnyArray

FLOOR = 0.99
"""Least share of golden inputs whose label a variant must give."""
_BUDGET_S = 0.3
_SAMPLES = 64
"""More golden inputs than these are not asked at start-up; the install checks all."""
_REFERENCE = "fp32"


@dataclass(frozen=True, slots=True)
class Trial:
    """How one variant did: share of golden labels it gave, median seconds of one inference."""

    variant: str
    agreement: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Choice:
    """The variant that runs, and the trials of all that were candidates."""

    variant: str
    trials: tuple[Trial, ...] = field(default=())


def choose(
    engines: Mapping[str, Engine],
    golden: Mapping[str, AnyArray],
    *,
    where: object,
    budget: float = _BUDGET_S,
    clock: Callable[[], float] = time.perf_counter,
) -> Choice:
    """Try ``engines`` (by variant) on ``golden`` (inputs and outputs by the networks' own names, first axis samples).

    Another precision than fp32 must be faster than it to be chosen. ``budget`` seconds are spent on timing beyond the
    one pass over the golden inputs; a single candidate is not timed further. Raises CheckFailedError when no variant
    reaches `FLOOR`, BundleError when the golden file does not fit the networks.
    """
    agreed: dict[str, list[bool]] = {variant: [] for variant in engines}
    taken: dict[str, list[float]] = {variant: [] for variant in engines}
    samples = _samples(engines, golden, where)
    begin = clock()
    for turn in range(1_000_000):
        first_pass = turn < len(samples)
        if not first_pass and (len(engines) == 1 or clock() - begin > budget):
            break
        feeds, label = samples[turn % len(samples)]
        for variant, engine in engines.items():
            before = clock()
            answer = next(iter(engine.run(feeds).values()))
            taken[variant].append(clock() - before)
            if first_pass:
                agreed[variant].append(bool(np.isfinite(answer).all()) and int(answer.argmax()) == label)
    trials = tuple(Trial(v, sum(agreed[v]) / len(agreed[v]), median(taken[v])) for v in engines)
    return Choice(_fastest(trials, where), trials)


def _fastest(trials: Sequence[Trial], where: object) -> str:
    sound = [trial for trial in trials if trial.agreement >= FLOOR]
    if not sound:
        raise CheckFailedError(
            "no network of the bundle gives the golden answers on this machine",
            where=where,
            expected=f"{FLOOR:.0%} of the labels",
            found=", ".join(f"{trial.variant} {trial.agreement:.1%}" for trial in trials),
            remedy="export the bundle for this machine, or try another --variant",
        )
    # Among equals the reference comes first, so that another one has to be faster and not merely not slower.
    return min(sound, key=lambda trial: (trial.seconds, trial.variant != _REFERENCE)).variant


def _samples(
    engines: Mapping[str, Engine], golden: Mapping[str, AnyArray], where: object
) -> list[tuple[dict[str, AnyArray], int]]:
    engine = next(iter(engines.values()))
    inputs = [spec.name for spec in engine.inputs]
    output = engine.outputs[0].name
    count = len(golden[output]) if output in golden else 0
    missing = [name for name in (*inputs, output) if name not in golden or len(golden[name]) != count]
    if missing or not count:
        raise BundleError(
            "the golden inputs do not fit the network",
            where=where,
            expected=f"arrays {', '.join((*inputs, output))} of one length",
            found=", ".join(f"{name} {array.shape}" for name, array in golden.items()) or "no arrays",
            remedy="export the bundle again",
        )
    picked = np.unique(np.linspace(0, count - 1, min(count, _SAMPLES)).astype(int))
    return [({name: golden[name][i : i + 1] for name in inputs}, int(golden[output][i].argmax())) for i in picked]

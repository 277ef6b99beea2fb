"""Golden inputs by role, and how far a network's answers are from the golden ones.

``golden.npz`` holds the classifier's inputs and float32 outputs under the tensors' own names, those of any other role
behind the role: ``hand/image``, ``hand/landmarks``. A row of zeros in a landmark network's golden output says nothing
and is not compared: a box nobody believes in, the points of a hand that is not there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge.bundle.manifest import Role
from edge.errors import BundleError
from edge.types import AnyArray

if TYPE_CHECKING:
    from edge.engines.base import Engine

THERE: Mapping[Role, tuple[str, float]] = {
    "palm": ("scores", 0.0),
    "hand": ("presence", 0.5),
    "face-detector": ("scores", 0.0),
    "face": ("presence", 0.0),
}
"""Per landmark network the output that says whether something is there, and the value above which it is: a probability
of a half, or its logit, as `export.graphs.hands` and `export.graphs.faces` state the outputs."""
_POINTS = "landmarks"


@dataclass(frozen=True, slots=True)
class Sample:
    """One golden input (batch 1) and the outputs that belong to it, finite floats, by tensor name."""

    feeds: Mapping[str, AnyArray]
    expected: Mapping[str, AnyArray]


@dataclass(frozen=True, slots=True)
class Comparison:
    """An engine against its golden outputs.

    ``flaw`` says what is wrong with the outputs as such (shape, not finite), else it is empty. ``agreement`` is the
    share of inputs that get the same label or, of a landmark network, the same yes or no; ``max_abs_diff`` the largest
    difference of an output value and ``scale`` the largest golden value; ``shift`` how far a landmark lies from its
    golden place in the mean, as a share of the picture's side, None where there are none.
    """

    flaw: str = ""
    agreement: float = 0.0
    max_abs_diff: float | None = None
    scale: float = 1.0
    shift: float | None = None


def golden_name(role: Role, tensor: str) -> str:
    """The name in ``golden.npz`` of a role's tensor."""
    return tensor if role == "classifier" else f"{role}/{tensor}"


def has_golden(golden: Mapping[str, AnyArray], role: Role) -> bool:
    """Whether there are golden inputs of a role; those of the classifier are never optional."""
    return role == "classifier" or any(name.startswith(golden_name(role, "")) for name in golden)


def samples(golden: Mapping[str, AnyArray], role: Role, engine: Engine, *, where: object) -> list[Sample]:
    """The role's golden inputs one at a time; raises BundleError when they do not fit the engine."""
    inputs = [spec.name for spec in engine.inputs]
    # Of a classifier the first output is the answer; all that a landmark network says is read.
    outputs = [spec.name for spec in engine.outputs][: 1 if role == "classifier" else None]
    wanted = {name: golden_name(role, name) for name in dict.fromkeys((*inputs, *outputs, *_needed(role)))}
    have = {name: golden[key] for name, key in wanted.items() if key in golden}
    count = len(have[outputs[0]]) if outputs[0] in have and have[outputs[0]].ndim else 0
    alike = all(array.ndim and len(array) == count for array in have.values())
    # What is compared must be numbers: a NaN would agree with everything.
    numbers = all(have[n].dtype.kind == "f" and np.isfinite(have[n]).all() for n in outputs if n in have)
    if not count or len(have) != len(wanted) or not alike or not numbers or not set(_needed(role)) <= set(outputs):
        raise BundleError(
            "the golden inputs do not fit the network",
            where=where,
            expected=f"arrays {', '.join(wanted.values())} of one length, the outputs finite",
            found=", ".join(f"{name} {array.dtype} {array.shape}" for name, array in golden.items()) or "no arrays",
            remedy="export the bundle again",
        )
    return [
        Sample({n: have[n][i : i + 1] for n in inputs}, {n: have[n][i : i + 1] for n in outputs}) for i in range(count)
    ]


def compare(role: Role, engine: Engine, golden: Sequence[Sample]) -> Comparison:
    """Run each golden input once; raises EngineError."""
    worst, agreed, scale = 0.0, 0, 1.0
    shifts: list[float] = []
    for sample in golden:
        answers = engine.run(sample.feeds)
        for name, expected in sample.expected.items():
            if flaw := _flaw(answers[name], expected):
                return Comparison(flaw)
            meant = _meant(role, expected)
            difference = np.abs(answers[name].astype(np.float64) - expected) * meant
            worst, scale = max(worst, float(difference.max())), max(scale, float(np.abs(expected).max()))
            if role in THERE and name == _POINTS and meant.any():
                shifts.append(_shift(difference, next(iter(sample.feeds.values()))))
        agreed += _same(role, answers, sample.expected)
    return Comparison("", agreed / len(golden), worst, scale, sum(shifts) / len(shifts) if shifts else None)


def _shift(difference: AnyArray, picture: AnyArray) -> float:
    """Mean over x and y of all points, of the picture's (1, H, W, 3) side; depth is a guess in any precision."""
    flat = difference.reshape(-1)
    side = float(max((1, *picture.shape[1:2])))
    return float(flat[np.arange(flat.size) % 3 < 2].mean()) / side


def _needed(role: Role) -> tuple[str, ...]:
    return (THERE[role][0],) if role in THERE else ()


def _flaw(answer: AnyArray, expected: AnyArray) -> str:
    if answer.shape != expected.shape:
        return f"its output is {answer.shape}"
    return "" if np.isfinite(answer).all() else "its output is not finite"


def _meant(role: Role, expected: AnyArray) -> AnyArray:
    return np.asarray(expected.any(axis=-1, keepdims=True)) if role in THERE else np.ones(1, bool)


def _same(role: Role, answers: Mapping[str, AnyArray], expected: Mapping[str, AnyArray]) -> bool:
    if role in THERE:
        name, threshold = THERE[role]
        return bool((answers[name].max() > threshold) == (expected[name].max() > threshold))
    if role == "sentence-encoder":
        return True  # its outputs are numbers for the decoder and no answer: their difference says all
    name = next(iter(expected))
    return bool((answers[name].argmax(axis=-1) == expected[name].argmax(axis=-1)).all())

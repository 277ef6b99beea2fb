from __future__ import annotations

import itertools

import numpy as np
import pytest

from edge.engines import FakeEngine, TensorSpec
from edge.errors import BundleError, CheckFailedError
from edge.variants import FLOOR, choose

SPECS = {
    "inputs": (TensorSpec("landmarks", "float32", (None, 3)),),
    "outputs": (TensorSpec("logits", "float32", (None, 3)),),
}
GOLDEN = {
    "landmarks": np.eye(3, dtype=np.float32)[np.arange(200) % 3],
    "logits": np.eye(3, dtype=np.float32)[np.arange(200) % 3],
}


class Machine:
    """Engines on a clock of their own: each run takes the time that it was made with."""

    def __init__(self) -> None:
        self.now = 0.0

    def engine(self, milliseconds: float, wrong_every: int = 0, answer: float | None = None) -> FakeEngine:
        runs = itertools.count(1)

        def run(feeds):
            self.now += milliseconds / 1e3
            logits = feeds["landmarks"] if answer is None else np.full((1, 3), answer, np.float32)
            if wrong_every and next(runs) % wrong_every == 0:
                logits = np.roll(logits, 1, axis=1)
            return {"logits": logits}

        return FakeEngine(run, **SPECS)

    def choose(self, golden=GOLDEN, **engines: FakeEngine):
        return choose(engines, golden, where="a.bundle", clock=lambda: self.now)


def test_the_faster_variant_is_taken_when_it_gives_the_golden_answers():
    machine = Machine()
    choice = machine.choose(fp32=machine.engine(3), int8=machine.engine(1))
    assert choice.variant == "int8"
    assert {t.variant: (t.agreement, round(t.seconds, 6)) for t in choice.trials} == {
        "fp32": (1.0, 0.003),
        "int8": (1.0, 0.001),
    }


@pytest.mark.parametrize("milliseconds", [2, 3])
def test_int8_that_is_not_faster_is_not_used(milliseconds):
    machine = Machine()
    assert machine.choose(int8=machine.engine(milliseconds), fp32=machine.engine(2)).variant == "fp32"


def test_a_fast_variant_with_wrong_answers_is_not_used():
    machine = Machine()
    choice = machine.choose(fp32=machine.engine(3), int8=machine.engine(1, wrong_every=20))
    assert choice.variant == "fp32"
    assert choice.trials[1].agreement < FLOOR


@pytest.mark.parametrize("answer", [np.nan, 0.0])
def test_when_no_variant_answers_rightly_the_run_is_refused(answer):
    machine = Machine()
    with pytest.raises(CheckFailedError, match=r"a\.bundle: no network.*expected 99% of the labels; found fp32 \d"):
        machine.choose(fp32=machine.engine(1, answer=answer))


def test_each_golden_input_is_asked_once_and_a_single_candidate_is_not_timed_further():
    machine = Machine()
    engine = machine.engine(1)
    machine.choose(fp32=engine)
    assert engine.runs == 64
    engine = machine.engine(1)
    machine.choose({name: array[:5] for name, array in GOLDEN.items()}, fp32=engine)
    assert engine.runs == 5


def test_timing_takes_turns_and_ends_with_the_budget():
    machine = Machine()
    fp32, int8 = machine.engine(4), machine.engine(1)
    machine.choose(fp32=fp32, int8=int8)
    assert fp32.runs == int8.runs
    assert 0.3 <= machine.now < 0.33


@pytest.mark.parametrize(
    "golden",
    [
        {},
        {"landmarks": GOLDEN["landmarks"]},
        {"landmarks": GOLDEN["landmarks"][:3], "logits": GOLDEN["logits"]},
        {"landmarks": GOLDEN["landmarks"][:0], "logits": GOLDEN["logits"][:0]},
        {"points": GOLDEN["landmarks"], "logits": GOLDEN["logits"]},
    ],
)
def test_golden_inputs_that_do_not_fit_are_refused(golden):
    machine = Machine()
    with pytest.raises(BundleError, match=r"golden inputs do not fit.*expected arrays landmarks, logits of one length"):
        machine.choose(golden, fp32=machine.engine(1))

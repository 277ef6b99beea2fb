"""A stretch of ticks becomes what the network was trained on."""

from __future__ import annotations

import numpy as np
import pytest

from edge.engines import FakeEngine, TensorSpec
from edge.errors import EngineError
from edge.recognition.classify import Classifier
from edge.recognition.inputs import Pictures
from edge.recognition.resample import Tick
from edge.types import Hands


def tick(time: float, slot: int = 1, both: bool = False) -> Tick:
    landmarks = np.zeros((2, 21, 3), np.float32)
    landmarks[slot] = 0.1 + time
    if both:
        landmarks[1 - slot] = 0.9
    return Tick(landmarks, (bool(landmarks[0].any()), bool(landmarks[1].any())), time, time)


def fed(ticks: list[Tick], **options: object) -> dict[str, np.ndarray]:
    """What the network got."""
    got = {}

    def keep(feeds):
        got.update(feeds)
        return {"logits": np.array([[0.0, 1.0]], np.float32)}

    shape = options.pop("shape", ())
    inputs = (TensorSpec("landmarks", "float32", shape),) if shape else ()
    Classifier(FakeEngine(keep, inputs=inputs), **({"classes": 2, "window": 30} | options)).classify(ticks)
    return got


def test_a_short_stretch_goes_in_as_it_is() -> None:
    got = fed([tick(k / 15) for k in range(6)])
    assert got["landmarks"].shape == (1, 6, 2, 21, 3)
    assert got["mask"].tolist() == [[1.0] * 6]
    assert got["landmarks"].dtype == got["mask"].dtype == np.float32


def test_of_a_long_stretch_the_last_window_counts() -> None:
    got = fed([tick(k / 15) for k in range(50)])
    assert got["landmarks"].shape[1] == 30
    assert got["landmarks"][0, -1, 1, 0, 0] == pytest.approx(0.1 + 49 / 15)


def test_a_network_of_fixed_length_is_padded_and_masked() -> None:
    got = fed([tick(k / 15) for k in range(6)], shape=(1, 20, 2, 21, 3))
    assert got["landmarks"].shape[1] == 20
    assert got["mask"].tolist() == [[1.0] * 6 + [0.0] * 14]
    assert not got["landmarks"][0, 6:].any()
    assert fed([tick(k / 15) for k in range(29)], shape=(1, 20, 2, 21, 3))["mask"].sum() == 20


def test_a_lone_hand_in_the_wrong_slot_for_a_frame_is_put_right() -> None:
    got = fed([tick(0.0), tick(0.1, slot=0), tick(0.2)])
    assert not got["landmarks"][0, :, 0].any()
    assert got["landmarks"][0, 1, 1, 0, 0] == pytest.approx(0.2)


def test_two_hands_keep_their_slots() -> None:
    got = fed([tick(0.0, both=True), tick(0.1, slot=0), tick(0.2)])
    assert got["landmarks"][0, 1, 0].any()
    assert not got["landmarks"][0, 1, 1].any()


def test_logits_become_probabilities_and_probabilities_stay() -> None:
    def engine(values):
        return FakeEngine(lambda feeds: {"logits": np.array([values], np.float32)})

    soft = Classifier(engine([1000.0, 1001.0]), classes=2, window=30).classify([tick(0.0), tick(0.5)])
    np.testing.assert_allclose(soft.probabilities, [0.2689, 0.7311], atol=1e-4)
    assert (soft.begin, soft.end, soft.captured) == (0.0, 0.5, 0.5)
    plain = Classifier(engine([0.25, 0.75]), classes=2, window=30, logits=False).classify([tick(0.0)])
    np.testing.assert_allclose(plain.probabilities, [0.25, 0.75])


def test_a_network_of_another_class_count_is_one_clear_error() -> None:
    engine = FakeEngine(lambda feeds: {"logits": np.zeros((1, 5), np.float32)})
    with pytest.raises(EngineError, match=r"expected \(1, 2\); found \(1, 5\)"):
        Classifier(engine, classes=2, window=30).classify([tick(0.0)])


def test_numbers_that_are_not_finite_count_for_nothing_and_are_remembered() -> None:
    answers = iter([[0.0, np.nan], [0.0, 1.0]])
    engine = FakeEngine(lambda feeds: {"logits": np.array([next(answers)], np.float32)})
    classifier = Classifier(engine, classes=2, window=30)
    assert classifier.finite
    assert classifier.classify([tick(0.0)]).probabilities.tolist() == [0.0, 0.0]
    assert classifier.classify([tick(0.1)]).probabilities[1] > 0.7
    assert not classifier.finite


def test_what_has_not_changed_is_not_computed_again() -> None:
    engine = FakeEngine(lambda feeds: {"logits": np.zeros((1, 2), np.float32)})
    pictures = Pictures()
    classifier = Classifier(engine, classes=2, window=1, inputs=pictures)
    pictures.see(Hands(np.zeros((2, 21, 3)), (0, 1), 1.0, 0.1, 0.1, 0, picture=np.zeros((4, 4, 3), np.uint8)))
    assert [classifier.classify([tick(time)]).end for time in (0.1, 0.15)] == [0.1, 0.15]
    assert engine.runs == 1

"""Training on isolated signs: it learns, resumes to the bit, and gives the parts that figures need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from edge.errors import InputError, UsageError
from export.models.signs_points import HANDS, POINTS
from export.training.sign_loop import SignEpoch, fit_signs, predict_signs
from export.training.sign_recipes import sign_recipe, sign_recipes
from export.training.sign_sequences import SignParts, SignSequences, divide, shared_signs

SIGNS = ("down", "still", "up")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Networks this small only wait for each other on several."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def made_up(each: int = 6) -> SignSequences:
    """Hands that go up, go down or rest, of two sources; "still" is of the second alone."""
    rng = np.random.default_rng(0)
    sequences, labels, sources = [], [], []
    for source in ("a", "b"):
        for sign, step in zip(SIGNS, (0.05, 0, -0.05), strict=True):
            for _ in range(each if source == "b" or sign != "still" else 0):
                frames = np.full((int(rng.integers(6, 10)), len(POINTS), 2), np.nan, np.float32)
                hand = rng.random((1, 42, 2)) * 0.1 + 0.5
                frames[:, HANDS] = hand + np.arange(len(frames))[:, None, None] * (0, step)
                sequences.append(frames)
                labels.append(sign)
                sources.append(source)
    return SignSequences(
        np.concatenate(sequences),
        np.cumsum([0, *map(len, sequences)]),
        np.array(labels),
        np.array(sources),
        SIGNS,
    )


def parts(sequences: SignSequences, left_out: tuple[str, ...] = ()) -> SignParts:
    return divide(sequences, left_out, (0.5, 0.25, 0.25), seed=0)


_SHORT = replace(sign_recipe("signs-transformer", epochs=3, batch=4), late=1)


def test_parts_share_nothing_and_every_sign_of_a_source_is_in_each() -> None:
    sequences = made_up(8)
    found = parts(sequences)
    rows = [*found.train, *found.validation, *found.test]
    assert sorted(rows) == list(range(len(sequences)))
    assert [len(part) for part in (found.train, found.validation, found.test)] == [20, 10, 10]
    for part in (found.train, found.validation, found.test):
        assert len(set(zip(sequences.labels[part], sequences.sources[part], strict=True))) == 5


def test_a_source_left_out_is_in_no_other_part_and_signs_that_nobody_else_shows_are_set_apart() -> None:
    sequences = made_up()
    found = parts(sequences, ("b",))
    assert found.classes == ("down", "up")
    assert set(sequences.sources[np.concatenate([found.train, found.validation, found.test])]) == {"a"}
    assert set(sequences.labels[found.left_out]) == {"down", "up"}
    assert set(sequences.labels[found.unknown]) == {"still"}
    assert set(sequences.sources[np.concatenate([found.left_out, found.unknown])]) == {"b"}
    assert shared_signs(sequences) == ("down", "up")


@pytest.mark.parametrize(("names", "match"), [(("c",), "no such source.*a, b"), (("a", "b"), "nothing is left")])
def test_sources_that_cannot_be_left_out_are_refused(names: tuple[str, ...], match: str) -> None:
    with pytest.raises(UsageError, match=match):
        parts(made_up(), names)


def test_too_few_recordings_are_said() -> None:
    with pytest.raises(InputError, match="too few"):
        parts(made_up(1))


@pytest.mark.slow
@pytest.mark.parametrize("name", [recipe.name for recipe in sign_recipes() if recipe.name != "signs-transformer"])
def test_every_recipe_lowers_the_loss(name: str) -> None:
    sequences = made_up()
    recipe = replace(sign_recipe(name, epochs=3, batch=4), augmentation=None, rate=1e-3)
    _, history = fit_signs(sequences, parts(sequences), recipe, seed=1)
    assert history[-1].loss < history[0].loss
    assert all(np.isfinite(epoch.validation_loss) for epoch in history)


def test_the_network_learns_what_it_is_shown() -> None:
    sequences = made_up(12)
    recipe = replace(_SHORT, epochs=12, augmentation=None, rate=1e-3, late=100)
    model, _ = fit_signs(sequences, parts(sequences), recipe, seed=1)
    test = parts(sequences).test
    answers = predict_signs(model, sequences, test).argmax(axis=1)
    assert (np.array(SIGNS)[answers] == sequences.labels[test]).mean() > 0.8


def test_a_resumed_run_is_the_uninterrupted_one_to_the_bit(tmp_path: Path) -> None:
    sequences = made_up()
    whole, history = fit_signs(sequences, parts(sequences), _SHORT, seed=1)

    def interrupt(epoch: SignEpoch) -> None:
        if epoch.number == 2:
            raise KeyboardInterrupt

    state = tmp_path / "state.pt"
    with pytest.raises(KeyboardInterrupt):
        fit_signs(sequences, parts(sequences), _SHORT, seed=1, state=state, on_epoch=interrupt)
    resumed, again = fit_signs(sequences, parts(sequences), _SHORT, seed=1, state=state)
    assert again == history
    assert all(
        torch.equal(a, b) for a, b in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True)
    )


def test_another_runs_state_is_refused(tmp_path: Path) -> None:
    sequences, state = made_up(), tmp_path / "state.pt"
    one = replace(_SHORT, epochs=1)
    fit_signs(sequences, parts(sequences), one, seed=1, state=state)
    with pytest.raises(InputError, match="another run"):
        fit_signs(sequences, parts(sequences), one, seed=2, state=state)


def test_adversarial_weights_and_late_dropout_begin_after_their_epochs() -> None:
    sequences = made_up()
    plain = replace(_SHORT, epochs=2, late=2)
    _, without = fit_signs(sequences, parts(sequences), plain, seed=1)
    _, later = fit_signs(sequences, parts(sequences), replace(plain, late=1), seed=1)
    assert without[0] == later[0]
    assert without[1] != later[1]
    assert not sign_recipe("signs-cnn").is_late(14)
    assert sign_recipe("signs-cnn").is_late(15)


def test_predictions_come_in_the_order_asked_for_whatever_the_lengths() -> None:
    sequences = made_up()
    model, _ = fit_signs(sequences, parts(sequences), replace(_SHORT, epochs=1), seed=1)
    rows = np.arange(len(sequences))[::-1]
    together = predict_signs(model, sequences, rows, batch=7)
    alone = np.concatenate([predict_signs(model, sequences, np.array([i])) for i in rows])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_a_recipe_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="signs-cnn-bigru"):
        sign_recipe("signs")


def test_only_the_linformers_gradient_is_clipped_and_one_recipe_does_not_augment() -> None:
    assert [recipe.name for recipe in sign_recipes() if recipe.clip] == ["signs-cnn-linformer"]
    assert [recipe.name for recipe in sign_recipes() if recipe.augmentation is None] == ["signs-cnn-transformer-plain"]

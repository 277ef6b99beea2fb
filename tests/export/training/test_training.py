"""The trainer: it learns, resumes to the bit, and says what is wrong with data."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from edge.errors import InputError, UsageError
from edge.types import FloatArray
from export.loading import Request, load_family
from export.models.registry import family
from export.training.__main__ import main
from export.training.augment import Augmentation, augment, draw_times, gather, mishaps
from export.training.data import Recordings, from_sequences, read_data, read_letters, read_signs
from export.training.ensemble import average, read_predictions
from export.training.evaluation import LEAVE_ONE_OUT, Predictions, accuracy_by_source, figures
from export.training.labels import make_labels
from export.training.loop import Epoch, Task, draw_weights, fit, mix, predict
from export.training.recipes import recipe, recipes

_WORDS = ("hello", "no")


def made_up(seed: int = 0, each: int = 6) -> Recordings:
    """Two letters as still shapes, two words as movements, from two sources that hold the camera differently."""
    random = np.random.default_rng(seed)
    shapes = np.random.default_rng(99).uniform(-0.1, 0.1, (4, 21, 3))
    shapes[:, 0] = 0
    sequences, labels, sources = [], [], []
    for source in ("one", "two"):
        for kind, label in enumerate(("A", "B", *_WORDS)):
            for _ in range(each):
                frames = np.zeros((10, 2, 21, 3), np.float32)
                path = np.linspace(0, 0.4, 10)[:, None, None] * (kind - 1.5 if kind > 1 else 0)
                frames[:, 1] = shapes[kind] + 0.5 + path + random.normal(0, 0.003, (10, 21, 3))
                frames[:, 1, :, 2] -= frames[:, 1, :1, 2]
                sequences.append(frames)
                labels.append(label)
                sources.append(source)
    return from_sequences(sequences, labels, sources)


def task() -> Task:
    recordings = made_up()
    classes = tuple(label.name for label in make_labels(recordings))
    return Task(recordings, classes, frozenset("AB"), np.zeros(len(recordings), bool))


def write_folder(root: Path) -> Path:
    """The made-up recordings in the layouts of the data folder."""
    recordings = made_up()
    (root / "letters_landmarks").mkdir(parents=True)
    (root / "asl_signs").mkdir()
    rows = ["path,participant_id,sequence_id,sign"]
    for i, label in enumerate(recordings.labels):
        if str(label) in _WORDS:
            write_parquet(root / "asl_signs" / f"{i}.parquet", recordings.sequence(i))
            rows.append(f"{i}.parquet,{2 if recordings.sources[i] == 'one' else 3},{i},{label}")
    (root / "asl_signs" / "train.csv").write_text("\n".join(rows) + "\n")
    for source in ("one", "two"):
        chosen = np.flatnonzero((recordings.sources == source) & ~np.isin(recordings.labels, _WORDS))
        np.savez(
            root / "letters_landmarks" / f"{source}.npz",
            landmarks=np.stack([recordings.sequence(int(i)) for i in chosen]),
            labels=recordings.labels[chosen],
        )
    return root


def write_parquet(path: Path, frames: FloatArray, leave_out: str = "") -> None:
    points = np.full((len(frames), 543, 3), np.nan, np.float32)
    for slot, place in enumerate((slice(468, 489), slice(522, 543))):
        seen = frames[:, slot].any(axis=(1, 2))
        points[seen, place] = frames[seen, slot]
    columns = {
        "frame": np.repeat(np.arange(len(frames), dtype=np.int16), 543),
        "type": (["face"] * 468 + ["left_hand"] * 21 + ["pose"] * 33 + ["right_hand"] * 21) * len(frames),
        "landmark_index": np.tile(np.concatenate([np.arange(n) for n in (468, 21, 33, 21)]), len(frames)),
        **{axis: points[..., i].ravel() for i, axis in enumerate("xyz")},
    }
    columns.pop(leave_out, None)
    pq.write_table(pa.table(columns), path)


@pytest.mark.parametrize("name", [entry.name for entry in recipes()])
def test_training_lowers_the_loss(name: str) -> None:
    chosen = replace(recipe(name), epochs=2, batch=8, patience=None, draws=64 if recipe(name).draws else None)
    _, history = fit(task(), chosen, seed=1)
    assert history[-1].loss < history[0].loss


def test_what_is_mixed_in_changes_hands_only_where_both_are_seen() -> None:
    one, other = torch.full((1, 2, 2, 21, 3), 0.4), torch.full((1, 2, 2, 21, 3), 0.8)
    one[:, 0, 0], other[:, 1] = 0, 0
    mixed = mix(one, other, 0.75)
    assert (mixed[:, 0, 0] == 0).all()
    torch.testing.assert_close(mixed[:, 0, 1], torch.full((1, 21, 3), 0.5))
    assert torch.equal(mixed[:, 1], one[:, 1])


def test_several_speeds_are_averaged_and_one_is_the_recording_as_it_is() -> None:
    model, _ = fit(task(), replace(recipe("fingerpost-hands"), epochs=1, batch=8, draws=32), seed=1)
    known, rows = made_up(), np.arange(8)
    slow, plain, both = (
        predict(model, known, rows, frames=30, speeds=speeds) for speeds in ((0.5,), (1.0,), (0.5, 1.0))
    )
    np.testing.assert_array_equal(plain, predict(model, known, rows, frames=30))
    assert np.abs(slow - plain).max() > 1e-4
    logs = [np.log(np.exp(each) / np.exp(each).sum(1, keepdims=True)) for each in (slow, plain)]
    np.testing.assert_allclose(both, np.mean(logs, axis=0), atol=1e-4)


def test_a_movement_is_drawn_as_often_as_it_has_sources() -> None:
    several = made_up()
    alone = several.select(~((several.labels == "no") & (several.sources == "two")))
    learned = Task(alone, ("A", "B", *_WORDS), frozenset("AB"), np.zeros(len(alone), bool))
    chosen = replace(recipe("fingerpost-hands"), held_weight=3.0)
    shares = {}
    for by_sources in (True, False):
        weights = draw_weights(learned, replace(chosen, by_sources=by_sources))
        shares[by_sources] = {name: float(weights[alone.labels == name].sum()) for name in learned.classes}
    assert shares[True] == pytest.approx({"A": 3 / 9, "B": 3 / 9, "hello": 2 / 9, "no": 1 / 9})
    assert shares[False] == pytest.approx({"A": 3 / 8, "B": 3 / 8, "hello": 1 / 8, "no": 1 / 8})


def test_a_resumed_run_is_the_uninterrupted_one_to_the_bit(tmp_path: Path) -> None:
    chosen = replace(recipe("fingerpost-hands"), epochs=3, batch=8, draws=32)
    whole, history = fit(task(), chosen, seed=1)
    state = tmp_path / "state.pt"

    def interrupt(epoch: Epoch) -> None:
        if epoch.number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(task(), chosen, seed=1, state=state, on_epoch=interrupt)
    resumed, again = fit(task(), chosen, seed=1, state=state)
    assert again == history
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name


def test_a_state_of_another_run_is_refused(tmp_path: Path) -> None:
    chosen = replace(recipe("fingerpost-hands"), epochs=1, batch=8, draws=16)
    fit(task(), chosen, seed=1, state=tmp_path / "state.pt")
    with pytest.raises(InputError, match="another run"):
        fit(task(), chosen, seed=2, state=tmp_path / "state.pt")
    (tmp_path / "state.pt").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(InputError, match="resumed"):
        fit(task(), chosen, seed=1, state=tmp_path / "state.pt")


def test_early_stopping_returns_the_best_epoch() -> None:
    chosen = replace(recipe("seed000"), epochs=30, batch=8, patience=1, validation=0.34)
    _, history = fit(task(), chosen, seed=1)
    accuracies = [epoch.accuracy or 0 for epoch in history]
    assert len(history) == 30 or len(history) - (int(np.argmax(accuracies)) + 1) == 1


def test_the_data_folder_is_read_with_sources_and_missing_hands_as_zeros(tmp_path: Path) -> None:
    recordings = read_data(write_folder(tmp_path))
    assert set(recordings.sources.tolist()) == {"one", "two", "asl_signs/2", "asl_signs/3"}
    assert len(recordings) == 48
    assert (recordings.frames[:, 0] == 0).all()
    np.testing.assert_allclose(
        np.sort(recordings.frames.sum((1, 2, 3))), np.sort(made_up().frames.sum((1, 2, 3))), rtol=1e-4
    )


def test_missing_columns_files_and_arrays_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no recordings"):
        read_data(tmp_path)
    root = write_folder(tmp_path / "data")
    write_parquet(root / "asl_signs" / "12.parquet", made_up().sequence(0), leave_out="landmark_index")
    with pytest.raises(InputError, match=r"12\.parquet.*landmark_index"):
        read_signs(root / "asl_signs")
    (root / "asl_signs" / "12.parquet").unlink()
    with pytest.raises(InputError, match=r"12\.parquet"):
        read_signs(root / "asl_signs")
    (root / "asl_signs" / "train.csv").write_text("path,sign\n")
    with pytest.raises(InputError, match="participant_id"):
        read_signs(root / "asl_signs")
    np.savez(tmp_path / "letters.npz", landmarks=np.zeros((3, 20, 3)), labels=["A"] * 3)
    with pytest.raises(InputError, match="wrong shape"):
        read_letters(tmp_path / "letters.npz")
    np.savez(tmp_path / "letters.npz", points=np.zeros((3, 21, 3)))
    with pytest.raises(InputError, match="arrays are missing"):
        read_letters(tmp_path / "letters.npz")
    (tmp_path / "letters.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(InputError, match="npz"):
        read_letters(tmp_path / "letters.npz")


def test_hands_without_a_slot_get_the_named_one_and_the_pictures_aspect(tmp_path: Path) -> None:
    hands = np.random.default_rng(0).uniform(0.2, 0.8, (3, 21, 3)).astype(np.float32)
    names, aspect = np.array(["left", "right", "right"]), np.full(3, 16 / 9)
    np.savez(tmp_path / "x.npz", landmarks=hands, labels=np.array(["A", "", "B"]), hand=names, aspect=aspect)
    read = read_letters(tmp_path / "x.npz")
    assert read.labels.tolist() == ["A", "B"]
    np.testing.assert_allclose(read.frames[0, 0], hands[0] * [4 / 3, 1, 4 / 3], rtol=1e-5)
    assert (read.frames[0, 1] == 0).all()
    assert (read.frames[1, 0] == 0).all()


def test_augmentation_keeps_missing_hands_and_changes_nothing_when_all_is_zero() -> None:
    batch = np.stack([made_up().sequence(i) for i in (0, 15)])
    nothing = replace(Augmentation(), **{name: 0 for name in Augmentation.__dataclass_fields__ if name != "frames"})
    random = np.random.default_rng(0)
    np.testing.assert_allclose(augment(batch, nothing, random), batch, atol=1e-5)
    changed = augment(batch, Augmentation(), random)
    assert (changed[:, :, 0] == 0).all()
    assert 0.005 < np.abs(changed - batch).max() < 1
    lost = batch.copy()
    mishaps(lost, np.array([10, 10]), replace(nothing, swap=1.0), random)
    np.testing.assert_array_equal(lost, batch[:, :, ::-1])


def test_drawn_times_stay_inside_the_recording() -> None:
    random = np.random.default_rng(0)
    for length in (1, 2, 5, 30, 400):
        for held in (True, False):
            times = draw_times(length, held=held, options=Augmentation(), random=random)
            assert 1 <= len(times) <= 30
            assert times.min() >= 0
            assert times.max() <= length - 1
            assert (np.diff(times) >= 0).all()


def test_between_a_seen_and_a_missing_hand_the_nearer_frame_counts() -> None:
    sequence = np.zeros((3, 2, 21, 3), np.float32)
    sequence[0, 1], sequence[1, 1] = 0.2, 0.4
    out = gather(sequence, np.array([0.5, 1.4, 1.6]))
    assert out[:, 1, 0, 0].tolist() == pytest.approx([0.3, 0.4, 0.0])


def test_accuracy_weighs_every_sign_of_a_source_alike() -> None:
    labels, sources = np.array(["A", "A", "A", "B"]), np.array(["s", "s", "s", "s"])
    logits = np.eye(3, dtype=np.float32)[[0, 0, 0, 0]]
    found = accuracy_by_source(Predictions(logits, labels, sources), ["A", "B", "C"], of=["A", "B"], among=["A", "B"])
    assert found == {"s": (0.5, 4)}


def test_means_without_doubtful_recordings_stand_beside_the_others() -> None:
    labels = make_labels(made_up())
    signs = np.array(["no", "no", "hello", "no"])
    logits = np.eye(4, dtype=np.float32)[[2, 3, 2, 2]]  # A, B, hello, no
    found = Predictions(logits, signs, np.array(["asl_signs/7", "two", "two", "two"]))
    measured = {(m.name, m.data): (m.value, m.n) for m in figures(found, labels, _WORDS, "here")}
    name = "words (2 signs) among these signs"
    assert measured[name, "asl_signs/7"] == (0, 1)
    assert measured[name, "mean over 2 sources"] == (0.375, 4)
    assert measured[f"{name}, without doubtful recordings", "mean over 1 sources"] == (0.75, 3)
    certain = Predictions(logits[1:], signs[1:], found.sources[1:])
    assert not [m for m in figures(certain, labels, _WORDS, "here") if "doubtful" in m.name]


def test_the_command_trains_evaluates_and_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    data, output = write_folder(tmp_path / "data"), tmp_path / "out"
    words = ["--data", str(data), "--epochs", "1", "--output", str(output), "--threads", "1"]
    quick = replace(recipe("fingerpost-hands"), draws=64, batch=16)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("export.training.session.recipe", lambda name: quick)
        assert main([*words, "--evaluate"]) == 0
    assert sorted(path.name for path in output.iterdir()) == [
        "MODEL_CARD.md",
        "curves.png",
        "folds",
        "metrics.json",
        "model.safetensors",
        "model_config.json",
    ]
    configuration = json.loads((output / "model_config.json").read_text())
    assert [label["name"] for label in configuration["labels"]] == ["A", "B", "hello", "no"]
    assert {m["data"] for m in configuration["measurements"]} >= {"one", "two", "asl_signs/2", "mean over 2 sources"}
    card = (output / "MODEL_CARD.md").read_text()
    assert "one signer" in card and "learners" not in card and "MIT" not in card, "said of other people's recordings"
    fold = json.loads((output / "folds" / "one" / "model_config.json").read_text())
    assert "one" not in fold["sources"] and (output / "folds" / "one" / "confusion.png").stat().st_size > 1000
    assert main([*words, "--leave-out", "nobody"]) == UsageError.exit_code
    assert main(["no-such-recipe", *words]) == UsageError.exit_code


def test_another_training_joins_as_a_member_in_weights_figures_and_card(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--data", str(write_folder(tmp_path / "data")), "--epochs", "1", "--threads", "1"]
    quick = replace(recipe("fingerpost-hands"), draws=64, batch=16)
    one, both, without = tmp_path / "one", tmp_path / "both", tmp_path / "without"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("export.training.session.recipe", lambda name: quick)
        assert main([*words, "--evaluate", "--seed", "1", "--output", str(one)]) == 0
        assert main([*words, "--evaluate", "--member", str(one), "--output", str(both)]) == 0
        capsys.readouterr()
        assert main([*words, "--leave-out", "one", "--member", str(one), "--output", str(without)]) == 3
    assert "without other sources" in capsys.readouterr().err
    assert main([*words, "--member", str(tmp_path / "nowhere"), "--output", str(without)]) == 3
    assert "is not a finished training" in capsys.readouterr().err and not without.exists()

    found, classes = read_predictions([both / "folds" / "two", one / "folds" / "two"])
    expected = accuracy_by_source(average(found), classes, of=["A", "B"], among=["A", "B"])
    configuration = json.loads((both / "model_config.json").read_text())
    measured = {(m["name"], m["data"], m["split"]): m["value"] for m in configuration["measurements"]}
    assert measured["letters among letters", "two", LEAVE_ONE_OUT] == expected["two"][0]
    assert [(member["seed"], member["epochs"]) for member in configuration["members"]] == [(1, 1)]
    assert "answers together with the network made by" in (both / "MODEL_CARD.md").read_text()
    exported = load_family("fingerpost-hands", Request(checkpoint=both / "model.safetensors"))
    alone = load_family("fingerpost-hands", Request(checkpoint=one / "model.safetensors"))
    assert exported.parameters == configuration["parameters"] == 2 * alone.parameters
    landmarks, mask = torch.rand(3, 9, 2, 21, 3), torch.ones(3, 9)
    state = exported.module.state_dict()
    mine = {n.replace("members.0.", ""): v for n, v in state.items() if "members.1." not in n}
    first = family("fingerpost-hands").build(4, "hands").eval()
    first.load_state_dict(mine)
    each = [model(landmarks, mask).log_softmax(1) for model in (first, alone.module)]
    torch.testing.assert_close(exported.module(landmarks, mask), (each[0] + each[1]) / 2)

    assert main([*words, "--member", str(both), "--output", str(without)]) == 3
    assert "is several trainings already" in capsys.readouterr().err
    (one / "model.safetensors").unlink()
    assert main([*words, "--member", str(one), "--output", str(without)]) == 3
    assert "model.safetensors" in capsys.readouterr().err and not without.exists()

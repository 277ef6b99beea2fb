"""Weights that real Keras saved: the same outputs here, from every kind of file; other networks are told apart."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from edge.errors import InputError
from export.checkpoints.keras_import import read_keras
from export.checkpoints.reading import load_weights
from export.loading import Request, load_family
from export.models import keras_cnn

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="Keras is not installed")
if keras.backend.backend() != "torch":
    pytest.skip("Keras runs on another backend", allow_module_level=True)
L = keras.layers
_L2 = keras.regularizers.L2
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Keras's own, of numpy 2


def _conv(x: Any, filters: int, size: int, padding: str = "same", activation: str = "relu") -> Any:
    return L.Conv2D(filters, size, padding=padding, activation=activation, kernel_regularizer=_L2(0.001))(x)


def _head(x: Any, width: int, classes: int) -> Any:
    x = L.BatchNormalization()(L.Dense(width, activation="relu")(x))
    return L.Dense(classes, activation="softmax")(L.Dropout(0.4)(x))


def _plain(classes: int) -> Any:
    layers: list[Any] = [keras.Input((200, 200, 3))]
    for filters, size in ((32, 5), (64, 3), (128, 3)):
        layers += [L.Conv2D(filters, size, activation="relu"), L.MaxPooling2D(pool_size=(2, 2), strides=2)]
    layers += [L.Flatten(), L.Dense(256, activation="relu"), L.Dropout(0.5), L.Dense(classes, activation="softmax")]
    return keras.Sequential(layers)


def _pooled(classes: int) -> Any:
    x = inputs = keras.Input((200, 200, 3))
    for filters, size in ((32, 5), (64, 3), (128, 3)):
        x = L.MaxPooling2D(2, strides=2)(L.BatchNormalization()(_conv(x, filters, size, "valid")))
    return keras.Model(inputs, _head(L.GlobalAveragePooling2D()(x), 256, classes))


def _spatial(classes: int) -> Any:
    x = inputs = keras.Input((200, 200, 3))
    for filters in (32, 64, 128):
        x = L.SpatialDropout2D(0.1)(L.MaxPooling2D(2, 2)(L.BatchNormalization()(_conv(x, filters, 3))))
    return keras.Model(inputs, _head(L.GlobalAveragePooling2D()(x), 128, classes))


def _block(x: Any, filters: int, *, shortcut: bool) -> Any:
    beside = L.Conv2D(filters, (1, 1), padding="same")(x) if shortcut else None
    for _ in range(2):
        x = L.BatchNormalization()(_conv(x, filters, 3))
    x = x if beside is None else L.Add()([x, beside])
    return L.SpatialDropout2D(0.1)(L.MaxPooling2D(2, 2)(x))


def _double(classes: int) -> Any:
    x = inputs = keras.Input((200, 200, 3))
    for filters in (32, 64, 128):
        x = _block(x, filters, shortcut=filters == 128)
    return keras.Model(inputs, _head(L.GlobalAveragePooling2D()(x), 128, classes))


def _attention(classes: int) -> Any:
    x = inputs = keras.Input((200, 200, 3))
    for filters in (32, 64, 128):
        x = _block(x, filters, shortcut=True)
    x = L.Multiply()([x, L.Conv2D(1, (1, 1), padding="same", activation="sigmoid")(x)])
    x = L.LayerNormalization()(L.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, _head(x, 128, classes))


_MODELS: dict[str, Callable[[int], Any]] = {
    "keras-cnn-plain": _plain,
    "keras-cnn-pooled": _pooled,
    "keras-cnn-spatial-dropout": _spatial,
    "keras-cnn-double": _double,
    "keras-cnn-attention": _attention,
}


def _trained(model: Any, seed: int = 0) -> Any:
    """Weights and statistics as training leaves them: none of them 0 or 1."""
    rng = np.random.default_rng(seed)
    values = []
    for value in model.get_weights():
        change = rng.normal(size=value.shape).astype(np.float32)
        values.append(value + 0.02 * change if value.ndim > 1 else np.abs(value + 0.2 * change))
    model.set_weights(values)
    return model


def _pictures() -> np.ndarray:
    """Dark, coloured and bright blots: noise alone would look the same to a mean over the picture."""
    rng = np.random.default_rng(1)
    blots = rng.integers(0, 256, (4, 10, 10, 3)) * rng.uniform(0, 1, (4, 1, 1, 3))
    return blots.repeat(20, axis=1).repeat(20, axis=2).astype(np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize("name", _MODELS)
def test_keras_and_our_network_give_the_same_probabilities(name: str, tmp_path: Path) -> None:
    keras.utils.clear_session()
    _MODELS["keras-cnn-pooled"](3)  # another model of the session: names no longer begin at 0
    model = _trained(_MODELS[name](29))
    model.compile(optimizer="adam", loss="categorical_crossentropy")
    want = np.asarray(model.predict(_pictures() / np.float32(255), verbose=0))
    assert want.std(axis=0).max() > 1e-3, "the pictures must make a difference"
    for file in ("saved.keras", "saved.h5", "saved.weights.h5"):
        path = tmp_path / file
        model.save_weights(path) if "weights" in file else model.save(path)
        loaded = load_family(name, Request(checkpoint=path))
        assert loaded.parameters == model.count_params() - sum(np.size(w) for w in model.non_trainable_weights)
        with torch.no_grad():
            have = loaded.module(torch.from_numpy(_pictures())).softmax(1).numpy()
        np.testing.assert_allclose(have, want, atol=2e-5)
        assert any(("weights alone" in note) == ("weights" in file) for note in loaded.notes)


def test_a_file_with_another_number_of_classes_needs_its_labels(tmp_path: Path) -> None:
    _trained(_spatial(7)).save(tmp_path / "seven.keras")
    checkpoint = read_keras(tmp_path / "seven.keras", keras_cnn.SpatialDropoutCnn(29))
    network = keras_cnn.SpatialDropoutCnn(7)
    load_weights(network, checkpoint)
    assert len(checkpoint.sha256) == 64


def test_the_same_weights_with_another_padding_are_refused(tmp_path: Path) -> None:
    x = inputs = keras.Input((200, 200, 3))
    for filters, size in ((32, 5), (64, 3), (128, 3)):
        x = L.MaxPooling2D(2, strides=2)(L.BatchNormalization()(_conv(x, filters, size, "same")))
    keras.Model(inputs, _head(L.GlobalAveragePooling2D()(x), 256, 29)).save(tmp_path / "same.keras")
    with pytest.raises(InputError, match=r"another network; expected Conv2D 5x5 valid relu.*found Conv2D 5x5 same"):
        read_keras(tmp_path / "same.keras", keras_cnn.PooledCnn())


@pytest.mark.parametrize(("epsilon", "word"), [(1e-3, ""), (1e-5, "epsilon 1e-05")])
def test_another_epsilon_is_refused(epsilon: float, word: str, tmp_path: Path) -> None:
    model = _pooled(29)
    config = json.loads(model.to_json())
    for layer in config["config"]["layers"]:
        if layer["class_name"] == "BatchNormalization":
            layer["config"]["epsilon"] = epsilon
    keras.models.model_from_json(json.dumps(config)).save(tmp_path / "model.keras")
    if word:
        with pytest.raises(InputError, match=word):
            read_keras(tmp_path / "model.keras", keras_cnn.PooledCnn())
    else:
        read_keras(tmp_path / "model.keras", keras_cnn.PooledCnn())


def test_rescaling_inside_and_training_from_logits_are_the_same_network(tmp_path: Path) -> None:
    base = _trained(_spatial(29))
    base.layers[-1].activation = keras.activations.linear
    x = inputs = keras.Input((200, 200, 3))
    x = L.Rescaling(1 / 255)(x)
    for layer in base.layers[1:]:
        x = layer(x)
    model = keras.Model(inputs, x)
    model.save(tmp_path / "logits.keras")
    loaded = load_family("keras-cnn-spatial-dropout", Request(checkpoint=tmp_path / "logits.keras"))
    with torch.no_grad():
        have = loaded.module(torch.from_numpy(_pictures())).numpy()
    want = np.asarray(model.predict(_pictures().astype(np.float32), verbose=0))
    np.testing.assert_allclose(have, want, atol=2e-4)


@pytest.mark.parametrize("kind", ["short", "text", "zip", "numbers"])
def test_damaged_files_are_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    whole = tmp_path / "whole.keras"
    _spatial(29).save(whole)
    path = tmp_path / "damaged.keras"
    if kind == "short":
        path.write_bytes(whole.read_bytes()[:-2000])
    elif kind == "text":
        path.write_text("no zip")
    else:
        with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w") as target:
            for entry in source.namelist():
                if kind == "zip" and entry == "model.weights.h5":
                    continue
                target.writestr(entry, b"[1]" if entry == "config.json" else source.read(entry))
    with pytest.raises(InputError) as caught:
        read_keras(path, keras_cnn.SpatialDropoutCnn())
    assert "damaged" in str(caught.value) and "\n" not in str(caught.value)


def test_numbers_in_another_file_are_not_fetched(tmp_path: Path) -> None:
    import h5py

    _spatial(29).save_weights(tmp_path / "real.weights.h5")
    with h5py.File(tmp_path / "linked.weights.h5", "w") as file:
        file["layers"] = h5py.ExternalLink(str(tmp_path / "real.weights.h5"), "layers")
        file.create_group("vars")
    with pytest.raises(InputError):
        read_keras(tmp_path / "linked.weights.h5", keras_cnn.SpatialDropoutCnn())


def test_weights_of_another_network_name_the_layer_that_is_missing(tmp_path: Path) -> None:
    _spatial(29).save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(InputError, match=r"no weights for a layer; expected conv2d \(5, 5, 3, 32\) \+ \(32\)"):
        read_keras(tmp_path / "other.weights.h5", keras_cnn.PooledCnn())

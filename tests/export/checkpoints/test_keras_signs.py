"""The networks for isolated signs as people build them in Keras: the same weights give the same logits here."""

from __future__ import annotations

import json
import os
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
from export.models.signs import FAMILIES, SignModel
from export.models.signs_features import FEATURES, MAX_FRAMES

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="Keras is not installed")
if keras.backend.backend() != "torch":
    pytest.skip("Keras runs on another backend", allow_module_level=True)
L, ops = keras.layers, keras.ops
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Keras's own, of numpy 2

FRAMES, CLASSES, WIDTH = 20, 7, 192


class Attention(L.Layer):
    """One product for query, key and value, as in the solution that the document builds on."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.qkv = L.Dense(3 * WIDTH, use_bias=False)
        self.proj = L.Dense(WIDTH, use_bias=False)

    def call(self, x: Any) -> Any:
        heads = ops.transpose(ops.reshape(self.qkv(x), (-1, FRAMES, 4, 3 * WIDTH // 4)), (0, 2, 1, 3))
        q, k, v = ops.split(heads, 3, axis=-1)
        return self.proj(_mixed(q, k, v))


class LinearAttention(L.Layer):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.proj_k = self.add_weight(shape=(MAX_FRAMES, 128), name="proj_k")
        self.proj_v = self.add_weight(shape=(MAX_FRAMES, 128), name="proj_v")
        self.to_q, self.to_k, self.to_v, self.to_out = (L.Dense(WIDTH, use_bias=False) for _ in range(4))

    def call(self, x: Any) -> Any:
        k = ops.einsum("bnd,nk->bkd", self.to_k(x), self.proj_k[:FRAMES])
        v = ops.einsum("bnd,nk->bkd", self.to_v(x), self.proj_v[:FRAMES])
        q, k, v = (
            ops.transpose(ops.reshape(t, (-1, t.shape[1], 4, WIDTH // 4)), (0, 2, 1, 3)) for t in (self.to_q(x), k, v)
        )
        return self.to_out(_mixed(q, k, v))


def _mixed(q: Any, k: Any, v: Any) -> Any:
    scores = ops.softmax(q @ ops.transpose(k, (0, 1, 3, 2)) / np.sqrt(WIDTH // 4), axis=-1)
    return ops.reshape(ops.transpose(scores @ v, (0, 2, 1, 3)), (-1, FRAMES, WIDTH))


def _block(x: Any, width: int = WIDTH) -> Any:
    inside = x.shape[-1]
    y = L.Dense(2 * inside, activation="swish")(x)
    y = L.DepthwiseConv1D(17, use_bias=False)(L.ZeroPadding1D((16, 0))(y))
    y = L.BatchNormalization(momentum=0.95)(y)
    gate = L.Conv1D(1, 5, padding="same", use_bias=False)(L.Reshape((-1, 1))(L.GlobalAveragePooling1D()(y)))
    y = L.Multiply()([y, L.Reshape((1, -1))(L.Activation("sigmoid")(gate))])
    y = L.Dropout(0.2)(L.Dense(width)(y))
    return L.Add()([x, y]) if inside == width else y


def _encoder(attention: Callable[[], Any]) -> Callable[[Any], Any]:
    def layer(x: Any) -> Any:
        x = L.Add()([x, L.Dropout(0.2)(attention()(L.BatchNormalization(momentum=0.95)(x)))])
        y = L.Dense(4 * WIDTH, use_bias=False, activation="swish")(L.BatchNormalization(momentum=0.95)(x))
        return L.Add()([x, L.Dropout(0.2)(L.Dense(WIDTH, use_bias=False)(y))])

    return layer


def _recurrent(x: Any, kind: Any) -> Any:
    return L.Bidirectional(kind(WIDTH, return_sequences=True))(x)


_LAYERS: dict[str, Callable[[Any], Any]] = {
    "signs-cnn": lambda x: x,
    "signs-cnn-bigru": lambda x: _recurrent(x, L.GRU),
    "signs-cnn-bilstm": lambda x: _recurrent(x, L.LSTM),
    "signs-cnn-transformer": _encoder(Attention),
    "signs-cnn-linformer": _encoder(LinearAttention),
}

_UNORDERED = ("signs-cnn-linformer", ".weights.h5")
"""Its four products of one shape are in the order of the names that the author gave them."""


def _model(name: str) -> Any:
    """With weights and statistics as training leaves them: none of them 0 or 1."""
    keras.utils.clear_session()
    x = inputs = keras.Input((FRAMES, FEATURES))
    x = L.BatchNormalization(momentum=0.95, name="stem_bn")(L.Dense(WIDTH, use_bias=False, name="stem_conv")(x))
    for _ in range(2):
        for _ in range(3):
            x = _block(x)
        x = _LAYERS[name](x)
    x = L.Dropout(0.8)(L.GlobalAveragePooling1D()(L.Dense(2 * WIDTH, name="top_conv")(x)))
    model = keras.Model(inputs, L.Dense(CLASSES, name="classifier")(x))
    rng = np.random.default_rng(0)
    values = [np.asarray(value) for value in model.get_weights()]
    noise = [rng.normal(size=value.shape).astype(np.float32) for value in values]
    model.set_weights([v + 0.02 * n if v.ndim > 1 else np.abs(v + 0.2 * n) for v, n in zip(values, noise, strict=True)])
    return model


def _ours(name: str) -> SignModel:
    model = next(family for family in FAMILIES if family.name == name).build(250, "points")
    assert isinstance(model, SignModel)
    return model


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "suffix"),
    [(name, suffix) for name in _LAYERS for suffix in (".h5", ".weights.h5") if (name, suffix) != _UNORDERED],
)
def test_keras_and_our_network_give_the_same_logits(name: str, suffix: str, tmp_path: Path) -> None:
    theirs, path = _model(name), tmp_path / f"best{suffix}"
    (theirs.save_weights if suffix == ".weights.h5" else theirs.save)(path)
    features = np.random.default_rng(1).normal(size=(2, FRAMES, FEATURES)).astype(np.float32)
    want = np.asarray(theirs.predict(features, verbose=0))
    checkpoint = read_keras(path, _ours(name).network)
    network = next(f for f in FAMILIES if f.name == name).build(CLASSES, "points").get_submodule("network").eval()
    load_weights(network, checkpoint)
    with torch.no_grad():
        have = network(torch.from_numpy(features), torch.ones(2, FRAMES)).numpy()
    assert want.std() > 0.01
    np.testing.assert_allclose(have, want, atol=1e-4, rtol=1e-3)


def test_the_export_takes_weights_with_the_index_map_beside_them(tmp_path: Path) -> None:
    signs = [f"sign{i}" for i in range(CLASSES)]
    (tmp_path / "sign_to_prediction_index_map.json").write_text(json.dumps({s: i for i, s in enumerate(signs)}))
    _model("signs-cnn").save(tmp_path / "best.h5")
    loaded = load_family("signs-cnn", Request(checkpoint=tmp_path / "best.h5"))
    assert [label.name for label in loaded.labels] == signs
    assert loaded.preprocess == "points"
    assert any("best.h5" in note for note in loaded.notes)


def test_layers_that_only_their_names_tell_apart_are_refused(tmp_path: Path) -> None:
    name, suffix = _UNORDERED
    path = tmp_path / f"best{suffix}"
    _model(name).save_weights(path)
    with pytest.raises(InputError, match=r"cannot be told.*to_k and to_out.*Save the weights as \.h5"):
        read_keras(path, _ours(name).network)


def test_weights_of_another_of_the_six_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "best.weights.h5"
    _model("signs-cnn").save_weights(path)
    with pytest.raises(InputError, match=r"no weights for a layer.*stages\.3"):
        read_keras(path, _ours("signs-cnn-bigru").network)

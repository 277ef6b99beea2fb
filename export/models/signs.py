"""The six networks of the third seed document for isolated signs: 250 words from MediaPipe Holistic's landmarks.

All begin with the same stem and end with the same head. The four hybrids have three Conv1D blocks, a sequence layer,
three more blocks and a second sequence layer between them. What the document does not say or contradicts, and what is
chosen here:

* its figures of the networks are not in its text: CNN-only is the hybrid without its sequence layers, Transformer-only
  the hybrid without its convolutions, with the sinusoidal positions that the document describes (in the hybrids the
  causal convolutions tell the frames' order);
* "192 hidden units per direction" do not give the "512-dimensional representation" that it states: here it is 192 per
  direction, 384 together, which the next block (without a residual) projects to 192 and the head's 384 fit;
* it speaks of a final hidden state for the recurrent networks, and of a mean over time for all: it is the mean;
* it reports no parameter counts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import cast

from torch import Tensor, nn

from edge.bundle.manifest import InputContract, Window
from edge.bundle.manifest import Tensor as TensorSpec
from edge.errors import UsageError
from export.models.base import ModelFamily
from export.models.signs_blocks import (
    EPSILON,
    MOMENTUM,
    Attention,
    ConvBlock,
    EncoderBlock,
    LateDropout,
    LinearAttention,
    Positions,
    Recurrent,
    masked_mean,
    normed,
)
from export.models.signs_features import FEATURES, MAX_FRAMES, SignFeatures
from export.models.signs_points import POINTS

CLASSES = 250
WIDTH = 192
WINDOW = Window(frames=30, rate=15)
"""Two seconds, as for the models on hands: nearly all recordings of signs here are one of 20 to 30 frames."""
PREPROCESS = ("points",)
_BLOCKS = 3
_SHIPPED = Path(__file__).parent.parent / "checkpoints" / "signs-cnn-transformer"


class SignNetwork(nn.Module):
    """Features (N, T, 708) and mask (N, T) to logits (N, classes), through ``stages`` that end at ``width_out``."""

    def __init__(self, stages: list[nn.Module], width_out: int, classes: int) -> None:
        super().__init__()
        self.stem = nn.Linear(FEATURES, WIDTH, bias=False)
        self.stem_norm = nn.BatchNorm1d(WIDTH, eps=EPSILON, momentum=MOMENTUM)
        self.stages = nn.ModuleList(stages)
        self.top = nn.Linear(width_out, 2 * WIDTH)
        self.late_dropout = LateDropout(0.8)
        self.classifier = nn.Linear(2 * WIDTH, classes)

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, classes)."""
        mask = mask.unsqueeze(2)
        frames = normed(self.stem_norm, self.stem(features))
        for stage in self.stages:
            frames = stage(frames, mask)
        pooled = masked_mean(self.top(frames), mask)
        return cast(Tensor, self.classifier(self.late_dropout(pooled)))


class SignModel(nn.Module):
    """Preprocessing and network: what is trained and exported. ``landmarks`` (N, T, 543, 3), missing = NaN."""

    def __init__(self, network: nn.Module, preprocess: str) -> None:
        super().__init__()
        if preprocess not in PREPROCESS:
            raise UsageError("no such preprocessing", found=preprocess, expected=" or ".join(PREPROCESS))
        self.preprocess = SignFeatures()
        self.network = network

    def forward(self, landmarks: Tensor) -> Tensor:
        """Logits (N, classes)."""
        return cast(Tensor, self.network(*self.preprocess(landmarks)))

    def of_points(self, points: Tensor) -> Tensor:
        """Logits of x and y of the points alone, (N, T, 118, 2)."""
        return cast(Tensor, self.network(*self.preprocess.of_points(points)))


def holistic_contract(preprocess: str, window: Window = WINDOW) -> InputContract:
    """The input of every model on holistic landmarks: DESIGN section 2."""
    landmarks = TensorSpec(
        name="landmarks",
        dtype="float32",
        shape=(None, None, 543, 3),
        axes=("batch", "time", "landmark", "xyz"),
    )
    return InputContract(tensors=(landmarks,), missing="nan", window=window, preprocess=preprocess)


def _convolutions(width_in: int = WIDTH) -> list[nn.Module]:
    return [ConvBlock(width_in, WIDTH), *(ConvBlock(WIDTH, WIDTH) for _ in range(_BLOCKS - 1))]


def _cnn(classes: int) -> SignNetwork:
    return SignNetwork([*_convolutions(), *_convolutions()], WIDTH, classes)


def _transformer(classes: int) -> SignNetwork:
    return SignNetwork([Positions(WIDTH, frames=MAX_FRAMES), _encoder(), _encoder()], WIDTH, classes)


def _hybrid(layer: Callable[[], nn.Module], width: int, classes: int) -> SignNetwork:
    return SignNetwork([*_convolutions(), layer(), *_convolutions(width), layer()], width, classes)


def _encoder() -> nn.Module:
    return EncoderBlock(Attention(WIDTH), WIDTH)


def _linear_encoder() -> nn.Module:
    return EncoderBlock(LinearAttention(WIDTH, frames=MAX_FRAMES), WIDTH)


def _gru() -> nn.Module:
    return Recurrent(nn.GRU(WIDTH, WIDTH, batch_first=True), nn.GRU(WIDTH, WIDTH, batch_first=True))


def _lstm() -> nn.Module:
    return Recurrent(nn.LSTM(WIDTH, WIDTH, batch_first=True), nn.LSTM(WIDTH, WIDTH, batch_first=True))


def _family(name: str, summary: str, network: Callable[[int], nn.Module]) -> ModelFamily:
    return ModelFamily(
        name=name,
        task="holistic-sequence",
        summary=f"isolated signs from {len(POINTS)} of 543 holistic landmarks: {summary}",
        document="002_0397612b06afd826",
        build=lambda classes, preprocess: SignModel(network(classes), preprocess),
        contract=holistic_contract,
        preprocess=PREPROCESS,
        classes=CLASSES,
        checkpoint=_SHIPPED if name == _SHIPPED.name else None,
    )


FAMILIES = (
    _family("signs-cnn", "Conv1D blocks", _cnn),
    _family("signs-transformer", "transformer encoder", _transformer),
    _family("signs-cnn-bigru", "Conv1D blocks and bidirectional GRU", partial(_hybrid, _gru, 2 * WIDTH)),
    _family("signs-cnn-bilstm", "Conv1D blocks and bidirectional LSTM", partial(_hybrid, _lstm, 2 * WIDTH)),
    _family("signs-cnn-transformer", "Conv1D blocks and transformer encoder", partial(_hybrid, _encoder, WIDTH)),
    _family("signs-cnn-linformer", "Conv1D blocks and Linformer", partial(_hybrid, _linear_encoder, WIDTH)),
)

"""CNN + bidirectional LSTM + attention on hand landmarks, after the first seed document (77 classes).

The names of the parameters are those of the published checkpoint, so that a real ``best_model.pth`` loads strictly
into `SeedNetwork`. `build` puts the preprocessing in front.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from edge.bundle.manifest import InputContract, Label, Window
from edge.bundle.manifest import Tensor as TensorSpec
from edge.errors import UsageError
from export.models.base import ModelFamily

PARAMETERS = 3_258_574
"""Learned numbers for 77 classes, as the document states."""
CLASSES = 77
WINDOW = Window(frames=30, rate=15)

_WORDS = (
    "hello goodbye please thank_you yes no help sorry good bad friend family love eat drink water food home work "
    "school teacher student book read write learn understand know think feel want need have go come see hear speak "
    "sign time today tomorrow yesterday morning afternoon evening night happy sad angry tired"
).split()
_LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_MASKED = -1e4


class SeedNetwork(nn.Module):
    """``landmarks`` (N, T, 2, 21, 3), already preprocessed, and ``mask`` (N, T) to logits (N, classes).

    Two convolutions along time, a two-layer bidirectional LSTM, a softmax attention over the unmasked frames and a
    classifier. The mask acts in the attention alone: the document says no more, and padded frames are zeros.
    """

    def __init__(self, classes: int = CLASSES, dropout: float = 0.3) -> None:
        super().__init__()
        self.conv_layers = nn.Sequential(
            nn.Conv1d(126, 128, 3, padding=1),
            nn.BatchNorm1d(128),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Conv1d(128, 256, 3, padding=1),
            nn.BatchNorm1d(256),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.lstm = nn.LSTM(256, 256, num_layers=2, batch_first=True, bidirectional=True, dropout=dropout)
        self.attention = nn.Sequential(nn.Linear(512, 128), nn.Tanh(), nn.Linear(128, 1))
        self.classifier = nn.Sequential(
            nn.Linear(512, 512),
            nn.BatchNorm1d(512),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(512, 256),
            nn.BatchNorm1d(256),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(256, classes),
        )

    def forward(self, landmarks: Tensor, mask: Tensor) -> Tensor:
        """Logits; a window without a single unmasked frame attends to all of them evenly."""
        frames = landmarks.flatten(2)
        frames = self.conv_layers(frames.transpose(1, 2)).transpose(1, 2)
        frames, _ = self.lstm(frames)
        scores = self.attention(frames).squeeze(2)
        weights = torch.softmax(torch.where(mask > 0, scores, torch.full_like(scores, _MASKED)), dim=1)
        return cast(Tensor, self.classifier((frames * weights.unsqueeze(2)).sum(dim=1)))


class SeedPreprocess(nn.Module):
    """``raw`` hands coordinates on as they are; ``unit`` maps them to [-1, 1].

    The document says that landmarks are normalised to [-1, 1] but not how. Here ``unit`` maps x and y, which lie in
    [0, 1] across the picture, to 2 v - 1 and doubles z, which keeps the proportions; what leaves [-1, 1] (a hand
    partly out of the picture) is cut off. Missing hands stay zero.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        if name not in PREPROCESS:
            raise UsageError("no such preprocessing", found=name, expected=" or ".join(PREPROCESS))
        self.unit = name == "unit"
        self.register_buffer("offset", torch.tensor([1.0, 1.0, 0.0]), persistent=False)

    def forward(self, landmarks: Tensor) -> Tensor:
        """(N, T, 2, 21, 3) to the same shape."""
        if not self.unit:
            return landmarks
        present = (landmarks.abs().sum(dim=(3, 4), keepdim=True) > 0).to(landmarks.dtype)
        return (2 * landmarks - cast(Tensor, self.offset)).clamp(-1, 1) * present


class SeedModel(nn.Module):
    """Preprocessing and network: what is trained and exported. ``landmarks`` (N, T, 2, 21, 3) raw, ``mask`` (N, T)."""

    def __init__(self, classes: int = CLASSES, preprocess: str = "raw") -> None:
        super().__init__()
        self.preprocess = SeedPreprocess(preprocess)
        self.network = SeedNetwork(classes)

    def forward(self, landmarks: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, classes)."""
        return cast(Tensor, self.network(self.preprocess(landmarks), mask))


PREPROCESS = ("raw", "unit")


def hand_sequence_contract(preprocess: str, *, aspect: float | None, window: Window = WINDOW) -> InputContract:
    """The input of every model on hand landmarks: DESIGN section 2."""
    return InputContract(
        tensors=(
            TensorSpec(
                name="landmarks",
                dtype="float32",
                shape=(None, None, 2, 21, 3),
                axes=("batch", "time", "hand", "landmark", "xyz"),
            ),
            TensorSpec(name="mask", dtype="float32", shape=(None, None), axes=("batch", "time")),
        ),
        missing="zero",
        aspect=aspect,
        window=window,
        preprocess=preprocess,
    )


def _labels() -> tuple[Label, ...]:
    """The document's classes in the order of its label encoder: scikit-learn sorts, so capital letters come first."""
    letters = [Label(name=name, kind="letter", moving=name in "JZ") for name in _LETTERS]
    words = [Label(name=name, kind="word", moving=True, text=name.replace("_", " ")) for name in _WORDS]
    return tuple(sorted([*letters, *words], key=lambda label: label.name))


FAMILY = ModelFamily(
    name="cnn-bilstm-attention",
    task="hand-sequence",
    summary="1D CNN + bidirectional LSTM + attention on the landmarks of two hands",
    document="000_81528dc2f5881ce3",
    build=SeedModel,
    contract=lambda preprocess: hand_sequence_contract(preprocess, aspect=4 / 3),
    preprocess=PREPROCESS,
    classes=CLASSES,
    default_labels=_labels(),
)

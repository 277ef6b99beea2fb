"""Our own recogniser: two hands in, letters, words and keys out; small enough for the slowest board.

`export.models.hands` describes each frame; a small network per frame, masked convolutions along time and an
attention over the frames that show a hand do the rest. Padding and masked frames do not change the result at all, so
a hold of five frames and a sign of thirty go through the same network.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from edge.errors import UsageError
from export.models.base import ModelFamily
from export.models.hands import ASPECT, FEATURES, HandPreprocess
from export.models.seed000 import hand_sequence_contract

CLASSES = 62
"""26 letters, space, nothing and 34 words."""
_MASKED = -1e4


class HandNetwork(nn.Module):
    """Features (N, T, F), presence (N, T) and mask (N, T) to logits (N, classes)."""

    def __init__(self, classes: int, width: int = 128, dropout: float = 0.25, features: int = FEATURES) -> None:
        super().__init__()
        self.frame = nn.Sequential(
            nn.Linear(features, 2 * width),
            nn.LayerNorm(2 * width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(2 * width, width),
            nn.LayerNorm(width),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.time = nn.ModuleList(_TimeBlock(width, dilation) for dilation in (1, 2, 4))
        self.attention = nn.Sequential(nn.Linear(width, width // 2), nn.Tanh(), nn.Linear(width // 2, 1))
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(3 * width, classes))

    def forward(self, features: Tensor, present: Tensor, mask: Tensor) -> Tensor:
        """Logits; where no frame shows a hand, the unmasked frames are looked at instead."""
        seen = (present.sum(dim=1, keepdim=True) > 0).to(mask.dtype)
        weight = present * seen + mask * (1 - seen)
        shape = self.frame(features)
        frames = shape
        for block in self.time:
            frames = block(frames, mask)
        scores = self.attention(frames).squeeze(2)
        hidden = torch.full_like(scores, _MASKED)
        attention = torch.softmax(torch.where(weight > 0, scores, hidden), dim=1).unsqueeze(2)
        highest = torch.where(weight.unsqueeze(2) > 0, frames, _MASKED * torch.ones_like(frames)).amax(dim=1)
        mean = (shape * weight.unsqueeze(2)).sum(dim=1) / weight.sum(dim=1, keepdim=True).clamp(min=1)
        pooled = torch.cat([(frames * attention).sum(dim=1), highest.clamp(min=-10), mean], dim=1)
        return cast(Tensor, self.classifier(pooled))


class _TimeBlock(nn.Module):
    """A residual convolution along time that masked frames cannot leak through."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation)
        self.norm = nn.LayerNorm(width)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        mixed = self.convolution((frames * mask.unsqueeze(2)).transpose(1, 2)).transpose(1, 2)
        return frames + torch.relu(self.norm(mixed))


class HandModel(nn.Module):
    """Preprocessing and network: what is trained and exported. ``landmarks`` (N, T, 2, 21, 3) raw, ``mask`` (N, T)."""

    def __init__(self, classes: int = CLASSES, preprocess: str = "hands") -> None:
        super().__init__()
        if preprocess not in PREPROCESS:
            raise UsageError("no such preprocessing", found=preprocess, expected=" or ".join(PREPROCESS))
        self.preprocess = HandPreprocess(
            crossings=preprocess != "hands-without-crossings",
            mirroring=preprocess != "hands-without-mirroring",
            points=preprocess == "hands-with-points",
        )
        self.network = HandNetwork(classes, features=self.preprocess.features)

    def forward(self, landmarks: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, classes)."""
        features, present = self.preprocess(landmarks, mask)
        return cast(Tensor, self.network(features, present, mask))


PREPROCESS = ("hands", "hands-without-crossings", "hands-without-mirroring", "hands-with-points")
"""The shipped weights' is the first; the others are rows of `export.training.ablation`."""

FAMILY = ModelFamily(
    name="fingerpost-hands",
    task="hand-sequence",
    summary="our own recogniser: letters and words from the landmarks of two hands, wherever they are",
    document="",
    build=HandModel,
    contract=lambda preprocess: hand_sequence_contract(preprocess, aspect=ASPECT),
    preprocess=PREPROCESS,
    classes=CLASSES,
    checkpoint=Path(__file__).parent.parent / "checkpoints" / "fingerpost-hands",
)

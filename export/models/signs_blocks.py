"""What the six networks for isolated signs are made of: convolution, attention and recurrent blocks along time.

Each block takes frames (N, T, width) and a mask (N, T, 1) that is 1 up to a sequence's end, and gives frames. What
stands behind the end has no influence on the frames before it: convolutions are causal, means and attention leave
masked frames out, recurrent layers run over the sequence's own length.

Where the document gives no number, it is that of the solution it builds on: Conv1D blocks expand twofold, ECA looks at
five channels, batch norm has Keras's epsilon, and attention and its feed-forward layers have no bias.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EPSILON = 1e-3
MOMENTUM = 0.05
"""Keras's 0.95 in PyTorch's terms."""
_MASKED = -1e4


class ConvBlock(nn.Module):
    """Expansion, causal depthwise convolution, batch norm, channel attention (ECA), projection; residual where the
    width stays."""

    def __init__(
        self, width_in: int, width: int, *, kernel: int = 17, expansion: int = 2, dropout: float = 0.2
    ) -> None:
        super().__init__()
        hidden = width_in * expansion
        self._before = kernel - 1
        self._residual = width_in == width
        self.expand = nn.Linear(width_in, hidden)
        self.depthwise = nn.Conv1d(hidden, hidden, kernel, groups=hidden, bias=False)
        self.norm = nn.BatchNorm1d(hidden, eps=EPSILON, momentum=MOMENTUM)
        self.channels = nn.Conv1d(1, 1, 5, padding=2, bias=False)
        self.project = nn.Linear(hidden, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """(N, T, width)"""
        hidden = F.silu(self.expand(frames)).transpose(1, 2)
        hidden = self.norm(self.depthwise(F.pad(hidden, (self._before, 0)))).transpose(1, 2)
        gate = torch.sigmoid(self.channels(masked_mean(hidden, mask).unsqueeze(1)))
        projected = self.dropout(self.project(hidden * gate))
        return frames + projected if self._residual else cast(Tensor, projected)


class EncoderBlock(nn.Module):
    """A transformer's encoder layer with batch norm in front of both halves; ``attention`` is one of those below."""

    def __init__(self, attention: nn.Module, width: int, *, expansion: int = 4, dropout: float = 0.2) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width, eps=EPSILON, momentum=MOMENTUM)
        self.attention = attention
        self.norm_1 = nn.BatchNorm1d(width, eps=EPSILON, momentum=MOMENTUM)
        self.widen = nn.Linear(width, expansion * width, bias=False)
        self.narrow = nn.Linear(expansion * width, width, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """(N, T, width)"""
        frames = frames + self.dropout(self.attention(normed(self.norm, frames), mask))
        hidden = F.silu(self.widen(normed(self.norm_1, frames)))
        return cast(Tensor, frames + self.dropout(self.narrow(hidden)))


class Attention(nn.Module):
    """Multi-head self-attention over the unmasked frames."""

    def __init__(self, width: int, *, heads: int = 4, dropout: float = 0.2) -> None:
        super().__init__()
        self._heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.project = nn.Linear(width, width, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """(N, T, width)"""
        # As the solution reshapes it: heads first, then query, key and value within each.
        query, key, value = _split(self.qkv(frames), self._heads).chunk(3, dim=3)
        scores = query @ key.transpose(2, 3) / math.sqrt(query.shape[3])
        scores = torch.where(mask.transpose(1, 2).unsqueeze(1) > 0, scores, torch.full_like(scores, _MASKED))
        mixed = self.dropout(torch.softmax(scores, dim=3)) @ value
        return cast(Tensor, self.project(mixed.transpose(1, 2).flatten(2)))


class LinearAttention(nn.Module):
    """Linformer: keys and values of up to ``frames`` frames are mixed down to ``rank`` by learned matrices."""

    def __init__(self, width: int, *, frames: int, rank: int = 128, heads: int = 4, dropout: float = 0.2) -> None:
        super().__init__()
        self._heads = heads
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.key_mix = nn.Parameter(torch.randn(frames, rank) / math.sqrt(rank))
        self.value_mix = nn.Parameter(torch.randn(frames, rank) / math.sqrt(rank))
        self.project = nn.Linear(width, width, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """(N, T, width)"""
        length = frames.shape[1]
        key = _split(self.key_mix[:length].T @ (self.key(frames) * mask), self._heads)
        value = _split(self.value_mix[:length].T @ (self.value(frames) * mask), self._heads)
        query = _split(self.query(frames), self._heads)
        scores = query @ key.transpose(2, 3) / math.sqrt(query.shape[3])
        mixed = self.dropout(torch.softmax(scores, dim=3)) @ value
        return cast(Tensor, self.project(mixed.transpose(1, 2).flatten(2)))


class Recurrent(nn.Module):
    """Two GRU or LSTM layers, one of which reads each sequence from its own end backwards; (N, T, both widths)."""

    def __init__(self, forward: nn.GRU | nn.LSTM, backward: nn.GRU | nn.LSTM) -> None:
        super().__init__()
        self.forwards = forward
        self.backwards = backward

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """(N, T, both widths)"""
        there = torch.arange(frames.shape[1], device=frames.device).view(1, -1, 1)
        length = mask.sum(dim=1, keepdim=True).to(torch.int64)
        back = torch.where(mask > 0, length - 1 - there, there)
        behind, _ = self.backwards(_at(frames, back))
        return torch.cat([self.forwards(frames)[0], _at(behind, back)], dim=2)


class Positions(nn.Module):
    """Adds the sinusoidal positions of Vaswani et al. to up to ``frames`` frames."""

    def __init__(self, width: int, *, frames: int) -> None:
        super().__init__()
        rate = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000) / width))
        angle = torch.arange(frames).unsqueeze(1) * rate
        table = torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1)
        self.register_buffer("table", table, persistent=False)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """(N, T, width)"""
        return frames + cast(Tensor, self.table)[: frames.shape[1]]


class LateDropout(nn.Module):
    """Dropout that a training turns on (``active``) once the network has found its features."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability
        self.active = False

    def forward(self, values: Tensor) -> Tensor:
        """The same shape."""
        return F.dropout(values, self.probability, self.training and self.active)


def normed(norm: nn.BatchNorm1d, frames: Tensor) -> Tensor:
    """Batch norm of frames (N, T, width)."""
    return cast(Tensor, norm(frames.transpose(1, 2))).transpose(1, 2)


def masked_mean(frames: Tensor, mask: Tensor) -> Tensor:
    """The mean (N, width) over the unmasked frames."""
    return (frames * mask).sum(dim=1) / mask.sum(dim=1)


def _split(values: Tensor, heads: int) -> Tensor:
    """(N, T, heads * width) to (N, heads, T, width); reshaped so that an export keeps N and T free."""
    count, length, width = values.shape
    return values.reshape(count, length, heads, width // heads).transpose(1, 2)


def _at(frames: Tensor, places: Tensor) -> Tensor:
    """Frames (N, T, width) in the order of ``places`` (N, T, 1)."""
    return frames.gather(1, places.expand(-1, -1, frames.shape[2]))

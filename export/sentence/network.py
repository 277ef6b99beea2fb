"""T5 in PyTorch, cut where the device needs it: an encoder that ends in the keys and values of the cross-attention, and
a decoder that takes one token a sequence and the past.

Names of modules are those of the library in which T5 models are published, so that their weights load as they are. Both
kinds are covered: T5 1.0 (ReLU, the embedding shared with the output layer, outputs scaled) and T5 1.1 and FLAN-T5
(gated GELU, an output layer of its own). Distances go through tables that are computed once, in float64: which bucket a
distance falls into then depends on no runtime's logarithm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True, slots=True)
class T5Config:
    """The sizes of a T5 model, as its ``config.json`` says; ``scaled``: decoder outputs times 1 / sqrt(d_model)."""

    vocab_size: int
    d_model: int
    d_kv: int
    d_ff: int
    num_layers: int
    num_decoder_layers: int
    num_heads: int
    buckets: int
    max_distance: int
    epsilon: float
    activation: Literal["relu", "gated-gelu"]
    scaled: bool


class T5(nn.Module):
    """The weights: ``shared``, ``encoder``, ``decoder``, ``lm_head``."""

    def __init__(self, config: T5Config) -> None:
        super().__init__()
        self.config = config
        self.shared = nn.Embedding(config.vocab_size, config.d_model)
        self.encoder = _Stack(config, config.num_layers, decoder=False)
        self.decoder = _Stack(config, config.num_decoder_layers, decoder=True)
        self.lm_head = nn.Linear(config.d_model, config.vocab_size, bias=False)


class Encoder(nn.Module):
    """``tokens`` int64 (1, S) to ``cross_keys`` and ``cross_values`` float32 (1, layers, heads, S, d_kv)."""

    def __init__(self, model: T5) -> None:
        super().__init__()
        self.shared, self.encoder = model.shared, model.encoder
        self.cross = nn.ModuleList(block.cross.EncDecAttention for block in model.decoder.blocks)
        self.bias = nn.Buffer(_bias_table(model.config, model.encoder, bidirectional=True))
        self._reach = model.config.max_distance

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Read the prompt."""
        hidden = self.shared(tokens)
        place = torch.arange(tokens.shape[1])
        distance = (place[None, :] - place[:, None]).clamp(-self._reach, self._reach) + self._reach
        bias = self.bias[:, distance]
        for block in self.encoder.blocks:
            hidden = block.itself(hidden, bias)
            hidden = block.feed_forward(hidden)
        hidden = self.encoder.final_layer_norm(hidden)
        cross = [cast(_Attention, attention) for attention in self.cross]
        keys = torch.stack([attention.heads(attention.k(hidden)) for attention in cross], dim=1)
        values = torch.stack([attention.heads(attention.v(hidden)) for attention in cross], dim=1)
        return keys, values


class Decoder(nn.Module):
    """One token further.

    ``tokens`` int64 (N, 1); ``past_keys``, ``past_values`` float32 (N, layers, heads, T, d_kv), T from 0; the encoder's
    ``cross_keys``, ``cross_values`` -> ``logits`` (N, vocabulary); ``keys``, ``values`` (N, layers, heads, T + 1,
    d_kv).
    """

    def __init__(self, model: T5) -> None:
        super().__init__()
        self.shared, self.decoder, self.lm_head = model.shared, model.decoder, model.lm_head
        self.bias = nn.Buffer(_bias_table(model.config, model.decoder, bidirectional=False))
        self._reach = model.config.max_distance
        self._scale = model.config.d_model**-0.5 if model.config.scaled else 1.0

    def forward(
        self, tokens: Tensor, past_keys: Tensor, past_values: Tensor, cross_keys: Tensor, cross_values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Read one token and score the next."""
        hidden = self.shared(tokens)
        distance = torch.arange(past_keys.shape[3], -1, -1).clamp(max=self._reach)
        bias = self.bias[:, None, distance]
        keys, values = [], []
        for index, block in enumerate(self.decoder.blocks):
            hidden, key, value = block.itself.further(hidden, past_keys[:, index], past_values[:, index], bias)
            hidden = block.cross(hidden, cross_keys[:, index], cross_values[:, index])
            hidden = block.feed_forward(hidden)
            keys.append(key)
            values.append(value)
        hidden = self.decoder.final_layer_norm(hidden) * self._scale
        return self.lm_head(hidden)[:, 0], torch.stack(keys, dim=1), torch.stack(values, dim=1)


def distance_buckets(distances: Tensor, *, buckets: int, max_distance: int, bidirectional: bool) -> Tensor:
    """Which bucket a distance (key's place minus query's) falls into: near ones each have their own, far ones share."""
    offset = torch.zeros_like(distances)
    if bidirectional:
        buckets //= 2
        offset = (distances > 0).long() * buckets
        far = distances.abs()
    else:
        far = (-distances).clamp(min=0)
    exact = buckets // 2
    # float32, as the models were trained with: at a border it decides which bucket it is.
    ratio = torch.log(far.clamp(min=1).float() / exact) / math.log(max_distance / exact)
    shared = (exact + (ratio * (buckets - exact)).long()).clamp(max=buckets - 1)
    return offset + torch.where(far < exact, far, shared)


def _bias_table(config: T5Config, stack: _Stack, *, bidirectional: bool) -> Tensor:
    """float32 (heads, distances): from -reach to reach, or, looking back only, from 0 to reach back."""
    reach = config.max_distance
    distances = torch.arange(-reach, reach + 1) if bidirectional else -torch.arange(reach + 1)
    buckets = distance_buckets(
        distances, buckets=config.buckets, max_distance=config.max_distance, bidirectional=bidirectional
    )
    weights = stack.blocks[0].itself.SelfAttention.relative_attention_bias.weight
    return weights.detach()[buckets].T.contiguous()


class _Norm(nn.Module):
    """Scaled by the root mean square; no mean, no offset."""

    def __init__(self, config: T5Config) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(config.d_model))
        self._epsilon = config.epsilon

    def forward(self, hidden: Tensor) -> Tensor:
        scale = torch.rsqrt(hidden.pow(2).mean(-1, keepdim=True) + self._epsilon)
        return self.weight * (hidden * scale)


class _Attention(nn.Module):
    """Attention without scaling: T5's weights contain it."""

    def __init__(self, config: T5Config, *, with_bias: bool) -> None:
        super().__init__()
        inner = config.num_heads * config.d_kv
        self.q = nn.Linear(config.d_model, inner, bias=False)
        self.k = nn.Linear(config.d_model, inner, bias=False)
        self.v = nn.Linear(config.d_model, inner, bias=False)
        self.o = nn.Linear(inner, config.d_model, bias=False)
        if with_bias:
            self.relative_attention_bias = nn.Embedding(config.buckets, config.num_heads)
        self._heads, self._size = config.num_heads, config.d_kv

    def heads(self, states: Tensor) -> Tensor:
        """(N, S, heads * d_kv) to (N, heads, S, d_kv)."""
        return states.view(states.shape[0], -1, self._heads, self._size).transpose(1, 2)

    def attend(self, hidden: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None) -> Tensor:
        scores = self.heads(self.q(hidden)) @ keys.transpose(2, 3)
        weights = torch.softmax(scores if bias is None else scores + bias, dim=-1)
        joined = (weights @ values).transpose(1, 2)
        attended: Tensor = self.o(joined.reshape(hidden.shape[0], -1, self._heads * self._size))
        return attended


class _SelfAttention(nn.Module):
    def __init__(self, config: T5Config, *, with_bias: bool) -> None:
        super().__init__()
        self.SelfAttention = _Attention(config, with_bias=with_bias)
        self.layer_norm = _Norm(config)

    def forward(self, hidden: Tensor, bias: Tensor) -> Tensor:
        attention, normed = self.SelfAttention, self.layer_norm(hidden)
        keys, values = attention.heads(attention.k(normed)), attention.heads(attention.v(normed))
        return hidden + attention.attend(normed, keys, values, bias)

    def further(
        self, hidden: Tensor, past_keys: Tensor, past_values: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        attention, normed = self.SelfAttention, self.layer_norm(hidden)
        keys = torch.cat([past_keys, attention.heads(attention.k(normed))], dim=2)
        values = torch.cat([past_values, attention.heads(attention.v(normed))], dim=2)
        return hidden + attention.attend(normed, keys, values, bias), keys, values


class _CrossAttention(nn.Module):
    def __init__(self, config: T5Config) -> None:
        super().__init__()
        self.EncDecAttention = _Attention(config, with_bias=False)
        self.layer_norm = _Norm(config)

    def forward(self, hidden: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        return hidden + self.EncDecAttention.attend(self.layer_norm(hidden), keys, values, None)


class _FeedForward(nn.Module):
    def __init__(self, config: T5Config) -> None:
        super().__init__()
        dense = _Gated(config) if config.activation == "gated-gelu" else _Plain(config)
        self.DenseReluDense = dense
        self.layer_norm = _Norm(config)

    def forward(self, hidden: Tensor) -> Tensor:
        added: Tensor = self.DenseReluDense(self.layer_norm(hidden))
        return hidden + added


class _Plain(nn.Module):
    def __init__(self, config: T5Config) -> None:
        super().__init__()
        self.wi = nn.Linear(config.d_model, config.d_ff, bias=False)
        self.wo = nn.Linear(config.d_ff, config.d_model, bias=False)

    def forward(self, hidden: Tensor) -> Tensor:
        result: Tensor = self.wo(F.relu(self.wi(hidden)))
        return result


class _Gated(nn.Module):
    def __init__(self, config: T5Config) -> None:
        super().__init__()
        self.wi_0 = nn.Linear(config.d_model, config.d_ff, bias=False)
        self.wi_1 = nn.Linear(config.d_model, config.d_ff, bias=False)
        self.wo = nn.Linear(config.d_ff, config.d_model, bias=False)

    def forward(self, hidden: Tensor) -> Tensor:
        result: Tensor = self.wo(F.gelu(self.wi_0(hidden), approximate="tanh") * self.wi_1(hidden))
        return result


class _Block(nn.Module):
    """Self-attention, cross-attention in a decoder, feed-forward: ``layer`` holds them in this order."""

    def __init__(self, config: T5Config, *, decoder: bool, first: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = [_SelfAttention(config, with_bias=first)]
        if decoder:
            layers.append(_CrossAttention(config))
        self.layer = nn.ModuleList([*layers, _FeedForward(config)])

    @property
    def itself(self) -> _SelfAttention:
        return cast(_SelfAttention, self.layer[0])

    @property
    def cross(self) -> _CrossAttention:
        return cast(_CrossAttention, self.layer[1])

    @property
    def feed_forward(self) -> _FeedForward:
        return cast(_FeedForward, self.layer[-1])


class _Stack(nn.Module):
    def __init__(self, config: T5Config, layers: int, *, decoder: bool) -> None:
        super().__init__()
        self.block = nn.ModuleList(_Block(config, decoder=decoder, first=index == 0) for index in range(layers))
        self.final_layer_norm = _Norm(config)

    @property
    def blocks(self) -> list[_Block]:
        return [cast(_Block, block) for block in self.block]

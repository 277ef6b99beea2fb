"""What Keras holds for each kind of layer that our networks have, and how PyTorch wants it.

A convolution's kernel has four axes, that of one along time three; a dense layer's has two; a batch norm holds four
vectors, a layer norm two. A recurrent layer holds a kernel, one for its state and biases; Keras's GRU has its gates in
the order z, r, h where PyTorch's has r, z, n. A module of our own with parameters holds them as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from edge.types import AnyArray

Shape = tuple[int | None, ...]
"""None where any size will do."""


def shapes(module: nn.Module, *, free: bool) -> list[Shape]:
    """What Keras holds for a layer of ours, nothing where it has no weights; ``free``: with any number of outputs."""
    if isinstance(module, (nn.Conv1d, nn.Conv2d)):
        return _convolution(module)
    if isinstance(module, nn.Linear):
        out = None if free else module.out_features
        return [(module.in_features, out), *([(out,)] if module.bias is not None else [])]
    if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
        return [(module.num_features,)] * 4
    if isinstance(module, nn.LayerNorm):
        return [tuple(module.normalized_shape)] * 2
    if isinstance(module, (nn.GRU, nn.LSTM)):
        gates = (3 if isinstance(module, nn.GRU) else 4) * module.hidden_size
        bias: Shape = (2, gates) if isinstance(module, nn.GRU) else (gates,)
        return [(module.input_size, gates), (module.hidden_size, gates), bias]
    return [tuple(parameter.shape) for parameter in module.parameters(recurse=False)]


def fits(layer: Sequence[AnyArray], wanted: Sequence[Shape]) -> bool:
    """Whether a layer of the file has these shapes."""
    return len(layer) == len(wanted) and all(
        len(array.shape) == len(shape) and all(b in (None, a) for a, b in zip(array.shape, shape, strict=True))
        for array, shape in zip(layer, wanted, strict=True)
    )


def shapes_text(several: Sequence[Shape]) -> str:
    """Shapes for people."""
    return " + ".join("(" + ", ".join("?" if n is None else str(n) for n in shape) + ")" for shape in several)


def to_torch(module: nn.Module, layer: Sequence[AnyArray]) -> dict[str, Tensor]:
    """The layer's numbers under PyTorch's names, for a module that they fit."""
    arrays = [torch.from_numpy(np.array(array)) for array in layer]
    if isinstance(module, (nn.GRU, nn.LSTM)):
        return _recurrent(module, arrays)
    if not isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Linear, nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm)):
        return dict(zip((name for name, _ in module.named_parameters(recurse=False)), arrays, strict=True))
    first, *rest = arrays
    if isinstance(module, nn.Conv2d):
        first = first.permute(3, 2, 0, 1).contiguous()  # height, width, in, out
    elif isinstance(module, nn.Conv1d):
        first = first.permute((1, 2, 0) if _is_depthwise(module) else (2, 1, 0)).contiguous()  # time, in, out
    elif isinstance(module, nn.Linear):
        first = first.T.contiguous()
    found = dict(zip(("weight", "bias", "running_mean", "running_var"), (first, *rest), strict=False))
    if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
        found["num_batches_tracked"] = torch.tensor(0)
    return found


def _recurrent(module: nn.GRU | nn.LSTM, arrays: Sequence[Tensor]) -> dict[str, Tensor]:
    kernel, state, bias = arrays
    if isinstance(module, nn.LSTM):
        biases = (bias, torch.zeros_like(bias))
        turned = [kernel.T, state.T]
    else:
        turned = [_gates(kernel.T), _gates(state.T)]
        biases = (_gates(bias[0]), _gates(bias[1]))
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    return {name: value.contiguous() for name, value in zip(names, (*turned, *biases), strict=True)}


def _gates(value: Tensor) -> Tensor:
    update, reset, new = value.chunk(3)
    return torch.cat([reset, update, new])


def _is_depthwise(module: nn.Conv1d) -> bool:
    return module.groups == module.in_channels == module.out_channels > 1


def _convolution(module: nn.Conv1d | nn.Conv2d) -> list[Shape]:
    channels = (module.in_channels // module.groups, module.out_channels)
    if isinstance(module, nn.Conv1d) and _is_depthwise(module):
        channels = (module.in_channels, 1)
    return [(*module.kernel_size, *channels), *([(module.out_channels,)] if module.bias is not None else [])]

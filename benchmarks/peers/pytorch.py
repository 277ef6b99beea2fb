"""PyTorch, and PyTorch's own int8, in the same interleaved rounds as ours.

``torch`` is the network as it was trained, eager, float32. ``torch-dynamic`` is `quantize_dynamic` on its Linear and
recurrent layers, the way that document 003 goes; convolutions stay float there. It needs ``torch.ao``, which PyTorch is
about to drop, and which nothing else of the project uses but the reader of document 003's packages.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from benchmarks.contestants import Contestant
from edge.bundle.manifest import Manifest
from edge.engines import TensorSpec
from edge.errors import DependencyError, InputError, UsageError
from edge.types import AnyArray

if TYPE_CHECKING:
    from torch import nn

NAMES = ("torch", "torch-dynamic")


class TorchEngine:
    """An `Engine` on PyTorch; the number of threads is the process's, and is set before each run."""

    def __init__(self, module: nn.Module, manifest: Manifest, threads: int) -> None:
        import torch

        self._module, self._threads = module.eval(), threads
        self.name = f"PyTorch {torch.__version__}, {threads} thread{'s' if threads != 1 else ''}"
        self.inputs = tuple(TensorSpec(t.name, t.dtype, t.shape) for t in manifest.input.tensors)
        self.outputs = (TensorSpec(manifest.output, "float32", (None, len(manifest.labels))),)

    def run(self, feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        """Run once; the feeds are those of the ONNX network."""
        import torch

        if torch.get_num_threads() != self._threads:
            torch.set_num_threads(self._threads)
        arrays = [np.require(feeds[spec.name], requirements="W") for spec in self.inputs]  # what PyTorch insists on
        with torch.inference_mode():
            output = self._module(*map(torch.from_numpy, arrays))
        return {self.outputs[0].name: output.numpy()}

    def close(self) -> None:
        """Nothing is held."""


def open_peers(names: Sequence[str], manifest: Manifest, checkpoint: Path | None) -> tuple[Contestant, ...]:
    """The peers of a bundle, made from the ``checkpoint`` that it was exported from; None is the shipped one.

    Raises what `origin_module` does.
    """
    if not names:
        return ()
    module = origin_module(manifest, checkpoint)
    return tuple(_peer(name, module, manifest) for name in names)


def origin_module(manifest: Manifest, checkpoint: Path | None) -> nn.Module:
    """The PyTorch network that a bundle was exported from, with its preprocessing, in evaluation mode.

    Raises UsageError for a network that is not in the registry, InputError when the checkpoint is another one,
    DependencyError without PyTorch.
    """
    if find_spec("torch") is None:
        raise DependencyError(
            "peers run on PyTorch", where="torch", found="no such package", remedy="pip install 'fingerpost[peers]'"
        )
    from export.loading import Request, load_family

    loaded = load_family(manifest.origin.model, Request(checkpoint, manifest.labels, manifest.input.preprocess or None))
    expected = manifest.origin.checkpoint_sha256
    if expected is not None and loaded.checkpoint_sha256 != expected:
        raise InputError(
            "the bundle was not exported from this checkpoint",
            where=checkpoint or loaded.checkpoint,
            expected=f"sha256 {expected}",
            found=loaded.checkpoint_sha256,
            remedy="name the checkpoint that it was exported from with --checkpoint",
        )
    return loaded.module


def quantize_linear(network: nn.Module) -> nn.Module:
    """A copy of the network with int8 weights in its Linear, LSTM and GRU layers, by ``torch.ao``."""
    import torch
    from torch.ao import quantization

    quantize_dynamic: Any = quantization.quantize_dynamic
    layers = {torch.nn.Linear, torch.nn.LSTM, torch.nn.GRU}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch announces the end of it
        return cast("nn.Module", quantize_dynamic(network, layers, dtype=torch.qint8))


def _peer(name: str, module: nn.Module, manifest: Manifest) -> Contestant:
    if name == "torch":
        chosen, how = module, "PyTorch eager, float32"
    elif name == "torch-dynamic":
        chosen, how = quantize_linear(module), "PyTorch quantize_dynamic on Linear, LSTM and GRU"
    else:
        raise UsageError("no such peer", expected=" or ".join(NAMES), found=name)
    return Contestant(name, _saved(chosen), how, partial(TorchEngine, chosen, manifest), peer=True)


def _saved(module: nn.Module) -> int:
    """Bytes of the weights as PyTorch saves them."""
    import torch

    buffer = io.BytesIO()
    torch.save(module.state_dict(), buffer)
    return buffer.getbuffer().nbytes

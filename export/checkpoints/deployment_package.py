"""The ``deployment_package`` of document 003 as an input: ``model_metadata.json`` beside a whole pickled model.

A whole model is a pickle that names classes to be made, so it is read only where ``trust_pickle`` says that its author
is trusted like a program's. torchvision, whose classes it names, is not needed: they are stood in for, since all that
is wanted are the weights. What `quantize_dynamic` made int8 is made float again from its bytes, so what comes out
computes what the package's model does but for the rounding of activations.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from edge.errors import InputError
from export.checkpoints.reading import Checkpoint, read_checkpoint

METADATA = "model_metadata.json"
_CLASSES = ("num_classes", "number_of_classes", "n_classes", "classes")
_SIZES = ("input_size", "input_shape", "image_size")
_CHANNELS = 3


def is_package(path: Path) -> bool:
    """Whether ``path`` is such a folder, or the model in it."""
    return (path if path.is_dir() else path.parent).joinpath(METADATA).is_file()


def read_package(path: Path, *, size: int, trust_pickle: bool = False) -> Checkpoint:
    """The weights of a package; ``size`` is the pictures' side that the network takes.

    Raises InputError when the package is not whole, says another size or number of classes than it has, or holds a
    pickled model that is not trusted.
    """
    folder = path if path.is_dir() else path.parent
    metadata = _metadata(folder / METADATA)
    weights = path if path.is_file() else _weights_file(folder)
    other = [n for n in _numbers(_first(metadata, _SIZES)) if n not in (1, _CHANNELS, size)]
    if other:
        raise InputError("the package is for pictures of another size", where=folder, expected=size, found=other[0])
    checkpoint = _unpickled(weights) if trust_pickle else read_checkpoint(weights)
    said = next(iter(_numbers(_count(_first(metadata, _CLASSES)))), None)
    last = [tensor for tensor in checkpoint.tensors.values() if tensor.ndim == 2]
    if said is not None and last and len(last[-1]) != said:
        raise InputError(
            "the model has another number of classes than the package says",
            where=weights,
            expected=f"{said} ({METADATA})",
            found=len(last[-1]),
        )
    return checkpoint


def _metadata(path: Path) -> Mapping[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError("the package's metadata cannot be read", where=path, found=error) from error
    if not isinstance(value, dict):
        raise InputError("the package's metadata are no JSON object", where=path, found=type(value).__name__)
    return value


def _weights_file(folder: Path) -> Path:
    found = sorted([*folder.glob("*.pth"), *folder.glob("*.pt")])
    if len(found) != 1:
        raise InputError(
            "the package's model is not clear",
            where=folder,
            expected="one .pth or .pt",
            found=", ".join(path.name for path in found) or "none",
            remedy="name the file with --checkpoint",
        )
    return found[0]


def _first(metadata: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((metadata[key] for key in keys if key in metadata), None)


def _count(value: Any) -> Any:
    """The number of classes, also where the classes themselves are listed."""
    return len(value) if isinstance(value, (list, dict)) else value


def _numbers(value: Any) -> Iterator[int]:
    if isinstance(value, int) and not isinstance(value, bool):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _numbers(item)


class _Standin(nn.Module):
    """Takes the place of a torchvision class: only its parts are looked at."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module.split(".", maxsplit=1)[0] == "torchvision":
            return _Standin
        return super().find_class(module, name)


def _unpickled(path: Path) -> Checkpoint:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError("the package's model cannot be read", where=path, found=error.strerror) from error
    module: Any = ModuleType("export.checkpoints.deployment_package.pickle")  # as torch wants it
    module.Unpickler, module.load = _Unpickler, lambda file, **_: _Unpickler(file).load()
    try:
        value = torch.load(io.BytesIO(data), map_location="cpu", pickle_module=module, weights_only=False)
    except Exception as error:  # whatever the pickle's own code raises
        raise InputError(
            "the package's model cannot be unpickled",
            where=path,
            found=f"{type(error).__name__}: {str(error).strip().splitlines()[0][:140] if str(error).strip() else ''}",
            remedy="save its state_dict with the version that made it",
        ) from error
    if not isinstance(value, nn.Module):
        return read_checkpoint(path, trust_pickle=True)
    tensors, quantised = _float_weights(value)
    notes = [f"{path.name} was unpickled without restrictions (--trust-pickle)"]
    if quantised:
        notes.append(f"the int8 weights of {', '.join(quantised)} were made float again")
    return Checkpoint(path, hashlib.sha256(data).hexdigest(), tensors, tuple(notes))


def _float_weights(model: nn.Module) -> tuple[dict[str, Tensor], list[str]]:
    """The state dict with dequantised layers, and the names of those."""
    quantised: dict[str, Any] = {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, torch.ao.nn.quantized.dynamic.Linear)
    }
    tensors = {
        name: value
        for name, value in model.state_dict().items()
        if isinstance(value, Tensor) and not any(name.startswith(f"{prefix}.") for prefix in quantised)
    }
    for name, module in quantised.items():
        tensors[f"{name}.weight"] = module.weight().dequantize()
        tensors[f"{name}.bias"] = module.bias().detach()
    return tensors, list(quantised)

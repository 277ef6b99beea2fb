"""Weights that Keras saved (``.keras``, ``.h5``, ``.weights.h5``) for our PyTorch networks, without TensorFlow.

The files are HDF5, alone or with a JSON description in a zip; nothing in them is run. Layers are found by what they
hold (`export.checkpoints.keras_layers`). Each of our layers takes the first of the file's, in the file's order, that
fits its shape: a file's names depend on what else its author's session had made, and Keras writes the branches of a
shortcut in either order.

Weights alone do not tell a network: padding, activations and pooling have none. Where the file describes its layers
(all but ``.weights.h5``), the description is compared with the network's ``keras_layers`` first.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from edge.errors import DependencyError, InputError
from edge.types import AnyArray
from export.checkpoints.keras_layers import fits, shapes, shapes_text, to_torch
from export.checkpoints.reading import Checkpoint

SUFFIXES = (".keras", ".h5", ".hdf5")
EPSILON = 1e-3
_WEIGHTS = "model.weights.h5"
_CONFIG = "config.json"
_LARGEST = 4 << 30
_WITHOUT_EFFECT = ("InputLayer", "Dropout", "SpatialDropout2D", "GaussianNoise")
"""Layers that do nothing when a network is used."""
_RESCALING = "Rescaling 0.003922 0"
_NAMED = 4


def is_keras(path: Path) -> bool:
    """Whether the file's name is one of Keras's."""
    return path.suffix.lower() in SUFFIXES


def read_keras(path: Path, network: nn.Module) -> Checkpoint:
    """The weights of a file under the names of ``network``, whose last dense layer may have any number of classes.

    Raises InputError when the file is damaged, describes another network, or has no weights that fit;
    DependencyError without h5py.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            "the checkpoint cannot be read", where=path, found=error.strerror, remedy="check the path"
        ) from error
    config, layers = _keras_zip(data, path) if path.suffix.lower() == ".keras" else _hdf5(data, path)
    notes = [f"weights were taken from Keras's {path.name}"]
    if config is None:
        notes.append(f"{path.name} holds weights alone: paddings and activations could not be compared")
    else:
        _compare(outline(config, path), network, path)
    tensors = _assign(layers, network, path)
    return Checkpoint(path, hashlib.sha256(data).hexdigest(), tensors, tuple(notes))


def outline(config: Mapping[str, Any], path: Path) -> list[str]:
    """The layers that a model's description names, as ``keras_layers`` writes them; raises InputError."""
    try:
        layers = [_line(layer["class_name"], layer["config"]) for layer in config["config"]["layers"]]
    except (KeyError, TypeError, IndexError) as error:
        raise InputError("the description of the model is damaged", where=path, found=repr(error)[:120]) from error
    lines = [line for line in layers if line]
    if lines and lines[0] == _RESCALING:  # our preprocessing does the same
        del lines[0]
    if lines and lines[-1] == "Dense linear":  # trained from_logits
        lines[-1] = "Dense softmax"
    return lines


def _line(kind: str, config: Mapping[str, Any]) -> str:
    if kind in _WITHOUT_EFFECT or kind.startswith("Random"):
        return ""
    tell = _TELLS.get(kind)
    return " ".join([kind, *(tell(config) if tell else [])])


def _convolution(config: Mapping[str, Any]) -> list[str]:
    usual = (("strides", [1, 1]), ("dilation_rate", [1, 1]), ("groups", 1), ("use_bias", True))
    odd = [f"{key} {config[key]}" for key, value in usual if _list(config.get(key, value)) != value]
    return [_by(config["kernel_size"]), config["padding"], _activation(config), *odd]


def _dense(config: Mapping[str, Any]) -> list[str]:
    return [_activation(config), *(() if config.get("use_bias", True) else ("without bias",))]


def _pooling(config: Mapping[str, Any]) -> list[str]:
    size, strides = _by(config["pool_size"]), _by(config["strides"])
    return [
        size,
        *(() if strides == size else ("strides", strides)),
        *(("same",) if config["padding"] == "same" else ()),
    ]


def _norm(config: Mapping[str, Any]) -> list[str]:
    usual = abs(config["epsilon"] - EPSILON) < 1e-9 and _list(config.get("axis", -1)) in (-1, [-1], [1], [3])
    return [] if usual else ["epsilon", f"{config['epsilon']:g}", "axis", str(config.get("axis"))]


def _activation(config: Mapping[str, Any]) -> str:
    value = config.get("activation", "linear")
    return str(value["class_name"] if isinstance(value, Mapping) else value).lower()


_TELLS: Mapping[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "Conv2D": _convolution,
    "Dense": _dense,
    "Activation": lambda config: [_activation(config)],
    "MaxPooling2D": _pooling,
    "AveragePooling2D": _pooling,
    "BatchNormalization": _norm,
    "LayerNormalization": _norm,
    "Rescaling": lambda config: [f"{config['scale']:.4g}", f"{config['offset']:g}"],
}
"""What of a layer's configuration decides what it computes, beside the weights."""


def _list(value: Any) -> Any:
    return list(value) if isinstance(value, (list, tuple)) else value


def _by(size: Any) -> str:
    return "x".join(str(n) for n in _list(size))


def _compare(found: Sequence[str], network: nn.Module, path: Path) -> None:
    want: Sequence[str] | None = getattr(network, "keras_layers", None)
    if want is None:
        return
    have, wanted = Counter(found), Counter(want)  # the order of a shortcut's branches is Keras's affair
    if have != wanted:
        raise InputError(
            "the file describes another network",
            where=path,
            expected=_few(wanted - have) or "no more layers",
            found=_few(have - wanted) or "fewer layers",
            remedy="see --list-models for the others; weights of a changed network need a changed network here",
        )


def _few(lines: Counter[str]) -> str:
    shown = [f"{n} x {line}" if n > 1 else line for line, n in list(lines.items())[:_NAMED]]
    return ", ".join(shown) + (", ..." if len(lines) > _NAMED else "")


def _keras_zip(data: bytes, path: Path) -> tuple[Mapping[str, Any] | None, list[list[AnyArray]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _LARGEST:
                raise InputError("the file is too large", where=path, expected=f"<= {_LARGEST >> 30} GiB unpacked")
            config = json.loads(archive.read(_CONFIG))
            weights = archive.read(_WEIGHTS)
    except (zipfile.BadZipFile, KeyError, ValueError, RecursionError, NotImplementedError, OSError) as error:
        raise _damaged(path, data, error) from error
    return config, _hdf5(weights, path)[1]


def _hdf5(data: bytes, path: Path) -> tuple[Mapping[str, Any] | None, list[list[AnyArray]]]:
    try:
        import h5py
    except ImportError as error:
        raise DependencyError(
            "Keras's files are read with h5py, which is not installed", remedy="pip install 'fingerpost[export]'"
        ) from error
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            described = file.attrs.get("model_config")
            config = json.loads(described) if described is not None else None
            root = file.get("model_weights", file)
            layers = _legacy(root) if "layer_names" in root.attrs else _stored(root, path)
            return config, list(layers)
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, RecursionError, AttributeError) as error:
        raise _damaged(path, data, error) from error


def _legacy(root: Any) -> Iterator[list[AnyArray]]:
    """The layers of Keras 2 and of Keras 3's ``.h5``, in the model's order; layers within a layer one by one."""
    for layer in _texts(root.attrs["layer_names"]):
        group = root[layer]
        inner: dict[str, list[AnyArray]] = {}
        for name in _texts(group.attrs["weight_names"]):
            inner.setdefault(name.rpartition("/")[0], []).append(_array(group[name], root))
        yield from inner.values()


def _stored(root: Any, path: Path) -> Iterator[list[AnyArray]]:
    """The layers of ``.keras`` and ``.weights.h5``, which are numbered within their kind (conv2d, conv2d_1, ...).

    Layers within a layer of its author's are in the order of their names, which says nothing: raises InputError where
    two of them are alike.
    """
    names: list[str] = []
    root.visit(lambda name: names.append(name) if name.endswith("/vars") else None)
    seen: dict[tuple[object, ...], str] = {}
    for name in sorted(names, key=_numbered):
        group = root[name]
        if name.startswith(("optimizer/", "_optimizer")) or not len(group):
            continue
        arrays = [_array(group[key], root) for key in sorted(group, key=int)]
        around, _, own = name.removesuffix("/vars").rpartition("/")
        if around.rpartition("/")[2] not in ("", "layers"):
            other = seen.setdefault((around, *(array.shape for array in arrays)), own)
            if other != own:
                raise InputError(
                    "which of a layer's own layers is which cannot be told",
                    where=path,
                    found=f"{other} and {own} in {around}",
                    remedy="save the weights as .h5, which keeps their order",
                )
        yield arrays


def _array(dataset: Any, root: Any) -> AnyArray:
    """The numbers of a dataset that lies in this file: HDF5 could have them elsewhere on the disk."""
    if dataset.file.filename != root.file.filename or dataset.external or dataset.is_virtual:
        raise ValueError(f"{dataset.name} lies in another file")
    if dataset.dtype.kind != "f" or dataset.size > _LARGEST // 4:
        raise ValueError(f"{dataset.name} is {dataset.dtype} {dataset.shape}")
    return np.asarray(dataset, np.float32)


def _texts(names: Any) -> list[str]:
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names]


def _numbered(name: str) -> tuple[str, int]:
    name = name.replace("/backward_layer/", "/forward_layer~/")  # of a bidirectional layer: the second
    layer = name.removesuffix("/vars")
    parts = re.fullmatch(r"(.*)_(\d+)", layer, re.DOTALL)
    return (parts[1], int(parts[2])) if parts else (layer, 0)


def _damaged(path: Path, data: bytes, error: Exception) -> InputError:
    return InputError(
        "the file is damaged or none that Keras saved",
        where=path,
        expected="what model.save or model.save_weights writes",
        found=f"{len(data)} bytes ({str(error)[:120]})",
        remedy="copy or download it again",
    )


def _assign(layers: Sequence[list[AnyArray]], network: nn.Module, path: Path) -> dict[str, Tensor]:
    left = [layer for layer in layers if layer]
    last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1:]
    tensors: dict[str, Tensor] = {}
    for name, module in network.named_modules():
        wanted = shapes(module, free=module in last)
        if not wanted:
            continue
        found = next((i for i, layer in enumerate(left) if fits(layer, wanted)), None)
        if found is None:
            raise InputError(
                "the file has no weights for a layer",
                where=path,
                expected=f"{name} {shapes_text(wanted)}",
                found=", ".join(shapes_text([a.shape for a in layer]) for layer in left[:_NAMED]) or "no more layers",
                remedy="give the model that it was trained with (--model)",
            )
        tensors.update({f"{name}.{key}": tensor for key, tensor in to_torch(module, left.pop(found)).items()})
    if left:
        shown = ", ".join(shapes_text([a.shape for a in layer]) for layer in left[:_NAMED])
        raise InputError("the file has weights that the network has no place for", where=path, found=shown)
    return tensors

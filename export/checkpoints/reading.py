"""Reading weights that somebody hands in, without running what is in the file.

safetensors holds tensors and nothing else. A ``.pth`` is a pickle: it is read with PyTorch's restricted unpickler,
which is told of one thing more, numpy's numeric scalars, because training loops write ``best_loss`` and the like as
such. Anything else is refused by name; ``trust_pickle`` is the way out for a file of one's own.
"""

from __future__ import annotations

import _codecs
import hashlib
import io
import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from edge.errors import InputError

FORMATS = ".safetensors, .pth, .pt or .bin"
_NESTED = ("model_state_dict", "state_dict", "model")
_WRAPPERS = ("module.", "_orig_mod.")
_NUMERIC = "biufc"
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tensors of a file by name; ``sha256`` of the file; ``notes`` what was done to the names, for people."""

    path: Path
    sha256: str
    tensors: Mapping[str, Tensor]
    notes: tuple[str, ...] = ()


def read_checkpoint(path: Path, *, trust_pickle: bool = False) -> Checkpoint:
    """Read a checkpoint; raises InputError when it is missing, damaged, holds no weights, or would have to run code.

    ``trust_pickle`` runs what a pickle says: only for a file whose author one trusts like a program's.
    """
    suffix = path.suffix.lower()
    if suffix not in (".safetensors", ".pth", ".pt", ".bin"):
        raise InputError("a checkpoint of an unknown format", where=path, expected=FORMATS, found=suffix or "no suffix")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            "the checkpoint cannot be read", where=path, found=error.strerror, remedy="check the path"
        ) from error
    if suffix == ".safetensors":
        value: Any = _safetensors(data, path)
    elif trust_pickle:
        value = _trusted(data, path)
    else:
        value = _restricted(data, path)
    tensors, notes = _weights(value, path)
    if trust_pickle and suffix != ".safetensors":
        notes = (*notes, f"{path.name} was unpickled without restrictions (--trust-pickle)")
    return Checkpoint(path, hashlib.sha256(data).hexdigest(), tensors, notes)


def load_weights(module: nn.Module, checkpoint: Checkpoint) -> None:
    """Load every tensor, none missing, none left over, each of its shape; raises InputError that lists what is off."""
    want = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    have = {name: tuple(tensor.shape) for name, tensor in checkpoint.tensors.items()}
    missing = [name for name in want if name not in have]
    extra = [name for name in have if name not in want]
    other = [
        f"{name} {have[name]} instead of {want[name]}" for name in want if name in have and have[name] != want[name]
    ]
    if missing or extra or other:
        parts = [_few("missing", missing), _few("extra", extra), _few("of another shape", other)]
        raise InputError(
            "the checkpoint does not fit the model",
            where=checkpoint.path,
            expected=f"{len(want)} tensors",
            found="; ".join(part for part in parts if part),
            remedy="give the model that it was trained with (--model or --factory), or the right checkpoint",
        )
    infinite = [name for name, t in checkpoint.tensors.items() if t.is_floating_point() and not t.isfinite().all()]
    if infinite:
        raise InputError(
            "the checkpoint holds numbers that are not finite",
            where=checkpoint.path,
            found=_few("in", infinite),
            remedy="use a checkpoint from before the training diverged",
        )
    module.load_state_dict(dict(checkpoint.tensors), strict=True)


def _few(what: str, names: list[str]) -> str:
    if not names:
        return ""
    shown = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
    return f"{len(names)} {what}: {shown}"


def _safetensors(data: bytes, path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return dict(load(data))
    except (SafetensorError, KeyError, ValueError) as error:
        raise InputError(
            "the file is damaged or no safetensors file",
            where=path,
            expected="a whole safetensors file",
            found=f"{len(data)} bytes ({str(error)[:120]})",
            remedy="copy or download it again",
        ) from error


def _scalar(dtype: np.dtype[Any], data: bytes) -> Any:
    """Stands in for numpy's own: numbers only, as object and structured types could carry more."""
    if dtype.kind not in _NUMERIC or len(data) != dtype.itemsize:
        raise pickle.UnpicklingError(f"Unsupported numpy scalar of type {dtype}")
    return np.frombuffer(data, dtype)[0]


_ALLOWED: list[Any] = [
    (_scalar, "numpy.core.multiarray.scalar"),
    (_scalar, "numpy._core.multiarray.scalar"),
    (_codecs.encode, "_codecs.encode"),
    np.dtype,
    *sorted({type(np.dtype(code)) for code in np.typecodes["AllInteger"] + "?efdFD"}, key=lambda kind: kind.__name__),
]


def _restricted(data: bytes, path: Path) -> Any:
    try:
        with torch.serialization.safe_globals(_ALLOWED):
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        wanted = _unsafe_global(str(error))
        if wanted is None:
            raise _damaged(path, data, error) from error
        raise InputError(
            "the checkpoint's pickle needs more than weights, which could run any code",
            where=path,
            expected="tensors and numbers",
            found=wanted,
            remedy="save the state_dict alone, as safetensors if you can; or, if you trust the file's author like "
            "a program's, add --trust-pickle",
        ) from error
    except (
        Exception
    ) as error:  # torch raises RuntimeError, EOFError, ValueError, ... for bytes that are none of its own
        raise _damaged(path, data, error) from error


def _unsafe_global(message: str) -> str | None:
    """What a restricted read refused, from torch's message; None when it failed for another reason."""
    named = re.search(r"GLOBAL (\S+)|but got (<class \S+>)|(numpy scalar of type \S+)", message)
    return next(text for text in named.groups() if text).rstrip(".,") if named else None


def _trusted(data: bytes, path: Path) -> Any:
    try:
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=False)
    except Exception as error:  # whatever the pickle's own code raises
        raise _damaged(path, data, error) from error


def _damaged(path: Path, data: bytes, error: Exception) -> InputError:
    return InputError(
        "the file is damaged or no PyTorch checkpoint",
        where=path,
        expected="what torch.save writes",
        found=f"{len(data)} bytes ({(str(error) or type(error).__name__).splitlines()[0][:120]})",
        remedy="copy or download it again",
    )


def _weights(value: Any, path: Path) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    notes: list[str] = []
    if isinstance(value, nn.Module):
        value = value.state_dict()
    if isinstance(value, Mapping) and not _is_state_dict(value):
        key = next((k for k in _NESTED if k in value), None)
        inner = value[key] if key is not None else None
        value = inner.state_dict() if isinstance(inner, nn.Module) else inner
    if not isinstance(value, Mapping) or not _is_state_dict(value):
        raise InputError(
            "the checkpoint holds no weights",
            where=path,
            expected=f"a state dict, itself or under {', '.join(_NESTED)}",
            found=_describe(value),
            remedy="save model.state_dict()",
        )
    tensors = dict(value)
    for prefix in _WRAPPERS:
        if all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
            notes.append(f"the prefix {prefix!r} of a wrapped model was taken off the checkpoint's names")
    return tensors, tuple(notes)


def _is_state_dict(value: Mapping[Any, Any]) -> bool:
    return bool(value) and all(isinstance(k, str) and isinstance(v, Tensor) for k, v in value.items())


def _describe(value: Any) -> str:
    if isinstance(value, Mapping):
        return "an object with " + (", ".join(str(key) for key in list(value)[:6]) or "nothing in it")
    return "nothing of the kind" if value is None else f"a {type(value).__name__}"

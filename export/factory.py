"""A user's own PyTorch class, named as ``module:callable`` and imported from the folder the command runs in.

What is expected of it: called with ``num_classes`` (where it takes that) it makes a network whose ``forward(landmarks,
mask)`` takes hand landmarks (N, 30, 2, 21, 3) and a mask (N, 30) and gives logits (N, classes). Importing runs the
user's code, as the user asked for; the weights are still read without running anything.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from edge.errors import InputError, UsageError
from export.loading import Request, load_module
from export.models.base import LoadedModel

_FRAMES = 30
_OTHER_FRAMES = 17
_PLACE = "the current folder or PYTHONPATH"


def load_factory(spec: str, request: Request) -> LoadedModel:
    """Import, build, check and load; raises UsageError and InputError with what was expected and found."""
    function = find(spec)
    takes = _takes_num_classes(function)

    def build(classes: int) -> nn.Module:
        return _call(function, spec, {"num_classes": classes} if takes else {})

    network = build(2).eval()
    _check_forward(network, spec)
    return load_module(build, spec, request, frames=None if _takes(network, _OTHER_FRAMES) else _FRAMES)


def find(spec: str) -> Callable[..., Any]:
    """The object that ``module:callable`` names."""
    module_name, _, attribute = spec.partition(":")
    if not module_name or not attribute:
        raise UsageError("a factory is named by module and callable", expected="MODULE:CALLABLE", found=spec)
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        value: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or module_name
        if missing == module_name.split(".")[0] or module_name.startswith(missing):
            raise InputError(
                "no such module", where=module_name, expected=f"{module_name}.py in {_PLACE}", found=f"none in {here}"
            ) from error
        raise InputError(
            "the module cannot be imported", where=module_name, found=f"it needs {missing}, which is not installed"
        ) from error
    except Exception as error:  # the user's module may do anything when imported
        raise InputError("the module cannot be imported", where=module_name, found=_short(error)) from error
    for part in attribute.split("."):
        if not hasattr(value, part):
            classes = sorted(n for n, v in vars(value).items() if inspect.isclass(v) and issubclass(v, nn.Module))
            raise InputError(
                "no such callable", where=spec, expected=part, found=", ".join(classes) or "no network in the module"
            )
        value = getattr(value, part)
    if not callable(value):
        raise InputError("not callable", where=spec, expected="a class or a function", found=type(value).__name__)
    function: Callable[..., Any] = value
    return function


def _takes_num_classes(function: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(p.name == "num_classes" or p.kind is p.VAR_KEYWORD for p in parameters)


def _call(function: Callable[..., Any], spec: str, arguments: dict[str, Any]) -> nn.Module:
    try:
        network = function(**arguments)
    except Exception as error:  # the user's constructor
        called = ", ".join(f"{k}={v}" for k, v in arguments.items())
        raise InputError(
            "the model cannot be built",
            where=spec,
            expected=f"a network from {spec.rpartition(':')[2]}({called})",
            found=_short(error),
            remedy="give a function that needs no further arguments",
        ) from error
    if not isinstance(network, nn.Module):
        raise InputError("not a network", where=spec, expected="a torch.nn.Module", found=type(network).__name__)
    return network


def _check_forward(network: nn.Module, spec: str) -> None:
    expected = f"forward(landmarks (N, {_FRAMES}, 2, 21, 3), mask (N, {_FRAMES})) -> logits (N, classes)"
    remedy = "export other kinds of model to ONNX and give the file with --onnx"
    landmarks, mask = torch.rand(2, _FRAMES, 2, 21, 3), torch.ones(2, _FRAMES)
    try:
        with torch.no_grad():
            out = network(landmarks, mask)
    except Exception as error:  # the user's forward
        raise InputError(
            "the model takes other inputs", where=spec, expected=expected, found=_short(error), remedy=remedy
        ) from error
    if not isinstance(out, torch.Tensor) or out.ndim != 2 or out.shape[0] != 2:
        found = tuple(out.shape) if isinstance(out, torch.Tensor) else type(out).__name__
        raise InputError("the model gives something else", where=spec, expected=expected, found=found, remedy=remedy)


def _takes(network: nn.Module, frames: int) -> bool:
    try:
        with torch.no_grad():
            network(torch.rand(1, frames, 2, 21, 3), torch.ones(1, frames))
    except Exception:  # whatever the user's forward raises means no
        return False
    return True


def _short(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:140]}" if lines else type(error).__name__

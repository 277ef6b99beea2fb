"""What a model family tells the rest of the export about itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from edge.bundle.manifest import InputContract, Label, Licence, Task


@dataclass(frozen=True, slots=True)
class ModelFamily:
    """One entry of the registry.

    ``build(labels, preprocess)`` returns the network as it is trained and as it is exported: raw input in (DESIGN §2),
    logits out; its ``forward`` takes the contract's tensors in their order. ``network_prefix`` is the part of the
    state dict that a published checkpoint holds (without the preprocessing in front).
    """

    name: str
    task: Task
    summary: str
    document: str
    """The seed document it implements, or "" for our own."""
    build: Callable[[int, str], nn.Module]
    contract: Callable[[str], InputContract]
    """The input contract for a preprocessing name."""
    preprocess: tuple[str, ...]
    """Names of the possible preprocessings; the first is the default."""
    classes: int
    """The class count of the document."""
    default_labels: tuple[Label, ...] = ()
    checkpoint: Path | None = None
    """Folder of the shipped checkpoint, where there is one."""
    network_prefix: str = "network."
    calibrate: bool = False
    """Static int8 (convolutions dominate) rather than dynamic."""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A network with its weights, ready for export."""

    family: str
    module: nn.Module
    contract: InputContract
    task: Task
    labels: tuple[Label, ...]
    parameters: int
    checkpoint: str = ""
    checkpoint_sha256: str | None = None
    preprocess: str = ""
    calibrate: bool = False
    notes: tuple[str, ...] = ()
    model_card: str = ""
    licence: str = ""
    """SPDX identifier of the weights' licence, "" when nobody said."""
    licences: tuple[Licence, ...] = ()
    """Licences of what the weights were made from."""
    measurements: tuple[Mapping[str, Any], ...] = field(default=())

"""What every training writes into its checkpoint's folder, and how: each file whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

WEIGHTS = "model.safetensors"
CONFIG = "model_config.json"
METRICS = "metrics.json"
CARD = "MODEL_CARD.md"
CURVES = "curves.png"
CONFUSION = "confusion.png"


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write them by name, one after the other; a file that is there is replaced at once."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        partial = folder / f"{name}.partial"
        partial.write_bytes(content)
        partial.replace(folder / name)


def stored(model: nn.Module, *, half: bool) -> bytes:
    """The state dict as safetensors; ``half``: floats take two bytes (float16)."""
    from safetensors.torch import save

    tensors = {
        name: (value.half() if half and value.is_floating_point() else value).contiguous()
        for name, value in model.state_dict().items()
    }
    return save(tensors)


def as_json(content: Any) -> bytes:
    """Indented, so that a change can be read."""
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()

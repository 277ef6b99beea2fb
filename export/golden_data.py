"""Golden inputs from somebody's own data, only when asked for: whoever gets the bundle gets them too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edge.bundle.manifest import InputContract, Label, Task
from edge.errors import InputError
from edge.types import AnyArray
from export.datasets import choose, find_parts
from export.feeding import Feeds, plain_feeder

COUNT = {"pictures": 32, "landmark npz": 64, "isolated signs": 64}
"""Examples that are taken, by their format: pictures are large."""


def golden_from_data(
    folder: Path, *, model: str, task: Task, contract: InputContract, labels: Sequence[Label]
) -> tuple[dict[str, AnyArray], str]:
    """Inputs of the contract by tensor name, (N, ...), an even share of the labels and sources below ``folder``; and
    what they are, in words.

    Raises InputError when no example has a label that the model knows, or cannot be read; UsageError when they are
    nothing that the model reads.
    """
    feeder = plain_feeder(model, task, contract)
    parts = feeder.fitting(find_parts(folder))
    limit = min(COUNT[part.format] for part in parts)
    chosen = choose(parts, [label.name for label in labels], limit=limit, where=folder)
    feeds = [feeder.convert[chosen.part(i).format](chosen.read(i)) for i in range(len(chosen))]
    rows = _alike([each for each in feeds if each is not None])
    if not rows:
        raise InputError("the golden inputs have no common length", where=folder, remedy="leave --golden-from-data out")
    inputs = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    kind = "photographs" if task == "image" else "movements of people"
    return inputs, f"{len(rows)} {kind} from {folder.resolve().name}"


def _alike(feeds: Sequence[Feeds]) -> list[Feeds]:
    """Those of the shape that most have: golden inputs are one array."""
    shapes = [tuple(array.shape for array in each.values()) for each in feeds]
    common = max(shapes, key=shapes.count, default=())
    return [each for each, shape in zip(feeds, shapes, strict=True) if shape == common]

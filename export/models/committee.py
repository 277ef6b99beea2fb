"""Several trainings of one network that answer together: the mean of their log probabilities, inside the graph.

The preprocessing is done once for all, so that another member costs its network alone. A checkpoint says by its names
(``members.K.`` in front of the network's own) how many it holds; `export.training.session` writes such checkpoints.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from export.models.base import ModelFamily

_MEMBER = re.compile(r"(?:network\.)?members\.(\d+)\.")


class Committee(nn.Module):
    """Networks of the same classes; it takes what each of them takes."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, *inputs: Tensor) -> Tensor:
        """(N, classes): the mean of the members' log probabilities."""
        each = [cast(Tensor, member(*inputs)).log_softmax(dim=1) for member in self.members]
        return torch.stack(each).mean(dim=0)


def member_count(names: Iterable[str]) -> int:
    """How many members the tensors of these names belong to; 1 for those of a network alone."""
    numbers = [int(found[1]) for name in names if (found := _MEMBER.match(name))]
    return max(numbers, default=0) + 1


def build_committee(entry: ModelFamily, classes: int, preprocess: str, members: int) -> nn.Module:
    """The family's model with ``members`` networks behind its preprocessing; with one, as the family builds it."""
    module = entry.build(classes, preprocess)
    if members > 1:
        others = [entry.build(classes, preprocess).get_submodule(_place(entry)) for _ in range(members - 1)]
        setattr(module, _place(entry), Committee([module.get_submodule(_place(entry)), *others]))
    return module


def join_models(entry: ModelFamily, models: Sequence[nn.Module]) -> nn.Module:
    """Trained models of one family as one; the first's preprocessing stands in front."""
    if len(models) > 1:
        networks = [model.get_submodule(_place(entry)) for model in models]
        setattr(models[0], _place(entry), Committee(networks))
    return models[0].eval()


def _place(entry: ModelFamily) -> str:
    return entry.network_prefix.rstrip(".")

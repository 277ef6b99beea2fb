"""Several networks that answer together."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from export.models.committee import Committee, build_committee, join_models, member_count
from export.models.registry import family

_FAMILIES = ("fingerpost-hands", "cnn-bilstm-attention")


def test_the_answer_is_the_mean_of_the_log_probabilities_whatever_a_members_offset() -> None:
    torch.manual_seed(0)
    one, two = nn.Linear(3, 4), nn.Linear(3, 4)
    inputs = torch.rand(5, 3)
    expected = (one(inputs).softmax(1) * two(inputs).softmax(1)).sqrt()
    together = Committee([one, two])(inputs).softmax(1)
    torch.testing.assert_close(together, expected / expected.sum(1, keepdim=True))
    with torch.no_grad():
        one.bias += 100
    torch.testing.assert_close(Committee([one, two])(inputs).softmax(1), together, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", _FAMILIES)
def test_a_joined_model_is_what_its_checkpoint_is_loaded_into(name: str) -> None:
    entry = family(name)
    models = [entry.build(5, entry.preprocess[0]).eval() for _ in range(3)]
    landmarks, mask = torch.rand(2, 30, 2, 21, 3), torch.ones(2, 30)
    expected = torch.stack([model(landmarks, mask).log_softmax(1) for model in models]).mean(0)
    joined = join_models(entry, models)
    torch.testing.assert_close(joined(landmarks, mask), expected)
    tensors = joined.state_dict()
    assert member_count(tensors) == member_count(joined.get_submodule("network").state_dict()) == 3
    loaded = build_committee(entry, 5, entry.preprocess[0], member_count(tensors)).eval()
    loaded.load_state_dict(tensors, strict=True)
    torch.testing.assert_close(loaded(landmarks, mask), expected)


def test_one_model_stays_as_its_family_builds_it() -> None:
    entry = family("fingerpost-hands")
    alone = entry.build(5, "hands")
    assert join_models(entry, [alone]) is alone
    assert member_count(alone.state_dict()) == 1
    assert set(build_committee(entry, 5, "hands", 1).state_dict()) == set(alone.state_dict())

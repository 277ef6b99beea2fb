"""What isolated signs are trained with beside RAdam."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from export.training.sign_optimizer import Lookahead, adversarial_weights, one_cycle


def test_one_cycle_rises_along_a_line_and_falls_along_a_cosine() -> None:
    found = [one_cycle(done, 0.2) for done in (0, 0.1, 0.2, 0.6, 1)]
    assert found == pytest.approx([0, 0.5, 1, 0.5, 0])


def test_without_a_warm_up_it_begins_at_the_top() -> None:
    assert one_cycle(0, 0) == 1


def test_lookahead_goes_half_the_way_every_fifth_step() -> None:
    weight = nn.Parameter(torch.zeros(1))
    ahead = Lookahead([weight])
    seen = []
    for _ in range(10):
        weight.data += 1
        ahead.step()
        seen.append(weight.item())
    assert seen == [1, 2, 3, 4, 2.5, 3.5, 4.5, 5.5, 6.5, 5]


def test_lookahead_goes_on_where_its_state_was_kept() -> None:
    weight, again = nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(2))
    ahead = Lookahead([weight])
    for _ in range(7):
        weight.data += 1
        ahead.step()
    other = Lookahead([again])
    other.restore({"steps": ahead.state()["steps"], "slow": [slow.clone() for slow in ahead.state()["slow"]]})
    again.data.copy_(weight)
    for parameter, one in ((weight, ahead), (again, other)):
        for _ in range(4):
            parameter.data += 1
            one.step()
    assert torch.equal(weight, again)


def test_adversarial_weights_lie_uphill_and_are_taken_back() -> None:
    weight = nn.Parameter(torch.tensor([3.0, 4.0]))
    frozen = nn.Parameter(torch.ones(2))
    (weight.square().sum() / 2).backward()
    with adversarial_weights([weight, frozen], 0.2):
        torch.testing.assert_close(weight.detach(), torch.tensor([3.12, 4.16]))
        assert torch.equal(frozen.detach(), torch.ones(2))
    assert torch.equal(weight.detach(), torch.tensor([3.0, 4.0]))


def test_adversarial_weights_are_taken_back_after_an_error_too() -> None:
    weight = nn.Parameter(torch.ones(2))
    weight.sum().backward()
    with pytest.raises(ValueError, match="within"), adversarial_weights([weight], 0.5):
        raise ValueError("within")
    assert torch.equal(weight.detach(), torch.ones(2))

"""What document 002 adds to RAdam: Lookahead, adversarial weights, a schedule of rate and weight decay."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

_TINY = 1e-12


def one_cycle(done: float, warm_up: float) -> float:
    """The share of the highest value when ``done`` (0 to 1) of the steps are: up along a line, down along a cosine."""
    if done < warm_up:
        return done / warm_up
    return (1 + math.cos(math.pi * (done - warm_up) / (1 - warm_up))) / 2


class Lookahead:
    """Every ``every`` steps the parameters return half the way to where they were then (Zhang et al. 2019: k = 5,
    alpha = 0.5)."""

    def __init__(self, parameters: Sequence[nn.Parameter], *, every: int = 5, share: float = 0.5) -> None:
        self._fast = parameters
        self._slow = [parameter.detach().clone() for parameter in parameters]
        self._every, self._share = every, share
        self._steps = 0

    @torch.no_grad()
    def step(self) -> None:
        """To be called after each step of the optimiser."""
        self._steps += 1
        if self._steps % self._every:
            return
        for fast, slow in zip(self._fast, self._slow, strict=True):
            slow.lerp_(fast, self._share)
            fast.copy_(slow)

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        return {"steps": self._steps, "slow": self._slow}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take what `state` gave."""
        self._steps = state["steps"]
        for slow, kept in zip(self._slow, state["slow"], strict=True):
            slow.copy_(kept)


@contextmanager
def adversarial_weights(parameters: Sequence[nn.Parameter], strength: float) -> Iterator[None]:
    """Within it, each parameter is moved by ``strength`` (a Euclidean length) along its gradient: uphill."""
    before: list[Tensor] = [parameter.detach().clone() for parameter in parameters]
    with torch.no_grad():
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.add_(parameter.grad * (strength / (parameter.grad.norm() + _TINY)))
    try:
        yield
    finally:
        with torch.no_grad():
            for parameter, value in zip(parameters, before, strict=True):
                parameter.copy_(value)

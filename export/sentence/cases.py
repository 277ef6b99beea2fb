"""Prompts like those of a kiosk, and what PyTorch makes of them: what every variant is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from edge.bundle.golden import golden_name
from edge.bundle.manifest import Role
from edge.language.t5 import KEYWORDS
from edge.language.tokens import Tokenizer
from edge.types import AnyArray
from export.sentence.network import Decoder, Encoder
from export.sentence.reading import T5Folder

PROMPT = (
    "Here are a sequence of words obtained from a sign language recognition model. Take this sequence of words and "
    f"output a plausible sentence in natural English that the user could possibly be trying to communicate: {KEYWORDS}"
)
"""What the third seed system (`002_0397612b06afd826.txt`, section 6) asks FLAN-T5."""
_SIGNED = ("hello", "I, hungry", "you, name, what", "please, help, father", "thank you, coffee, water, tea")
_STEPS = 12
_GOLDEN = 2
_GOLDEN_STEP = 3
_INPUTS = ("tokens", "past_keys", "past_values", "cross_keys", "cross_values")
_CROSS = ("cross_keys", "cross_values")
_OUTPUTS = ("logits", "keys", "values")


@dataclass(frozen=True, slots=True)
class Step:
    """One token: the decoder's ``feeds`` and its ``outputs``, by name, batch 1."""

    feeds: dict[str, AnyArray]
    outputs: dict[str, AnyArray]


@dataclass(frozen=True, slots=True)
class Case:
    """One prompt: the encoder's ``tokens`` and outputs (``cross``), and the first steps of a greedy sentence.

    The end token is no reason to stop: only numbers are wanted.
    """

    tokens: AnyArray
    cross: dict[str, AnyArray]
    steps: tuple[Step, ...]


class Reference:
    """The model in PyTorch, cut as on the device."""

    def __init__(self, folder: T5Folder, tokenizer: Tokenizer) -> None:
        self.encoder, self.decoder = Encoder(folder.model).eval(), Decoder(folder.model).eval()
        self._start = folder.start
        self._prompts = [[*tokenizer.encode(PROMPT.replace(KEYWORDS, words)), folder.end] for words in _SIGNED]

    def cases(self) -> tuple[Case, ...]:
        """All prompts, whole."""
        return tuple(self.case(prompt) for prompt in self._prompts)

    def golden(self) -> dict[str, AnyArray]:
        """Arrays for ``golden.npz``: the last tokens of a few prompts, as many of each, and one step of the decoder."""
        length = min(len(prompt) for prompt in self._prompts)
        cases = [self.case(prompt[-length:]) for prompt in self._prompts[-_GOLDEN:]]
        encoder = {"tokens": [case.tokens for case in cases]} | {n: [case.cross[n] for case in cases] for n in _CROSS}
        steps = [case.steps[_GOLDEN_STEP] for case in cases]
        decoder = {n: [step.feeds[n] for step in steps] for n in _INPUTS}
        decoder |= {n: [step.outputs[n] for step in steps] for n in _OUTPUTS}
        by_role: dict[Role, dict[str, list[AnyArray]]] = {"sentence-encoder": encoder, "sentence-decoder": decoder}
        return {
            golden_name(role, name): np.concatenate(arrays)
            for role, tensors in by_role.items()
            for name, arrays in tensors.items()
        }

    def case(self, prompt: Sequence[int]) -> Case:
        """What the model makes of the tokens of one prompt."""
        tokens = torch.tensor([list(prompt)])
        with torch.no_grad():
            cross = self.encoder(tokens)
            return Case(tokens.numpy(), _arrays(_CROSS, cross), self._steps(cross))

    def next_tokens(self, case: Case, cross: dict[str, AnyArray]) -> list[bool]:
        """For each step of a case, whether the likeliest token is the same with another encoder's answer."""
        other = [torch.from_numpy(cross[name]) for name in _CROSS]
        same = []
        for step in case.steps:
            feeds = [torch.from_numpy(step.feeds[name]) for name in _INPUTS[:3]]
            with torch.no_grad():
                logits = self.decoder(*feeds, *other)[0]
            same.append(int(logits.argmax()) == int(step.outputs["logits"].argmax()))
        return same

    def _steps(self, cross: Sequence[Tensor]) -> tuple[Step, ...]:
        _one, layers, heads, _prompt, size = cross[0].shape
        keys = values = torch.zeros(1, layers, heads, 0, size)
        last = torch.tensor([[self._start]])
        steps = []
        for _ in range(_STEPS):
            feeds = _arrays(_INPUTS, (last, keys, values, *cross))
            logits, keys, values = self.decoder(last, keys, values, *cross)
            steps.append(Step(feeds, _arrays(_OUTPUTS, (logits, keys, values))))
            last = logits.argmax(dim=1, keepdim=True)
        return tuple(steps)


def _arrays(names: Sequence[str], tensors: Sequence[Tensor]) -> dict[str, AnyArray]:
    return {name: tensor.numpy() for name, tensor in zip(names, tensors, strict=True)}

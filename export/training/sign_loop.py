"""Training of the networks for isolated signs: seeded, resumable to the bit, on the GPU where there is one.

As in `export.training.loop`, all randomness of an epoch comes from ``(seed, epoch)``. Batches are drawn in pools that
are sorted by length, so that short sequences are not padded to long ones. On a GPU the network computes in bfloat16,
or in float16 with scaled gradients where it has no bfloat16; features stay float32.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from edge.types import FloatArray
from export.models.registry import family
from export.models.signs import SignModel
from export.models.signs_blocks import LateDropout
from export.models.signs_features import MAX_FRAMES
from export.models.signs_points import POINTS
from export.training.epochs import run_epochs
from export.training.sign_augment import augment_signs
from export.training.sign_optimizer import Lookahead, adversarial_weights, one_cycle
from export.training.sign_recipes import SignRecipe
from export.training.sign_sequences import SignParts, SignSequences

_POOL = 8
_OPTIMIZER_EPSILON = 1e-7
"""Keras's."""


@dataclass(frozen=True, slots=True)
class SignEpoch:
    """What came of one epoch; the last two are of the validation part."""

    number: int
    loss: float
    validation_loss: float
    accuracy: float


def fit_signs(
    sequences: SignSequences,
    parts: SignParts,
    recipe: SignRecipe,
    *,
    seed: int,
    state: Path | None = None,
    on_epoch: Callable[[SignEpoch], None] = lambda epoch: None,
    on_step: Callable[[float], None] = lambda epochs: None,
) -> tuple[SignModel, list[SignEpoch]]:
    """Train a new network on ``parts.classes``; ``state``: the file the run is kept in and resumed from; ``on_step`` is
    told the epochs done, parts counted."""
    run = _Run(sequences, parts, recipe, seed, on_step)
    best = run_epochs(run, SignEpoch, epochs=recipe.epochs, patience=recipe.patience, state=state, on_epoch=on_epoch)
    if best is not None:
        run.evaluated.load_state_dict(best)
    return run.evaluated.cpu().eval(), run.history


def predict_signs(
    model: SignModel, sequences: SignSequences, chosen: NDArray[np.int64], *, batch: int = 64
) -> FloatArray:
    """Logits (len(chosen), classes) of sequences as they are."""
    device = next(model.parameters()).device
    model.eval()
    order = np.argsort(sequences.lengths[chosen], kind="stable")
    rows: list[FloatArray] = []
    with torch.inference_mode():
        for begin in range(0, len(order), batch):
            some = [sequences.sequence(int(i)) for i in chosen[order[begin : begin + batch]]]
            rows.append(model.of_points(_padded(some).to(device)).cpu().numpy())
    logits = np.concatenate(rows) if rows else np.zeros((0, 0), np.float32)
    result = np.empty_like(logits)
    result[order] = logits
    return result


class _Run:
    def __init__(
        self,
        sequences: SignSequences,
        parts: SignParts,
        recipe: SignRecipe,
        seed: int,
        on_step: Callable[[float], None],
    ) -> None:
        self._sequences, self._parts, self._recipe, self._seed = sequences, parts, recipe, seed
        self._on_step = on_step
        torch.manual_seed(seed)
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._model = _model(recipe, len(parts.classes)).to(self._device)
        index = {name: i for i, name in enumerate(parts.classes)}
        self._targets = np.array([index.get(str(label), -1) for label in sequences.labels])
        self._parameters = list(self._model.parameters())
        self._optimizer = torch.optim.RAdam(
            self._parameters, lr=recipe.rate, eps=_OPTIMIZER_EPSILON, decoupled_weight_decay=True
        )
        self._lookahead = Lookahead(self._parameters)
        self._precision = _precision(self._device)
        self._scaler = torch.amp.GradScaler(self._device.type, enabled=self._precision is torch.float16)
        self.history: list[SignEpoch] = []

    @property
    def identity(self) -> str:
        data = f"{len(self._parts.train)} recordings, {len(self._parts.classes)} classes"
        return f"{self._recipe}, seed {self._seed}, {data}"

    @property
    def evaluated(self) -> SignModel:
        return self._model

    def epoch(self) -> SignEpoch:
        done = len(self.history)
        random = np.random.default_rng((self._seed, done + 1))
        torch.manual_seed(self._seed * 100_003 + done + 1)
        late = self._recipe.is_late(done)
        for module in self._model.modules():
            if isinstance(module, LateDropout):
                module.active = late
        self._model.train()
        losses = []
        batches = list(_batches(random.permutation(self._parts.train), self._recipe.batch))
        for step, points, chosen in self._draw(batches, random):
            at = done + step / len(batches)
            self._set_rates(at / self._recipe.epochs)
            losses.append(self._step(points, torch.from_numpy(self._targets[chosen]), adversarial=late))
            self._on_step(at)
        loss, accuracy = self._validate()
        return SignEpoch(done + 1, float(np.mean(losses)), loss, accuracy)

    def _draw(
        self, batches: list[NDArray[np.int64]], random: np.random.Generator
    ) -> Iterator[tuple[int, Tensor, NDArray[np.int64]]]:
        size = self._recipe.batch
        for begin in range(0, len(batches), _POOL):
            chosen = np.concatenate(batches[begin : begin + _POOL])
            drawn = [self._one(int(i), random) for i in chosen]
            order = np.argsort([len(points) for points in drawn], kind="stable")
            parts = list(_batches(order, size))
            for number, part in enumerate(random.permutation(len(parts))):
                rows = parts[part]
                yield begin + number, _padded([drawn[i] for i in rows]), chosen[rows]

    def _one(self, index: int, random: np.random.Generator) -> FloatArray:
        points = self._sequences.sequence(index)
        if self._recipe.augmentation is not None:
            points = augment_signs(points, self._recipe.augmentation, random)
        return points[:MAX_FRAMES]

    def _set_rates(self, done: float) -> None:
        share = one_cycle(done, self._recipe.warm_up)
        for group in self._optimizer.param_groups:
            group["lr"], group["weight_decay"] = share * self._recipe.rate, share * self._recipe.weight_decay

    def _step(self, points: Tensor, targets: Tensor, *, adversarial: bool) -> float:
        features, mask = self._model.preprocess.of_points(points.to(self._device))
        targets = targets.to(self._device)
        loss = self._gradients(features, mask, targets)
        if adversarial and self._recipe.adversarial:
            with adversarial_weights(self._parameters, self._recipe.adversarial):
                self._gradients(features, mask, targets)
        if self._recipe.clip is not None:
            self._scaler.unscale_(self._optimizer)
            nn.utils.clip_grad_norm_(self._parameters, self._recipe.clip)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._lookahead.step()
        return loss

    def _gradients(self, features: Tensor, mask: Tensor, targets: Tensor) -> float:
        with torch.autocast(self._device.type, dtype=self._precision, enabled=self._precision is not None):
            logits = self._model.network(features, mask)
        loss = F.cross_entropy(logits.float(), targets, label_smoothing=self._recipe.label_smoothing)
        self._optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(self._scaler.scale(loss))
        return float(loss.detach())

    def _validate(self) -> tuple[float, float]:
        chosen = self._parts.validation
        logits = torch.from_numpy(predict_signs(self._model, self._sequences, chosen))
        targets = torch.from_numpy(self._targets[chosen])
        return float(F.cross_entropy(logits, targets)), float((logits.argmax(1) == targets).float().mean())

    def state(self) -> dict[str, Any]:
        return {
            "model": self._model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "lookahead": self._lookahead.state(),
            "scaler": self._scaler.state_dict(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self._model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._lookahead.restore(state["lookahead"])
        self._scaler.load_state_dict(state["scaler"])


def _model(recipe: SignRecipe, classes: int) -> SignModel:
    model = family(recipe.family).build(classes, recipe.preprocess)
    if not isinstance(model, SignModel):
        raise TypeError(f"{recipe.family} is no network for isolated signs")
    return model


def _precision(device: torch.device) -> torch.dtype | None:
    if device.type != "cuda":
        return None
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def _batches(rows: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    """Parts of ``size`` rows; a last one of a single row is left out, as batch norm has no statistics of it."""
    for begin in range(0, len(rows), size):
        part = rows[begin : begin + size]
        if not begin or len(part) > 1:
            yield part


def _padded(sequences: list[FloatArray]) -> Tensor:
    """(N, T, 118, 2), missing behind each sequence's end."""
    longest = max(len(sequence) for sequence in sequences)
    batch = np.full((len(sequences), longest, len(POINTS), 2), np.nan, np.float32)
    for row, sequence in enumerate(sequences):
        batch[row, : len(sequence)] = sequence
    return torch.from_numpy(batch)

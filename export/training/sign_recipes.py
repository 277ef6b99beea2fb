"""How the third seed document trains its networks, as data.

The document trains for 120 epochs with batches of 64 on each of eight devices, and the seventh of its runs is
CNN + Transformer without augmentation. It gives no learning rate: the highest is ours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge.errors import UsageError
from export.models.signs import FAMILIES
from export.training.sign_augment import SignAugmentation
from export.training.sign_sequences import Shares

_AUGMENTATION = SignAugmentation()


@dataclass(frozen=True, slots=True)
class SignRecipe:
    """A training run; ``family`` and ``preprocess`` name the network."""

    name: str
    family: str
    preprocess: str = "points"
    epochs: int = 120
    batch: int = 64
    rate: float = 2e-3
    """Highest learning rate of the one-cycle schedule."""
    weight_decay: float = 0.1
    """Highest weight decay; it follows the learning rate's schedule."""
    warm_up: float = 0.1
    """Share of the steps in which rate and weight decay rise."""
    label_smoothing: float = 0.1
    clip: float | None = None
    """Largest norm of the gradient."""
    adversarial: float = 0.2
    """Strength of the adversarial weight perturbation (AWP)."""
    late: int = 15
    """Epochs after which AWP begins, and with it the late dropout, whose number the document does not give."""
    augmentation: SignAugmentation | None = _AUGMENTATION
    shares: Shares = (0.7, 0.1, 0.2)
    """Of the recordings of the sources that are not left out: training, validation, random test."""
    patience: int | None = 20
    """Early stopping after so many epochs without a better validation accuracy; the best epoch's weights are kept."""

    def is_late(self, done: int) -> bool:
        """Whether AWP and late dropout act in the epoch after ``done`` epochs."""
        return done >= self.late


_PLAIN = "signs-cnn-transformer"
_CLIPPED = "signs-cnn-linformer"
"""It went to NaN in the document, whose authors wish they had clipped its gradient."""
_RECIPES = (
    *(SignRecipe(entry.name, entry.name, clip=1.0 if entry.name == _CLIPPED else None) for entry in FAMILIES),
    SignRecipe(f"{_PLAIN}-plain", _PLAIN, augmentation=None),
)


def sign_recipes() -> tuple[SignRecipe, ...]:
    """Every recipe for isolated signs."""
    return _RECIPES


def sign_recipe(
    name: str, *, epochs: int | None = None, batch: int | None = None, late: int | None = None
) -> SignRecipe:
    """The recipe of that name with another length, batch or late phase; `UsageError` that lists the known ones
    otherwise."""
    for entry in _RECIPES:
        if entry.name == name:
            return replace(
                entry,
                epochs=epochs or entry.epochs,
                batch=batch or entry.batch,
                late=entry.late if late is None else late,
            )
    raise UsageError("no such recipe", found=name, expected="one of " + ", ".join(r.name for r in _RECIPES))

"""How the documents train their picture networks, as data. Where a document is silent, the choice is ours and said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge.errors import UsageError
from export.training.pictures import PictureAugmentation, Shares


@dataclass(frozen=True, slots=True)
class Plateau:
    """The rate times ``factor`` when the validation loss has not fallen by 1e-4 in ``patience`` epochs (Keras's)."""

    factor: float = 0.2
    patience: int = 2
    lowest: float = 1e-5


@dataclass(frozen=True, slots=True)
class Cyclic:
    """The rate up from ``lowest`` to the recipe's and back, once in ``epochs``."""

    lowest: float
    epochs: float


@dataclass(frozen=True, slots=True)
class PictureRecipe:
    """A training run; ``family`` and ``preprocess`` name the network, whose own ``l2`` (Keras) is added to the loss.

    ``shares``: training, validation and, where there is a third, test; together less than 1 leaves pictures unused.
    ``by_name``: by the names of the files, as Keras's validation_split has it (`split_by_name`); else at random, as
    document 004 splits, which lets near copies of a training picture into the test.
    """

    name: str
    family: str
    preprocess: str
    epochs: int
    batch: int
    optimizer: Literal["adam", "sgd"]
    rate: float
    augmentation: PictureAugmentation
    shares: Shares = (0.8, 0.2)
    by_name: bool = True
    schedule: Plateau | Cyclic | None = None
    patience: int | None = None
    """Early stopping after so many epochs without a better validation accuracy; the best epoch's weights are kept."""
    momentum: float = 0.0
    """Of SGD."""
    letters_only: bool = False
    """Pictures of keys (``del``, ``nothing``, ``space``) are left aside."""
    mixed: bool = False
    """Convolutions and matrices in bfloat16; weights, norms and loss stay float32."""
    passes: int = 1
    """How often an epoch goes through the training pictures, augmented anew each time. Schedules and early stopping
    count epochs, and an epoch of the documents' data has some fifty times the steps that a small set gives."""


_FIRST = PictureAugmentation(rotation=15, shift=0.1, zoom=0.1, flip=True)
_WIDER = PictureAugmentation(rotation=20, shift=0.2, zoom=0.2, flip=True, brightness=(0.8, 1.2))
# Shear and channel shift are named in the document, without numbers.
_WIDEST = PictureAugmentation(
    rotation=20, shift=0.2, zoom=0.2, shear=10, flip=True, brightness=(0.8, 1.2), channel_shift=0.08
)


def _keras(
    name: str,
    *,
    epochs: int,
    augmentation: PictureAugmentation,
    patience: int,
    rate: float = 1e-3,
    schedule: Plateau | Cyclic | None = None,
    family: str = "",
) -> PictureRecipe:
    return PictureRecipe(
        name=name,
        family=family or name,
        preprocess="rescale",
        epochs=epochs,
        batch=32,
        optimizer="adam",
        rate=rate,
        augmentation=augmentation,
        schedule=schedule,
        patience=patience,
    )


def _dexnet(name: str, family: str, epochs: int, shares: Shares) -> PictureRecipe:
    return PictureRecipe(
        name=name,
        family=family,
        preprocess="asl-alphabet",
        epochs=epochs,
        batch=64,
        optimizer="sgd",
        rate=0.008,
        augmentation=PictureAugmentation(),
        shares=shares,
        by_name=False,
    )


_RECIPES = (
    _keras("keras-cnn-plain", epochs=30, augmentation=_FIRST, patience=3),
    _keras("keras-cnn-pooled", epochs=50, augmentation=_WIDER, patience=3, schedule=Plateau()),
    _keras("keras-cnn-spatial-dropout", epochs=50, augmentation=_WIDER, patience=5, schedule=Plateau(patience=3)),
    _keras("keras-cnn-double", epochs=50, augmentation=_WIDER, patience=6, schedule=Plateau(patience=3)),
    _keras("keras-cnn-attention", epochs=75, augmentation=_WIDEST, patience=8, schedule=Plateau(patience=3)),
    # The document's alternative; its bounds and length are ours: in its first hundred steps this network learned faster
    # at 3e-3 than at 1e-3.
    _keras(
        "keras-cnn-attention-cyclic",
        family="keras-cnn-attention",
        epochs=75,
        augmentation=_WIDEST,
        patience=8,
        rate=3e-3,
        schedule=Cyclic(lowest=3e-4, epochs=8),
    ),
    # The document gives ten epochs, flips and rotations; optimiser, rate and its schedule, batch and split are ours.
    PictureRecipe(
        name="resnet18",
        family="resnet18",
        preprocess="imagenet",
        epochs=10,
        batch=32,
        optimizer="adam",
        rate=3e-4,
        augmentation=PictureAugmentation(rotation=15, flip=True),
        by_name=False,
        schedule=Plateau(patience=3),
        letters_only=True,
    ),
    _dexnet("dexnet", "dexnet", 10, (0.7, 0.2, 0.1)),
    _dexnet("dexnet-v2", "dexnet-v2", 12, (0.7, 0.2, 0.1)),
    # The third iteration leaves half of the pictures out, and splits the rest 7-2-1 again.
    _dexnet("dexnet-reduced", "dexnet", 17, (0.35, 0.1, 0.05)),
)


def picture_recipes() -> tuple[PictureRecipe, ...]:
    """Every recipe for pictures."""
    return _RECIPES


def picture_recipe(name: str) -> PictureRecipe:
    """The recipe of that name; `UsageError` that lists the known ones otherwise."""
    for entry in _RECIPES:
        if entry.name == name:
            return entry
    raise UsageError("no such recipe", found=name, expected="one of " + ", ".join(r.name for r in _RECIPES))

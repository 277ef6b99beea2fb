"""What a training run does, as data. A recipe never changes with the source that is left out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge.errors import UsageError
from export.training.augment import Augmentation


@dataclass(frozen=True, slots=True)
class Recipe:
    """A training run; `family` and `preprocess` name the network (see `export.models.registry`)."""

    name: str
    family: str
    preprocess: str
    epochs: int
    batch: int
    rate: float
    """Highest learning rate of the one-cycle schedule."""
    weight_decay: float
    label_smoothing: float
    clip: float
    augmentation: Augmentation
    draws: int | None = None
    """Recordings an epoch, drawn so that every (source, sign) comes alike often; None: each recording once."""
    held_weight: float = 1.0
    """How often a held shape is drawn, for each time that a movement is: holds are short, so they cost little."""
    class_weights: bool = False
    within_source: float = 0.0
    """Share of the loss in which a sign competes only with the signs of its own source. There the recording's look
    cannot help, so it works against words being recognised by their source."""
    averaging: float = 0.0
    """Decay of the exponential moving average of the weights that is evaluated and shipped."""
    patience: int | None = None
    """Early stopping on the random validation split after so many epochs without a better accuracy."""
    validation: float = 0.0
    """Share of the recordings in the random, stratified validation split."""
    mixup: float = 0.0
    """Both parameters of the beta distribution that the share of another recording is drawn from; 0: none is mixed in.
    """
    speeds: tuple[float, ...] = (1.0,)
    """Test-time augmentation: a recording is read at each of these speeds, and the answers are averaged."""
    by_sources: bool = False
    """Draw a movement as often as it has sources: what many people recorded is likelier, and what one source alone has
    is mostly known by that recording's look."""
    extra_share: float = 0.35
    """How often rendered hands of a class are drawn, for each time that real ones are."""


_PLAIN = Augmentation(
    roll=0,
    tilt=0,
    stretch=0,
    depth=0,
    perspective=0,
    bone=0,
    bend=0,
    jitter=0.02,
    speed=0,
    warp=0,
    word_crop=0,
    drop=0,
    swap=0,
    other_hand=0,
)

_SEED000 = Recipe(
    name="seed000",
    family="cnn-bilstm-attention",
    preprocess="raw",
    epochs=100,
    batch=32,
    rate=1e-3,
    weight_decay=1e-4,
    label_smoothing=0.0,
    clip=1.0,
    augmentation=_PLAIN,
    class_weights=True,
    patience=15,
    validation=0.2,
)

_RECIPES = (
    Recipe(
        name="fingerpost-hands",
        family="fingerpost-hands",
        preprocess="hands",
        epochs=12,
        batch=128,
        rate=4e-3,
        weight_decay=2e-2,
        label_smoothing=0.1,
        clip=1.0,
        augmentation=Augmentation(),
        draws=12800,
        held_weight=3.0,
        within_source=0.5,
        averaging=0.99,
        by_sources=True,
        extra_share=1.0,
    ),
    _SEED000,
    # What its document names as next steps; an ensemble of several seeds is `export.training.ensemble`'s.
    replace(
        _SEED000,
        name="seed000-next",
        augmentation=replace(_PLAIN, speed=0.3, warp=0.3),
        mixup=0.2,
        speeds=(0.85, 1.0, 1.15),
    ),
)


def recipes() -> tuple[Recipe, ...]:
    """Every recipe; the first is the shipped model's."""
    return _RECIPES


def recipe(name: str) -> Recipe:
    """The recipe of that name; `UsageError` that lists the known ones otherwise."""
    for entry in _RECIPES:
        if entry.name == name:
            return entry
    raise UsageError("no such recipe", found=name, expected="one of " + ", ".join(r.name for r in _RECIPES))

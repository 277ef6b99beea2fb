"""What all picture classifiers share: raw pictures in (DESIGN section 2), normalised inside the graph."""

from __future__ import annotations

from collections.abc import Callable
from string import ascii_uppercase
from typing import cast

import torch
from torch import Tensor, nn

from edge.bundle.manifest import InputContract, Label
from edge.bundle.manifest import Tensor as TensorSpec
from edge.errors import UsageError
from export.labels import label
from export.models.base import ModelFamily

NORMALISATIONS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "rescale": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "asl-alphabet": ((0.5119, 0.5042, 0.5128), (0.2499, 0.2398, 0.2451)),
}
"""Mean and standard deviation of red, green and blue in [0, 1], by the preprocessing's name: Keras's ``rescale=1/255``,
ImageNet's (torchvision's weights), and those that document 004 took from a sample of its pictures."""

LETTERS: tuple[Label, ...] = tuple(label(name) for name in ascii_uppercase)
ALPHABET: tuple[Label, ...] = (*LETTERS, *(label(name) for name in ("del", "nothing", "space")))
"""The 29 classes of "ASL Alphabet" as its folders sort, which is what Keras and torchvision number them by."""


class PicturePreprocess(nn.Module):
    """``image`` uint8 (N, H, W, 3) RGB to float (N, 3, H, W), scaled to [0, 1] and normalised."""

    def __init__(self, name: str) -> None:
        super().__init__()
        if name not in NORMALISATIONS:
            raise UsageError("no such preprocessing", found=name, expected=" or ".join(NORMALISATIONS))
        mean, deviation = (torch.tensor(values).reshape(1, 1, 1, 3) for values in NORMALISATIONS[name])
        self.register_buffer("scale", 1 / (255 * deviation), persistent=False)
        self.register_buffer("shift", -mean / deviation, persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """See the class."""
        scaled = image.to(torch.float32) * cast(Tensor, self.scale) + cast(Tensor, self.shift)
        return scaled.permute(0, 3, 1, 2)


class PictureModel(nn.Module):
    """Preprocessing and network: what is trained and exported. ``image`` uint8 (N, H, W, 3) RGB to logits."""

    def __init__(self, network: nn.Module, preprocess: str) -> None:
        super().__init__()
        self.preprocess = PicturePreprocess(preprocess)
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes)."""
        return cast(Tensor, self.network(self.preprocess(image)))


def picture_contract(size: int) -> Callable[[str], InputContract]:
    """What `ModelFamily.contract` is for square RGB pictures of ``size`` pixels."""
    tensor = TensorSpec(
        name="image", dtype="uint8", shape=(None, size, size, 3), axes=("batch", "height", "width", "rgb")
    )
    return lambda preprocess: InputContract(tensors=(tensor,), image_size=(size, size), preprocess=preprocess)


def picture_family(
    network: Callable[[int], nn.Module],
    *,
    name: str,
    summary: str,
    document: str,
    size: int,
    preprocess: str,
    labels: tuple[Label, ...],
) -> ModelFamily:
    """The registry's entry of a network that is made with its number of classes and takes square RGB pictures of
    ``size`` pixels; convolutions dominate all of them."""
    return ModelFamily(
        name=name,
        task="image",
        summary=summary,
        document=document,
        build=lambda classes, preprocess: PictureModel(network(classes), preprocess),
        contract=picture_contract(size),
        preprocess=(preprocess,),
        classes=len(labels),
        default_labels=labels,
        calibrate=True,
    )

"""DexNet and DexNet V2, after the fourth seed document: an AlexNet for 200 x 200 pictures with a smaller head.

Parameters have the document's names (``feature.N``, ``neural.N``), so its ``model1.pth`` loads strictly. Its notebook
writes the first model's weights to ``model2.pth`` and ``model3.pth`` as well (``torch.save(model.state_dict(), ...)``),
so a ``model2.pth`` made with it belongs to `DexNet`, not to V2. The third iteration is the first network again,
trained on half of the pictures: a recipe, not a network.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from torch import Tensor, nn

from export.models.base import ModelFamily
from export.models.pictures import ALPHABET, picture_family

SIZE = 200
PARAMETERS = 12_275_101
PARAMETERS_V2 = 5_854_621
"""As the document states, for 29 classes."""
_FEATURES = 256 * 8 * 8


class DexNet(nn.Module):
    """Normalised pictures (N, 3, 200, 200) to logits (N, classes); ``hidden`` are the dense layers' widths."""

    def __init__(self, classes: int = 29, hidden: tuple[int, int] = (512, 256), dropout: float = 0.5) -> None:
        super().__init__()
        self.feature = nn.Sequential(
            nn.Conv2d(3, 96, 11, stride=4, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(96, 256, 5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(256, 384, 3, padding=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 384, 3, padding=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, 3, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2),
        )
        # The document has no activation between the second and the third dense layer.
        self.neural = nn.Sequential(
            nn.Linear(_FEATURES, hidden[0]),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(hidden[0], hidden[1]),
            nn.Dropout(dropout),
            nn.Linear(hidden[1], classes),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits."""
        return cast(Tensor, self.neural(self.feature(pictures).flatten(1)))


def dexnet_v2(classes: int = 29) -> DexNet:
    """The second iteration: the dense layers a quarter as wide."""
    return DexNet(classes, hidden=(128, 64))


def _family(name: str, summary: str, network: Callable[[int], nn.Module]) -> ModelFamily:
    return picture_family(
        network,
        name=name,
        summary=summary,
        document="004_1dd64ac57537e4b2",
        size=SIZE,
        preprocess="asl-alphabet",
        labels=ALPHABET,
    )


FAMILY = _family(
    "dexnet", "DexNet: five convolutions and three dense layers on a 200 x 200 picture, after AlexNet", DexNet
)
FAMILY_V2 = _family("dexnet-v2", "DexNet V2: DexNet with dense layers a quarter as wide", dexnet_v2)

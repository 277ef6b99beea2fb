"""ResNet-18 on 224 x 224 pictures of the 26 letters, after the third seed document.

Written from the paper (He et al., "Deep Residual Learning for Image Recognition", 2015, table 1), with the names that
torchvision gives its parameters, so that its ImageNet weights and everything trained from them load; torchvision itself
is not needed. `load_pretrained` starts a training from such weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from torch import Tensor, nn
from torch.nn import functional as F

from edge.errors import InputError
from export.models.pictures import LETTERS, picture_family

SIZE = 224
PARAMETERS = 11_189_850
"""With 26 classes; 11,689,512 with ImageNet's 1000."""
_HEAD = ("fc.weight", "fc.bias")


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions and a shortcut, which is a 1 x 1 convolution where the shape changes."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample: nn.Module | None = None
        if stride != 1 or channels != width:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, width, 1, stride=stride, bias=False), nn.BatchNorm2d(width)
            )

    def forward(self, pictures: Tensor) -> Tensor:
        """(N, channels, H, W) to (N, width, H / stride, W / stride)."""
        shortcut = pictures if self.downsample is None else self.downsample(pictures)
        inner = F.relu(self.bn1(self.conv1(pictures)))
        return F.relu(self.bn2(self.conv2(inner)) + shortcut)


class ResNet18(nn.Module):
    """Normalised pictures (N, 3, 224, 224) to logits (N, classes)."""

    def __init__(self, classes: int = 26) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = _stage(64, 64, 1)
        self.layer2 = _stage(64, 128, 2)
        self.layer3 = _stage(128, 256, 2)
        self.layer4 = _stage(256, 512, 2)
        self.fc = nn.Linear(512, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits."""
        maps = F.max_pool2d(F.relu(self.bn1(self.conv1(pictures))), 3, stride=2, padding=1)
        maps = self.layer4(self.layer3(self.layer2(self.layer1(maps))))
        return cast(Tensor, self.fc(F.adaptive_avg_pool2d(maps, 1).flatten(1)))


def _stage(channels: int, width: int, stride: int) -> nn.Sequential:
    return nn.Sequential(BasicBlock(channels, width, stride), BasicBlock(width, width, 1))


def load_pretrained(network: ResNet18, tensors: Mapping[str, Tensor], *, where: object) -> None:
    """Put torchvision's weights (a state dict of any number of classes) into ``network``, all but the last layer,
    which keeps its own where the number of classes differs. Raises InputError when they are of another network."""
    own = network.state_dict()
    same_head = all(name in tensors and tensors[name].shape == own[name].shape for name in _HEAD)
    wanted = [name for name in own if same_head or name not in _HEAD]
    wrong = [
        name
        for name in wanted
        if not name.endswith("num_batches_tracked")  # weights from before 2018 have none
        and (name not in tensors or tensors[name].shape != own[name].shape)
    ]
    extra = sorted(set(tensors) - set(own))
    if wrong or extra:
        raise InputError(
            "not the weights of a ResNet-18",
            where=where,
            expected="torchvision's names and shapes",
            found=f"{len(wrong)} missing or of another shape, {len(extra)} too many: "
            + ", ".join([*wrong, *extra][:4]),
        )
    network.load_state_dict({**own, **{name: tensors[name] for name in wanted if name in tensors}}, strict=True)


FAMILY = picture_family(
    ResNet18,
    name="resnet18",
    summary="ResNet-18 on a 224 x 224 picture; torchvision's weights load",
    document="003_dd448997400ac728",
    size=SIZE,
    preprocess="imagenet",
    labels=LETTERS,
)

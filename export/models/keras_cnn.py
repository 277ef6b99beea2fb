"""The five Keras networks of the second seed document, for 29 classes on 200 x 200 pictures.

Layers have the names that Keras gives them in a fresh session (``conv2d``, ``conv2d_1``, ...), in the order in which
the document makes them. What is Keras's own is kept: Flatten goes over height, width, channels; batch norm has epsilon
1e-3 and momentum 0.99; kernels start from Glorot's uniform distribution; an activation comes before its batch norm.
Two things differ: channels come first, and the softmax of Keras's last layer is left to whoever reads the logits.

Of the fifth network the document has only a description (residual blocks throughout, light spatial attention, layer
norm after the pooling): `AttentionCnn` is our reading of it, not its author's network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from export.models.base import ModelFamily
from export.models.pictures import ALPHABET, picture_family

SIZE = 200
EPSILON = 1e-3
_MOMENTUM = 0.01
"""What PyTorch calls momentum is one minus what Keras does."""


class PlainCnn(nn.Module):
    """Iteration 1: three convolutions, one wide dense layer. Pictures (N, 3, 200, 200) in [0, 1] to logits."""

    l2: ClassVar[Mapping[str, float]] = {}
    """Per layer the factor of the kernel's squared sum in the loss, as `keras.regularizers.L2` has it."""
    keras_layers: ClassVar[tuple[str, ...]] = (
        *("Conv2D 5x5 valid relu", "MaxPooling2D 2x2"),
        *("Conv2D 3x3 valid relu", "MaxPooling2D 2x2") * 2,
        *("Flatten", "Dense relu", "Dense softmax"),
    )
    """The layers in Keras's terms (dropout left out), which `export.checkpoints.keras_import` compares with a file."""

    def __init__(self, classes: int = 29) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 32, 5)
        self.conv2d_1 = nn.Conv2d(32, 64, 3)
        self.conv2d_2 = nn.Conv2d(64, 128, 3)
        self.dense = nn.Linear(23 * 23 * 128, 256)
        self.dropout = nn.Dropout(0.5)
        self.dense_1 = nn.Linear(256, classes)
        _start(self)

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits (N, classes)."""
        maps = pictures
        for convolution in (self.conv2d, self.conv2d_1, self.conv2d_2):
            maps = F.max_pool2d(F.relu(convolution(maps)), 2)
        flat = maps.permute(0, 2, 3, 1).flatten(1)
        return cast(Tensor, self.dense_1(self.dropout(F.relu(self.dense(flat)))))


class PooledCnn(nn.Module):
    """Iteration 2: batch norm, L2, and the mean over the picture instead of Flatten."""

    l2: ClassVar[Mapping[str, float]] = dict.fromkeys(("conv2d", "conv2d_1", "conv2d_2", "dense"), 0.001)
    keras_layers: ClassVar[tuple[str, ...]] = (
        *("Conv2D 5x5 valid relu", "BatchNormalization", "MaxPooling2D 2x2"),
        *("Conv2D 3x3 valid relu", "BatchNormalization", "MaxPooling2D 2x2") * 2,
        *("GlobalAveragePooling2D", "Dense relu", "BatchNormalization", "Dense softmax"),
    )

    def __init__(self, classes: int = 29) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 32, 5)
        self.batch_normalization = _norm(32)
        self.conv2d_1 = nn.Conv2d(32, 64, 3)
        self.batch_normalization_1 = _norm(64)
        self.conv2d_2 = nn.Conv2d(64, 128, 3)
        self.batch_normalization_2 = _norm(128)
        self.dense = nn.Linear(128, 256)
        self.batch_normalization_3 = _flat_norm(256)
        self.dropout = nn.Dropout(0.4)
        self.dense_1 = nn.Linear(256, classes)
        _start(self)

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits (N, classes)."""
        maps = F.max_pool2d(self.batch_normalization(F.relu(self.conv2d(pictures))), 2)
        maps = F.max_pool2d(self.batch_normalization_1(F.relu(self.conv2d_1(maps))), 2)
        maps = F.max_pool2d(self.batch_normalization_2(F.relu(self.conv2d_2(maps))), 2)
        hidden = self.batch_normalization_3(F.relu(self.dense(maps.mean(dim=(2, 3)))))
        return cast(Tensor, self.dense_1(self.dropout(hidden)))


class SpatialDropoutCnn(nn.Module):
    """Iteration 3: 3 x 3 convolutions that keep the size, whole feature maps dropped, stronger L2."""

    l2: ClassVar[Mapping[str, float]] = dict.fromkeys(("conv2d", "conv2d_1", "conv2d_2", "dense"), 0.002)
    keras_layers: ClassVar[tuple[str, ...]] = (
        *("Conv2D 3x3 same relu", "BatchNormalization", "MaxPooling2D 2x2") * 3,
        *("GlobalAveragePooling2D", "Dense relu", "BatchNormalization", "Dense softmax"),
    )

    def __init__(self, classes: int = 29) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 32, 3, padding=1)
        self.batch_normalization = _norm(32)
        self.conv2d_1 = nn.Conv2d(32, 64, 3, padding=1)
        self.batch_normalization_1 = _norm(64)
        self.conv2d_2 = nn.Conv2d(64, 128, 3, padding=1)
        self.batch_normalization_2 = _norm(128)
        self.spatial_dropout = nn.Dropout2d(0.1)
        self.dense = nn.Linear(128, 128)
        self.batch_normalization_3 = _flat_norm(128)
        self.dropout = nn.Dropout(0.5)
        self.dense_1 = nn.Linear(128, classes)
        _start(self)

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits (N, classes)."""
        maps = self.batch_normalization(F.relu(self.conv2d(pictures)))
        maps = self.spatial_dropout(F.max_pool2d(maps, 2))
        maps = self.batch_normalization_1(F.relu(self.conv2d_1(maps)))
        maps = self.spatial_dropout(F.max_pool2d(maps, 2))
        maps = self.batch_normalization_2(F.relu(self.conv2d_2(maps)))
        maps = self.spatial_dropout(F.max_pool2d(maps, 2))
        hidden = self.batch_normalization_3(F.relu(self.dense(maps.mean(dim=(2, 3)))))
        return cast(Tensor, self.dense_1(self.dropout(hidden)))


class DoubleCnn(nn.Module):
    """Iteration 4: two convolutions a block, a shortcut around the third block's, rising dropout."""

    l2: ClassVar[Mapping[str, float]] = {
        **dict.fromkeys(("conv2d", "conv2d_1", "conv2d_2", "conv2d_3", "conv2d_5", "conv2d_6"), 0.0015),
        "dense": 0.002,
    }
    keras_layers: ClassVar[tuple[str, ...]] = (
        *(*("Conv2D 3x3 same relu", "BatchNormalization") * 2, "MaxPooling2D 2x2") * 2,
        *("Conv2D 1x1 same linear", *("Conv2D 3x3 same relu", "BatchNormalization") * 2, "Add", "MaxPooling2D 2x2"),
        *("GlobalAveragePooling2D", "Dense relu", "BatchNormalization", "Dense softmax"),
    )

    def __init__(self, classes: int = 29) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 32, 3, padding=1)
        self.batch_normalization = _norm(32)
        self.conv2d_1 = nn.Conv2d(32, 32, 3, padding=1)
        self.batch_normalization_1 = _norm(32)
        self.spatial_dropout = nn.Dropout2d(0.1)
        self.conv2d_2 = nn.Conv2d(32, 64, 3, padding=1)
        self.batch_normalization_2 = _norm(64)
        self.conv2d_3 = nn.Conv2d(64, 64, 3, padding=1)
        self.batch_normalization_3 = _norm(64)
        self.spatial_dropout_1 = nn.Dropout2d(0.15)
        self.conv2d_4 = nn.Conv2d(64, 128, 1)
        self.conv2d_5 = nn.Conv2d(64, 128, 3, padding=1)
        self.batch_normalization_4 = _norm(128)
        self.conv2d_6 = nn.Conv2d(128, 128, 3, padding=1)
        self.batch_normalization_5 = _norm(128)
        self.spatial_dropout_2 = nn.Dropout2d(0.2)
        self.dense = nn.Linear(128, 128)
        self.batch_normalization_6 = _flat_norm(128)
        self.dropout = nn.Dropout(0.4)
        self.dense_1 = nn.Linear(128, classes)
        _start(self)

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits (N, classes)."""
        maps = self.batch_normalization(F.relu(self.conv2d(pictures)))
        maps = self.batch_normalization_1(F.relu(self.conv2d_1(maps)))
        maps = self.spatial_dropout(F.max_pool2d(maps, 2))
        maps = self.batch_normalization_2(F.relu(self.conv2d_2(maps)))
        maps = self.batch_normalization_3(F.relu(self.conv2d_3(maps)))
        maps = self.spatial_dropout_1(F.max_pool2d(maps, 2))
        shortcut = self.conv2d_4(maps)
        maps = self.batch_normalization_4(F.relu(self.conv2d_5(maps)))
        maps = self.batch_normalization_5(F.relu(self.conv2d_6(maps)))
        maps = self.spatial_dropout_2(F.max_pool2d(maps + shortcut, 2))
        hidden = self.batch_normalization_6(F.relu(self.dense(maps.mean(dim=(2, 3)))))
        return cast(Tensor, self.dense_1(self.dropout(hidden)))


class AttentionCnn(nn.Module):
    """Iteration 5, as we read its description: three residual blocks, one weight a place, layer norm.

    The fourth network's blocks, each with a shortcut; then a 1 x 1 convolution and a sigmoid give every place of the
    last maps a weight, and their weighted mean over the picture is normalised.
    """

    l2: ClassVar[Mapping[str, float]] = {
        **dict.fromkeys([f"conv2d_{i}" for i in (1, 2, 4, 5, 7, 8)], 0.0018),
        "dense": 0.0018,
    }
    keras_layers: ClassVar[tuple[str, ...]] = (
        *("Conv2D 1x1 same linear", *("Conv2D 3x3 same relu", "BatchNormalization") * 2, "Add", "MaxPooling2D 2x2") * 3,
        *("Conv2D 1x1 same sigmoid", "Multiply", "GlobalAveragePooling2D", "LayerNormalization"),
        *("Dense relu", "BatchNormalization", "Dense softmax"),
    )

    def __init__(self, classes: int = 29) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 32, 1)
        self.conv2d_1 = nn.Conv2d(3, 32, 3, padding=1)
        self.batch_normalization = _norm(32)
        self.conv2d_2 = nn.Conv2d(32, 32, 3, padding=1)
        self.batch_normalization_1 = _norm(32)
        self.spatial_dropout = nn.Dropout2d(0.1)
        self.conv2d_3 = nn.Conv2d(32, 64, 1)
        self.conv2d_4 = nn.Conv2d(32, 64, 3, padding=1)
        self.batch_normalization_2 = _norm(64)
        self.conv2d_5 = nn.Conv2d(64, 64, 3, padding=1)
        self.batch_normalization_3 = _norm(64)
        self.spatial_dropout_1 = nn.Dropout2d(0.15)
        self.conv2d_6 = nn.Conv2d(64, 128, 1)
        self.conv2d_7 = nn.Conv2d(64, 128, 3, padding=1)
        self.batch_normalization_4 = _norm(128)
        self.conv2d_8 = nn.Conv2d(128, 128, 3, padding=1)
        self.batch_normalization_5 = _norm(128)
        self.spatial_dropout_2 = nn.Dropout2d(0.2)
        self.conv2d_9 = nn.Conv2d(128, 1, 1)
        self.layer_normalization = nn.LayerNorm(128, eps=EPSILON)
        self.dense = nn.Linear(128, 128)
        self.batch_normalization_6 = _flat_norm(128)
        self.dropout = nn.Dropout(0.4)
        self.dense_1 = nn.Linear(128, classes)
        _start(self)

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits (N, classes)."""
        maps = self.batch_normalization(F.relu(self.conv2d_1(pictures)))
        maps = self.batch_normalization_1(F.relu(self.conv2d_2(maps)))
        maps = self.spatial_dropout(F.max_pool2d(maps + self.conv2d(pictures), 2))
        shortcut = self.conv2d_3(maps)
        maps = self.batch_normalization_2(F.relu(self.conv2d_4(maps)))
        maps = self.batch_normalization_3(F.relu(self.conv2d_5(maps)))
        maps = self.spatial_dropout_1(F.max_pool2d(maps + shortcut, 2))
        shortcut = self.conv2d_6(maps)
        maps = self.batch_normalization_4(F.relu(self.conv2d_7(maps)))
        maps = self.batch_normalization_5(F.relu(self.conv2d_8(maps)))
        maps = self.spatial_dropout_2(F.max_pool2d(maps + shortcut, 2))
        maps = maps * torch.sigmoid(self.conv2d_9(maps))
        pooled = self.layer_normalization(maps.mean(dim=(2, 3)))
        hidden = self.batch_normalization_6(F.relu(self.dense(pooled)))
        return cast(Tensor, self.dense_1(self.dropout(hidden)))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=EPSILON, momentum=_MOMENTUM)


def _flat_norm(features: int) -> nn.BatchNorm1d:
    return nn.BatchNorm1d(features, eps=EPSILON, momentum=_MOMENTUM)


def _start(network: nn.Module) -> None:
    """Weights as Keras draws them."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)


def _family(name: str, summary: str, network: Callable[[int], nn.Module]) -> ModelFamily:
    return picture_family(
        network,
        name=name,
        summary=summary,
        document="001_649fb2cc03b8d899",
        size=SIZE,
        preprocess="rescale",
        labels=ALPHABET,
    )


FAMILIES = (
    _family("keras-cnn-plain", "Keras CNN, iteration 1: three convolutions and a wide dense layer", PlainCnn),
    _family("keras-cnn-pooled", "Keras CNN, iteration 2: batch norm, L2 and global average pooling", PooledCnn),
    _family("keras-cnn-spatial-dropout", "Keras CNN, iteration 3: spatial dropout", SpatialDropoutCnn),
    _family("keras-cnn-double", "Keras CNN, iteration 4: double convolutions and a residual block", DoubleCnn),
    _family(
        "keras-cnn-attention",
        "Keras CNN, iteration 5: residual blocks, spatial attention, layer norm (our reading of a description)",
        AttentionCnn,
    ),
)

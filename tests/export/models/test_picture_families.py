"""The picture networks: the documents' sizes and names, raw pictures in, and that each of them learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from edge.errors import InputError, UsageError
from export.models import dexnet, keras_cnn, resnet18
from export.models.base import ModelFamily
from export.models.pictures import NORMALISATIONS, PictureModel, PicturePreprocess
from export.models.registry import families

PICTURE_FAMILIES = [entry for entry in families() if entry.task == "image"]
_PARAMETERS = {
    "keras-cnn-plain": 17_436_765,
    "keras-cnn-pooled": 136_221,
    "keras-cnn-spatial-dropout": 114_205,
    "keras-cnn-double": 316_733,
    "keras-cnn-attention": 319_358,
    "resnet18": 11_189_850,
    "dexnet": 12_275_101,
    "dexnet-v2": 5_854_621,
}


@pytest.fixture(params=PICTURE_FAMILIES, ids=lambda entry: entry.name)
def entry(request: pytest.FixtureRequest) -> ModelFamily:
    found: ModelFamily = request.param
    return found


def test_each_has_the_parameters_and_classes_of_its_document(entry: ModelFamily) -> None:
    model = entry.build(entry.classes, entry.preprocess[0])
    assert sum(p.numel() for p in model.parameters()) == _PARAMETERS[entry.name]
    assert len(entry.default_labels) == entry.classes == (26 if entry.name == "resnet18" else 29)
    assert entry.calibrate


def test_each_takes_raw_rgb_pictures_of_the_size_its_contract_says(entry: ModelFamily) -> None:
    contract = entry.contract(entry.preprocess[0])
    size = 224 if entry.name == "resnet18" else 200
    assert contract.image_size == (size, size)
    assert (contract.tensors[0].dtype, contract.tensors[0].shape) == ("uint8", (None, size, size, 3))
    model = entry.build(5, entry.preprocess[0]).eval()
    with torch.no_grad():
        assert model(torch.zeros(1, size, size, 3, dtype=torch.uint8)).shape == (1, 5)


def test_classes_are_numbered_as_the_folders_sort() -> None:
    names = [label.name for label in dexnet.FAMILY.default_labels]
    assert names == sorted(names) and names[-3:] == ["del", "nothing", "space"]
    kinds = {label.name: label.kind for label in dexnet.FAMILY.default_labels}
    assert (kinds["A"], kinds["del"], kinds["nothing"]) == ("letter", "key", "key")


@pytest.mark.parametrize("name", NORMALISATIONS)
def test_preprocessing_is_scale_then_mean_and_deviation(name: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, (2, 4, 5, 3), dtype=np.uint8)
    mean, deviation = NORMALISATIONS[name]
    want = ((image / 255 - mean) / deviation).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(PicturePreprocess(name)(torch.from_numpy(image)).numpy(), want, atol=1e-5)


def test_an_unknown_preprocessing_is_refused() -> None:
    with pytest.raises(UsageError, match="no such preprocessing"):
        PicturePreprocess("caffe")


def test_names_are_those_of_the_published_checkpoints() -> None:
    names = set(resnet18.ResNet18().state_dict())
    assert {"conv1.weight", "bn1.running_mean", "layer1.0.conv1.weight", "layer2.0.downsample.0.weight"} <= names
    assert {"layer4.1.bn2.num_batches_tracked", "fc.weight", "fc.bias"} <= names and len(names) == 122
    assert sum(p.numel() for p in resnet18.ResNet18(1000).parameters()) == 11_689_512
    state = dexnet.DexNet().state_dict()
    assert list(state) == [
        f"{part}.{n}.{kind}"
        for part, numbers in (("feature", (0, 3, 6, 8, 10)), ("neural", (0, 3, 5)))
        for n in numbers
        for kind in ("weight", "bias")
    ]
    assert dexnet.dexnet_v2().state_dict()["neural.0.weight"].shape == (128, 16384)


def test_pretrained_weights_of_other_classes_are_taken_but_for_the_head() -> None:
    torch.manual_seed(1)
    theirs, ours = resnet18.ResNet18(1000), resnet18.ResNet18(26)
    before = ours.fc.weight.clone()
    resnet18.load_pretrained(ours, theirs.state_dict(), where="resnet18.pth")
    assert torch.equal(ours.layer3[1].conv2.weight, theirs.layer3[1].conv2.weight)
    assert torch.equal(ours.fc.weight, before)
    same = resnet18.ResNet18(1000)
    resnet18.load_pretrained(same, theirs.state_dict(), where="resnet18.pth")
    assert torch.equal(same.fc.weight, theirs.fc.weight)


def test_weights_of_another_network_are_refused_and_nothing_is_changed() -> None:
    ours = resnet18.ResNet18(26)
    before = ours.conv1.weight.clone()
    theirs = resnet18.ResNet18(26).state_dict()
    del theirs["layer1.0.conv1.weight"]
    with pytest.raises(InputError, match=r"1 missing or of another shape.*layer1\.0\.conv1"):
        resnet18.load_pretrained(ours, theirs, where="resnet18.pth")
    assert torch.equal(ours.conv1.weight, before)


def test_keras_flattens_height_width_channels() -> None:
    network = keras_cnn.PlainCnn(4).eval()
    maps = torch.rand(1, 128, 23, 23)
    seen: list[torch.Tensor] = []
    network.dense.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network.conv2d.register_forward_hook(lambda *_: torch.zeros(1, 32, 196, 196))
    network.conv2d_2.register_forward_hook(lambda *_: F.interpolate(maps, scale_factor=2, mode="nearest"))
    with torch.no_grad():
        network(torch.zeros(1, 3, 200, 200))
    assert torch.equal(seen[0], maps.permute(0, 2, 3, 1).reshape(1, -1))


@pytest.mark.slow
def test_each_learns_eight_pictures_by_heart(entry: ModelFamily) -> None:
    torch.manual_seed(0)
    contract = entry.contract(entry.preprocess[0])
    height, width = contract.image_size or (0, 0)
    random = np.random.default_rng(0)
    small = torch.from_numpy(random.integers(0, 256, (8, 3, 6, 6)).astype(np.float32))
    pictures = F.interpolate(small, (height, width), mode="bilinear").permute(0, 2, 3, 1).to(torch.uint8)
    targets = torch.arange(8) % 4
    model = entry.build(4, entry.preprocess[0]).train()
    assert isinstance(model, PictureModel)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout | torch.nn.Dropout2d):
            module.p = 0.0
    optimizer = torch.optim.Adam(model.parameters(), 5e-4)
    losses = []
    for _ in range(25):
        loss = F.cross_entropy(model(pictures), targets)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(float(loss.detach()))
        if losses[-1] < 0.25 * losses[0]:
            return
    pytest.fail(f"the loss went from {losses[0]:.2f} to {losses[-1]:.2f} only")

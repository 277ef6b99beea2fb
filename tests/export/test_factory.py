"""A user's own module: found in the current folder, built, checked, loaded strictly, wrapped."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from edge.errors import InputError, UsageError
from export.factory import find, load_factory
from export.labels import label
from export.loading import Request

_SOURCE = '''
import torch
from torch import nn

class Own(nn.Module):
    def __init__(self, num_classes=77, width=16):
        super().__init__()
        self.frames = nn.LSTM(126, width, batch_first=True)
        self.head = nn.Linear(width, num_classes)

    def forward(self, x, mask=None):
        out, _ = self.frames(x.flatten(2))
        if mask is not None:
            out = out * mask.unsqueeze(-1)
        return self.head(out.mean(1))

class Fixed(Own):
    """Takes windows of 30 frames only."""
    def forward(self, x, mask=None):
        return super().forward(x.view(x.shape[0], 30, 2, 21, 3), mask)

def three():
    return Own(3)

def broken():
    raise RuntimeError("no GPU here")

def picture():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten())

def nothing():
    return 7
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the user's module, as the current one; forgotten afterwards."""
    (tmp_path / "own_network.py").write_text(_SOURCE)
    (tmp_path / "needs_more.py").write_text("import surely_not_installed\n")
    (tmp_path / "fails.py").write_text("raise ValueError('half written')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("own_network", "needs_more", "fails"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def _checkpoint(folder: Path, factory: str, **arguments: int) -> Path:
    torch.manual_seed(1)
    path = folder / "best_model.pth"
    torch.save({"model_state_dict": find(factory)(**arguments).state_dict(), "best": np.float64(0.6)}, path)
    return path


_LABELS = tuple(label(name) for name in ("A", "B", "C"))


def test_the_class_count_comes_from_the_checkpoint_and_the_module_is_wrapped(module: Path) -> None:
    path = _checkpoint(module, "own_network:Own", num_classes=3)
    loaded = load_factory("own_network:Own", Request(path, _LABELS))
    assert (loaded.family, loaded.preprocess, len(loaded.labels)) == ("own_network:Own", "raw", 3)
    assert "assumed" in loaded.notes[0]
    landmarks, mask = torch.rand(2, 30, 2, 21, 3), torch.ones(2, 30)
    own = find("own_network:Own")(num_classes=3)
    own.load_state_dict(torch.load(path, weights_only=False)["model_state_dict"])
    with torch.no_grad():
        assert torch.allclose(loaded.module(landmarks, mask), own.eval()(landmarks, mask))
        unit = load_factory("own_network:Own", Request(path, _LABELS, preprocess="unit"))
        wanted = (2 * landmarks - torch.tensor([1.0, 1.0, 0.0])).clamp(-1, 1)
        assert torch.allclose(unit.module(landmarks, mask), own(wanted, mask), atol=1e-6)


def test_a_function_without_num_classes_works_too(module: Path) -> None:
    loaded = load_factory("own_network:three", Request(_checkpoint(module, "own_network:three"), _LABELS))
    assert len(loaded.labels) == 3


def test_a_model_for_one_window_length_gets_a_contract_of_that_length(module: Path) -> None:
    path = _checkpoint(module, "own_network:Fixed", num_classes=3)
    loaded = load_factory("own_network:Fixed", Request(path, _LABELS))
    assert loaded.contract.tensors[0].shape == (None, 30, 2, 21, 3)
    assert loaded.contract.window is not None and loaded.contract.window.frames == 30


def test_settings_beside_the_checkpoint_are_used_and_named(module: Path) -> None:
    path = _checkpoint(module, "own_network:Own", num_classes=2)
    (module / "model_config.json").write_text('{"preprocess": "unit", "licence": "MIT", "hidden": 3}')
    np.save(module / "label_encoder_classes.npy", np.array(["A", "hello"], dtype=object), allow_pickle=True)
    loaded = load_factory("own_network:Own", Request(path))
    assert (loaded.preprocess, loaded.licence, [entry.name for entry in loaded.labels]) == (
        "unit",
        "MIT",
        ["A", "hello"],
    )
    assert "model_config.json" in loaded.notes[0] and "label_encoder_classes.npy" in loaded.notes[1]


@pytest.mark.parametrize("config", ["[1]", "{", '{"preprocess": 3}', '{"aspect": "wide"}', '{"licences": [1]}'])
def test_a_broken_configuration_is_an_input_error_that_names_it(module: Path, config: str) -> None:
    path = _checkpoint(module, "own_network:Own", num_classes=3)
    (module / "model_config.json").write_text(config)
    with pytest.raises(InputError, match=r"model_config\.json"):
        load_factory("own_network:Own", Request(path, _LABELS))


def test_an_unknown_preprocessing_in_it_is_refused_with_the_known_ones(module: Path) -> None:
    path = _checkpoint(module, "own_network:Own", num_classes=3)
    (module / "model_config.json").write_text('{"preprocess": "centred"}')
    with pytest.raises(UsageError, match=r"model_config\.json: no such preprocessing; expected raw or unit"):
        load_factory("own_network:Own", Request(path, _LABELS))


def test_labels_of_another_count_and_no_labels_are_refused(module: Path) -> None:
    path = _checkpoint(module, "own_network:Own", num_classes=3)
    with pytest.raises(InputError, match=r"expected 3 labels.*found 2"):
        load_factory("own_network:Own", Request(path, _LABELS[:2]))
    with pytest.raises(UsageError, match=r"3 classes in best_model\.pth\. Give --labels FILE"):
        load_factory("own_network:Own", Request(path))


def test_a_checkpoint_of_another_shape_is_refused(module: Path) -> None:
    path = _checkpoint(module, "own_network:Own", num_classes=3, width=8)
    with pytest.raises(InputError, match=r"of another shape: frames\.weight_ih_l0 \(32, 126\) instead of \(64, 126\)"):
        load_factory("own_network:Own", Request(path, _LABELS))


@pytest.mark.parametrize(
    ("spec", "kind", "says"),
    [
        ("own_network", UsageError, "expected MODULE:CALLABLE; found own_network"),
        ("not_here:Own", InputError, "not_here: no such module; expected not_here.py in the current folder"),
        ("own_network:Missing", InputError, "expected Missing; found Fixed, Own"),
        ("own_network:torch", InputError, "not callable"),
        ("needs_more:Own", InputError, "it needs surely_not_installed, which is not installed"),
        ("fails:Own", InputError, "found ValueError: half written"),
        ("own_network:broken", InputError, "found RuntimeError: no GPU here"),
        ("own_network:nothing", InputError, "expected a torch.nn.Module; found int"),
        ("own_network:picture", InputError, "expected forward(landmarks (N, 30, 2, 21, 3), mask (N, 30))"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(module: Path, spec: str, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind) as caught:
        load_factory(spec, Request(module / "best_model.pth", _LABELS))
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_weights_must_be_given(module: Path) -> None:
    with pytest.raises(UsageError, match="--checkpoint FILE"):
        load_factory("own_network:Own", Request(labels=_LABELS))

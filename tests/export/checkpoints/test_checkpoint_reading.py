"""Weights are read without running anything; what does not fit is said in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from edge.errors import InputError
from export.checkpoints.reading import load_weights, read_checkpoint


def _network(out: int = 3) -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, out))


def _save(path: Path, value: Any, **how: Any) -> Path:
    torch.save(value, path, **how)
    return path


def test_published_checkpoints_with_numpy_scalars_load(tmp_path: Path) -> None:
    network = _network()
    extras = {"epoch": np.int64(27), "best": np.float64(64.61), "lr": np.float32(1e-3), "done": np.bool_(True)}
    path = _save(tmp_path / "best_model.pth", {"model_state_dict": network.state_dict(), **extras})
    fresh = _network()
    load_weights(fresh, read_checkpoint(path))
    assert all(torch.equal(a, b) for a, b in zip(fresh.parameters(), network.parameters(), strict=True))


@pytest.mark.parametrize("key", ["model_state_dict", "state_dict", "model", None])
def test_the_state_dict_is_found_wherever_it_usually_is(tmp_path: Path, key: str | None) -> None:
    state = _network().state_dict()
    value = {key: state, "epoch": 3} if key else state
    load_weights(_network(), read_checkpoint(_save(tmp_path / "a.pt", value)))


def test_the_prefix_of_data_parallel_is_taken_off_and_said(tmp_path: Path) -> None:
    state = {f"module.{name}": tensor for name, tensor in _network().state_dict().items()}
    checkpoint = read_checkpoint(_save(tmp_path / "a.pth", state))
    load_weights(_network(), checkpoint)
    assert "module." in checkpoint.notes[0]


def test_the_format_before_zip_files_loads_too(tmp_path: Path) -> None:
    state = {"state_dict": _network().state_dict(), "best": np.float64(1)}
    load_weights(_network(), read_checkpoint(_save(tmp_path / "a.pth", state, _use_new_zipfile_serialization=False)))


def test_numpy_scalars_written_by_numpy_1_load(tmp_path: Path) -> None:
    value = {"state_dict": _network().state_dict(), "best": np.float64(1)}
    path = _save(tmp_path / "a.pth", value, _use_new_zipfile_serialization=False)
    data = path.read_bytes()
    assert b"numpy._core.multiarray\nscalar" in data
    path.write_bytes(data.replace(b"numpy._core.multiarray\nscalar", b"numpy.core.multiarray\nscalar"))
    load_weights(_network(), read_checkpoint(path))


def test_half_precision_safetensors_load_as_float32(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    safetensors.torch.save_file({n: t.half() for n, t in _network().state_dict().items()}, path)
    fresh = _network()
    load_weights(fresh, read_checkpoint(path))
    assert next(fresh.parameters()).dtype == torch.float32


class _Runs:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.target,))


@pytest.mark.parametrize("zipped", [True, False])
def test_a_hostile_checkpoint_is_refused_by_name_with_the_way_out_and_runs_nothing(
    tmp_path: Path, zipped: bool
) -> None:
    target = tmp_path / "pwned"
    value = {"model_state_dict": _network().state_dict(), "x": _Runs(target)}
    path = _save(tmp_path / "evil.pth", value, _use_new_zipfile_serialization=zipped)
    with pytest.raises(InputError, match=r"needs more than weights.*found \S*(getattr|Path|touch).*--trust-pickle"):
        read_checkpoint(path)
    assert not target.exists()
    read_checkpoint(path, trust_pickle=True)
    assert target.exists(), "the file was not hostile, the test proves nothing"


@pytest.mark.parametrize("extra", [np.zeros(3), np.str_("x"), np.datetime64("2026-01-01"), np.void(b"ab")])
def test_other_numpy_values_than_numbers_are_refused(tmp_path: Path, extra: Any) -> None:
    path = _save(tmp_path / "a.pth", {"model": _network().state_dict(), "x": extra})
    with pytest.raises(InputError, match="--trust-pickle"):
        read_checkpoint(path)


def test_a_whole_pickled_module_needs_trust(tmp_path: Path) -> None:
    path = _save(tmp_path / "whole.pth", nn.Linear(2, 2))
    with pytest.raises(InputError, match=r"found torch.nn.modules.linear.Linear"):
        read_checkpoint(path)
    assert set(read_checkpoint(path, trust_pickle=True).tensors) == {"weight", "bias"}


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("keep", [0, 7, 300, -20])
def test_truncated_files_are_refused(tmp_path: Path, suffix: str, keep: int) -> None:
    path = tmp_path / f"whole{suffix}"
    if suffix == ".pth":
        _save(path, _network().state_dict())
    else:
        safetensors.torch.save_file(_network().state_dict(), path)
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match="damaged") as caught:
        read_checkpoint(cut)
    assert str(cut) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [[1, 2], {"epoch": 3}, {"model": {"a": 1}}, {}, 7])
def test_a_file_without_weights_is_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(InputError, match="holds no weights"):
        read_checkpoint(_save(tmp_path / "a.pth", value))


def test_other_suffixes_and_missing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown format"):
        read_checkpoint(tmp_path / "model.h5")
    with pytest.raises(InputError, match="cannot be read"):
        read_checkpoint(tmp_path / "none.pth")


def test_misfits_are_listed_with_counts_and_the_first_few_names(tmp_path: Path) -> None:
    state = _network(5).state_dict()
    state = {**{n: t for n, t in state.items() if n != "0.bias"}, **{f"extra.{i}": torch.zeros(1) for i in range(9)}}
    with pytest.raises(InputError) as caught:
        load_weights(_network(), read_checkpoint(_save(tmp_path / "a.pth", state)))
    text = str(caught.value)
    assert "1 missing: 0.bias" in text and "9 extra: extra.0, extra.1, extra.2, extra.3, ..." in text
    assert "2 of another shape: 2.weight (5, 8) instead of (3, 8)" in text and "\n" not in text


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    state = _network().state_dict()
    state["0.bias"][1] = float("nan")
    with pytest.raises(InputError, match=r"not finite.*1 in: 0\.bias"):
        load_weights(_network(), read_checkpoint(_save(tmp_path / "a.pth", state)))

"""Everything bad that a user can hand to the export: the exit code, one line, and an output folder left as it was."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from onnx import TensorProto, helper
from torch import nn

from export.__main__ import main
from export.models.registry import family

_SEED = "cnn-bilstm-attention"


class _Runs:
    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, ("pwned",))


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    """Weights of the seed's network for three classes."""
    return family(_SEED).build(3, "raw").get_submodule("network").state_dict()


@pytest.fixture
def folder(tmp_path: Path, state: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a good checkpoint and labels, and one of each bad thing."""
    monkeypatch.chdir(tmp_path)
    torch.save({"model_state_dict": state}, "good.pth")
    Path("labels.txt").write_text("A\nB\nC\n")
    Path("two.txt").write_text("A\nB\n")
    Path("twice.txt").write_text("A\nB\nA\n")
    Path("empty.txt").write_text("")
    np.save("hostile.npy", np.array(["A", _Runs(), "C"], dtype=object), allow_pickle=True)
    torch.save({"model_state_dict": state, "x": _Runs()}, "hostile.pth")
    torch.save(nn.Linear(3, 3).state_dict(), "other.pth")
    torch.save({**state, "lstm.weight_ih_l0": torch.zeros(4, 4)}, "shape.pth")
    safetensors.torch.save_file(state, "whole.safetensors")
    Path("cut.safetensors").write_bytes(Path("whole.safetensors").read_bytes()[:5000])
    value = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 224, 224])
    out = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 3, 224, 224])
    graph = helper.make_graph([helper.make_node("Relu", ["input"], ["output"])], "g", [value], [out])
    Path("other.onnx").write_bytes(helper.make_model(graph, ir_version=8).SerializeToString())
    Path("text.onnx").write_text("no network")
    Path("a-file").write_text("")
    Path("out").mkdir()
    return tmp_path


def _with(*, checkpoint: str = "good.pth", labels: str = "labels.txt") -> list[str]:
    return ["--target", "pi", "--model", _SEED, "--checkpoint", checkpoint, "--labels", labels, "--output", "out"]


_ONNX = ["--target", "pi", "--labels", "labels.txt", "--output", "out", "--onnx"]
_CASES: dict[str, tuple[list[str], int, str]] = {
    "checkpoint of another shape": (_with(checkpoint="shape.pth"), 3, "shape.pth: the checkpoint does not fit"),
    "checkpoint of another model": (_with(checkpoint="other.pth"), 3, "other.pth: the checkpoint does not fit"),
    "checkpoint missing": (_with(checkpoint="none.pth"), 3, "none.pth: the checkpoint cannot be read"),
    "checkpoint cut": (_with(checkpoint="cut.safetensors"), 3, "cut.safetensors: the file is damaged"),
    "checkpoint hostile": (_with(checkpoint="hostile.pth"), 3, "found posix.mkdir. Save the state_dict alone"),
    "labels of the wrong count": (_with(labels="two.txt"), 3, "two.txt: the number of labels is not the model's"),
    "labels twice": (_with(labels="twice.txt"), 3, "twice.txt: labels appear twice"),
    "labels empty": (_with(labels="empty.txt"), 3, "empty.txt: there are no labels"),
    "labels missing": (_with(labels="none.txt"), 3, "none.txt: the labels cannot be read"),
    "labels hostile": (_with(labels="hostile.npy"), 3, "hostile.npy: the array's pickle wants more than strings"),
    "onnx with other inputs": ([*_ONNX, "other.onnx"], 3, "other.onnx: the ONNX file has other inputs"),
    "onnx that is none": ([*_ONNX, "text.onnx"], 3, "text.onnx: not a valid ONNX file"),
    "onnx without labels": (["--target", "pi", "--onnx", "other.onnx", "--output", "out"], 2, "Give --labels FILE"),
    "onnx with a checkpoint": ([*_ONNX, "other.onnx", "--checkpoint", "good.pth"], 2, "no meaning with --onnx"),
    "factory missing": (["--target", "pi", "--factory", "not_here:X", "--checkpoint", "good.pth"], 3, "not_here"),
    "output is a file": ([*_with(), "--output", "a-file"], 3, "a-file: the bundle cannot be written here"),
    "output in a file": ([*_with(), "--output", "a-file/x"], 3, "a-file/x: the bundle cannot be written here"),
    "output not writable": ([*_with(), "--output", "/proc/fingerpost"], 3, "/proc/fingerpost: the bundle cannot be"),
    "unknown model": (["--target", "pi", "--model", "x", "--output", "out"], 2, "no such model"),
    "unknown preprocessing": ([*_with(), "--preprocess", "x"], 2, "expected raw or unit; found x"),
    "unknown target": (["--target", "abacus"], 2, "--target"),
    "no target": ([], 2, "the target is missing"),
    "checkpoint alone": (["--target", "pi", "--checkpoint", "good.pth"], 2, "expected --model NAME or --factory"),
    "two models": (["--target", "pi", "--model", "x", "--onnx", "y"], 2, "not allowed with"),
    "bad version": ([*_with(), "--version", "one"], 2, "--version cannot be used; expected X.Y.Z; found one"),
    "bad name": ([*_with(), "--name", "../up"], 2, "--name cannot be used"),
    "bad serial": ([*_with(), "--serial", "-1"], 2, "--serial cannot be used"),
}  # fmt: skip


@pytest.mark.parametrize("case", _CASES)
def test_bad_input_is_one_line_with_its_exit_code_and_leaves_nothing_behind(
    folder: Path, case: str, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments, code, says = _CASES[case]
    before = sorted(folder.rglob("*"))
    assert main(arguments) == code
    out, err = capfd.readouterr()
    lines = [line for line in err.splitlines() if not line.startswith("  ")]
    assert len(lines) == 1 and lines[0].startswith("error: ") and says in lines[0]
    assert out == "" and "Traceback" not in err
    assert sorted(folder.rglob("*")) == before

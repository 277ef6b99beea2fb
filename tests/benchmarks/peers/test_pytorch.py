"""PyTorch beside our variants, made from the checkpoint that the bundle was exported from."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.__main__ import main
from benchmarks.peers import open_peers, quantize_linear
from edge.bundle.reader import open_bundle
from edge.errors import InputError


def test_peers_give_the_labels_of_the_bundle_and_quantisation_makes_them_smaller(demo_bundle: Path) -> None:
    with open_bundle(demo_bundle) as bundle:
        plain, dynamic = open_peers(["torch", "torch-dynamic"], bundle.manifest, None)
        golden = bundle.golden()
    assert plain.peer and dynamic.size < 0.9 * plain.size
    feeds = {name: golden[name][:20] for name in ("landmarks", "mask")}
    engine = plain.open(1)
    output = engine.run(feeds)[engine.outputs[0].name]
    assert np.abs(output - golden["logits"][:20]).max() < 1e-3
    quantised = dynamic.open(1).run(feeds)["logits"]
    assert (quantised.argmax(axis=1) == output.argmax(axis=1)).mean() >= 0.9
    assert np.abs(quantised - output).max() > 0


def test_another_checkpoint_than_the_bundle_s_is_refused(demo_bundle: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    from export.models.shipped import FAMILY

    assert FAMILY.checkpoint is not None
    tensors = load_file(FAMILY.checkpoint / "model.safetensors")
    other = tmp_path / "model.safetensors"
    save_file({name: value * 2 for name, value in tensors.items()}, other)
    with (
        open_bundle(demo_bundle) as bundle,
        pytest.raises(InputError, match="the bundle was not exported from this checkpoint"),
    ):
        open_peers(["torch"], bundle.manifest, other)


def test_peers_run_in_the_same_rounds(demo_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--bundle", str(demo_bundle), "--peer", "torch-dynamic", "--iterations", "5", "--json"]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    rows = {(row["variant"], row["threads"]): row for row in found["latencies"]}
    assert rows["torch-dynamic", 1]["cpu_over_peers"] == {}
    assert rows["int8", 1]["cpu_over_peers"]["torch-dynamic"]["value"] > 0
    assert [v["peer"] for v in found["variants"]] == [False, False, True]
    assert next(row for row in found["golden"] if row["variant"] == "torch-dynamic")["agreement"] > 0.9


def test_quantisation_leaves_convolutions_and_the_network_itself_alone() -> None:
    network = torch.nn.Sequential(torch.nn.Conv1d(2, 2, 1), torch.nn.Linear(4, 3)).eval()
    quantised = quantize_linear(network)
    assert type(quantised[0]) is torch.nn.Conv1d
    assert "quantized" in type(quantised[1]).__module__
    assert type(network[1]) is torch.nn.Linear

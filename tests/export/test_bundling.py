"""Bundles on disk: whole or not at all, the same parts the same bytes."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from edge.bundle.manifest import Label, Origin
from edge.bundle.reader import open_bundle
from edge.errors import InputError
from export.bundling import Contents, check_folder, write_bundle
from export.graphs.types import BuiltNetwork
from export.models.seed000 import hand_sequence_contract


def _contents(model: bytes = b"graph") -> Contents:
    return Contents(
        name="small",
        version="1.0.0",
        serial=3,
        created="2026-01-01T00:00:00Z",
        tools={"fingerpost": "0.1.0"},
        origin=Origin(model="small", parameters=1),
        target="pi",
        task="hand-sequence",
        contract=hand_sequence_contract("raw", aspect=4 / 3),
        labels=(Label(name="A", kind="letter"),),
        output="logits",
        networks=(BuiltNetwork("classifier", "fp32", model, 18, 8),),
        golden={"mask": np.ones((1, 30), np.float32), "logits": np.zeros((1, 1), np.float32)},
        model_card="# small\n",
        measurements=(),
        licences=(),
    )


def test_a_bundle_is_named_verified_and_has_all_parts(tmp_path: Path) -> None:
    path, manifest = write_bundle(_contents(), tmp_path)
    assert path == tmp_path / "small-1.0.0-pi.bundle"
    with open_bundle(path) as bundle:
        bundle.verify()
        assert bundle.manifest == manifest
        assert bundle.network("classifier", "fp32") == b"graph"
        assert bundle.golden()["mask"].shape == (1, 30)


def test_the_same_parts_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (write_bundle(_contents(), tmp_path)[0].read_bytes() for _ in range(2))
    assert first == second


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failing_disk_leaves_the_older_bundle_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path, _ = write_bundle(_contents(b"older"), tmp_path)
    older = path.read_bytes()

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os if step == "fsync" else Path, step, fails)
    with pytest.raises(InputError, match="No space left on device"):
        write_bundle(_contents(b"newer"), tmp_path)
    assert path.read_bytes() == older and list(tmp_path.iterdir()) == [path]


def test_a_folder_is_made_and_tried_before_the_work(tmp_path: Path) -> None:
    check_folder(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="a folder that can be written to"):
        check_folder(tmp_path / "file" / "b")

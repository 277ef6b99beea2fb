"""A tiny valid bundle for tests and for trying the store: no real network inside."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from edge.bundle.manifest import InputContract, Label, Manifest, Network, Origin, Tensor, Window
from edge.bundle.writer import file_entry, write_bundle


def sample_files(seed: int = 0) -> dict[str, bytes]:
    """Its files by name: two "networks" of random bytes, golden arrays, a model card."""
    random = np.random.default_rng(seed)
    golden = io.BytesIO()
    np.savez(
        golden,
        landmarks=random.random((2, 30, 2, 21, 3), dtype=np.float32),
        mask=np.ones((2, 30), np.float32),
        logits=random.random((2, 2), dtype=np.float32),
    )
    return {
        "classifier-fp32.onnx": random.bytes(5000),
        "classifier-int8.onnx": random.bytes(1500),
        "golden.npz": golden.getvalue(),
        "MODEL_CARD.md": b"# A sample\n",
    }


def sample_manifest(
    files: Mapping[str, bytes], *, name: str = "sample", version: str = "1.0.0", serial: int = 1
) -> Manifest:
    """Its manifest."""
    entry = {file: file_entry(file, data) for file, data in files.items()}
    networks = tuple(
        Network(**entry[f"classifier-{v}.onnx"].model_dump(), role="classifier", variant=v, opset=18, ir_version=10)
        for v in ("fp32", "int8")
    )
    return Manifest(
        name=name,
        version=version,
        serial=serial,
        created="2026-01-01T00:00:00Z",
        tools={"fingerpost": "0.1.0"},
        origin=Origin(model="sample", parameters=0),
        target="pi",
        hardware=("any aarch64 or x86 CPU",),
        task="hand-sequence",
        input=InputContract(
            tensors=(
                Tensor(
                    name="landmarks",
                    dtype="float32",
                    shape=(None, None, 2, 21, 3),
                    axes=("batch", "frame", "hand", "landmark", "xyz"),
                ),
                Tensor(name="mask", dtype="float32", shape=(None, None), axes=("batch", "frame")),
            ),
            window=Window(frames=30, rate=15.0),
        ),
        labels=(Label(name="A", kind="letter"), Label(name="hello", kind="word", moving=True)),
        networks=networks,
        golden=entry["golden.npz"],
        documents=(entry["MODEL_CARD.md"],),
    )


def write_sample(
    path: Path, *, name: str = "sample", version: str = "1.0.0", serial: int = 1, seed: int | None = None
) -> Path:
    """Write the sample bundle at ``path``; another ``seed`` (by default the serial) gives other content."""
    files = sample_files(serial if seed is None else seed)
    write_bundle(path, sample_manifest(files, name=name, version=version, serial=serial), files)
    return path

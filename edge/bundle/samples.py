"""A tiny valid bundle for tests and for trying the store; its "network" is the mean over each hand's coordinates."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from edge.bundle.manifest import InputContract, Label, Manifest, Network, Origin, Parity, Tensor, Window
from edge.bundle.writer import file_entry, write_bundle

# ONNX, opset 18: logits = ReduceMean(landmarks, axes 1, 3, 4). Its name has a fixed length, so that it can be replaced.
_NETWORK = base64.b64decode(
    "CAoSADrNAQo2CglsYW5kbWFya3MKBGF4ZXMSBmxvZ2l0cyIKUmVkdWNlTWVhbioPCghrZWVwZGltcxgAoAECEg1tZWFuLTAwMDAwMDAwKiQIAxAHQgRh"
    "eGVzShgBAAAAAAAAAAMAAAAAAAAABAAAAAAAAABaKQoJbGFuZG1hcmtzEhwKGggBEhYKAxIBTgoDEgFUCgIIAgoCCBUKAggDWhgKBG1hc2sSEAoOCAES"
    "CgoDEgFOCgMSAVRiGQoGbG9naXRzEg8KDQgBEgkKAxIBTgoCCAJCBAoAEBI="
)


def sample_network(name: str) -> bytes:
    """The network under a name of eight letters: another name makes another file."""
    return _NETWORK.replace(b"00000000", name.encode("ascii").ljust(8)[:8])


def sample_files(seed: int = 0) -> dict[str, bytes]:
    """Its files by name: the network in two "variants", golden arrays, a model card."""
    random = np.random.default_rng(seed)
    golden = io.BytesIO()
    landmarks = random.random((4, 30, 2, 21, 3), dtype=np.float32)
    landmarks[::2, :, 0] += 0.1
    landmarks[1::2, :, 1] += 0.1
    logits = landmarks.mean(axis=(1, 3, 4))
    np.savez(golden, landmarks=landmarks, mask=np.ones((4, 30), np.float32), logits=logits)
    return {
        "classifier-fp32.onnx": sample_network("fp32"),
        "classifier-int8.onnx": sample_network("int8"),
        "golden.npz": golden.getvalue(),
        "MODEL_CARD.md": b"# A sample\n",
    }


def sample_manifest(
    files: Mapping[str, bytes], *, name: str = "sample", version: str = "1.0.0", serial: int = 1
) -> Manifest:
    """Its manifest."""
    entry = {file: file_entry(file, data) for file, data in files.items()}
    parity = Parity(max_abs_diff=1e-6, label_agreement=1.0, n=4, against="numpy")
    networks = tuple(
        Network(
            **entry[f"classifier-{variant}.onnx"].model_dump(),
            role="classifier",
            variant=variant,
            opset=18,
            ir_version=10,
            parity=parity,
        )
        for variant in ("fp32", "int8")
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


def write_jetson_sample(path: Path, half: bytes) -> Path:
    """Write the sample bundle for a Jetson, with ``half`` as its fp16 network, whatever that is."""
    files = sample_files()
    manifest = sample_manifest(files)
    file = "classifier-fp16.onnx"
    entry = file_entry(file, half).model_dump()
    network = Network(**entry, role="classifier", variant="fp16", opset=18, ir_version=10)
    networks = (*manifest.networks, network)
    write_bundle(path, manifest.model_copy(update={"target": "jetson", "networks": networks}), {**files, file: half})
    return path

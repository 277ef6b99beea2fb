"""What goes into a bundle: networks, golden inputs and documents, and the manifest that describes them.

The form of the file is `edge.bundle.writer`'s: the same parts give the same bytes, whatever the clock says, and what
has the bundle's name is a whole bundle. Only ``created`` (and the serial taken from it) differs between two exports of
the same model; with ``SOURCE_DATE_EPOCH`` set, not even that.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge.bundle.manifest import (
    FileEntry,
    InputContract,
    Label,
    Licence,
    Manifest,
    Measurement,
    Network,
    Origin,
    SentenceModel,
    Target,
    Task,
)
from edge.bundle.writer import bundle_file_name, file_entry, manifest_json
from edge.bundle.writer import write_bundle as write_file
from edge.errors import InputError
from edge.types import AnyArray
from export.golden import write_npz
from export.graphs.types import BuiltNetwork

HARDWARE: Mapping[Target, tuple[str, ...]] = {
    "pi": ("any aarch64 or x86 CPU",),
    "cpu": ("any aarch64 or x86 CPU",),
    "jetson": ("NVIDIA Jetson (TensorRT engine built on the device)", "any aarch64 or x86 CPU (float32)"),
}
GOLDEN = "golden.npz"
MODEL_CARD = "MODEL_CARD.md"


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a bundle says and holds; ``golden`` inputs and float32 outputs by name; ``created`` ISO 8601, UTC."""

    name: str
    version: str
    serial: int
    created: str
    tools: Mapping[str, str]
    origin: Origin
    target: Target
    task: Task
    contract: InputContract
    labels: tuple[Label, ...]
    output: str
    networks: Sequence[BuiltNetwork]
    golden: Mapping[str, AnyArray]
    model_card: str
    measurements: tuple[Measurement, ...]
    licences: tuple[Licence, ...]
    golden_from: str = ""
    sentence: SentenceModel | None = None
    documents: Mapping[str, bytes] = field(default_factory=dict)
    """Files beside the model card, by name."""


def write_bundle(
    contents: Contents, folder: Path, *, sign: Callable[[bytes], bytes] | None = None
) -> tuple[Path, Manifest]:
    """Write ``<name>-<version>-<target>.bundle`` into ``folder``, replacing one of that name.

    ``sign`` makes the signature of the manifest's bytes. Raises InputError when the disk refuses; nothing is left
    behind then.
    """
    files: dict[str, bytes] = {}
    networks = tuple(_network(built, files) for built in contents.networks)
    golden = _entry(GOLDEN, write_npz(contents.golden), files)
    card = _entry(MODEL_CARD, contents.model_card.encode(), files)
    documents = tuple(_entry(name, data, files) for name, data in contents.documents.items())
    manifest = Manifest.model_validate(
        {
            "name": contents.name,
            "version": contents.version,
            "serial": contents.serial,
            "created": contents.created,
            "tools": dict(contents.tools),
            "origin": contents.origin,
            "target": contents.target,
            "hardware": HARDWARE[contents.target],
            "task": contents.task,
            "input": contents.contract,
            "labels": contents.labels,
            "output": contents.output,
            "networks": networks,
            "golden": golden,
            "golden_from": contents.golden_from,
            "documents": (card, *documents),
            "measurements": contents.measurements,
            "licences": contents.licences,
            "sentence": contents.sentence,
        }
    )
    path = folder / bundle_file_name(manifest)
    write_file(path, manifest, files, signature=sign(manifest_json(manifest)) if sign else None)
    return path, manifest


def check_folder(folder: Path) -> None:
    """Make the folder if need be and prove that files can be written there; raises InputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            "the bundle cannot be written here",
            where=folder,
            expected="a folder that can be written to",
            found=error.strerror,
            remedy="name another with --output DIR",
        ) from error


def _network(built: BuiltNetwork, files: dict[str, bytes]) -> Network:
    entry = _entry(f"{built.role}-{built.variant}.onnx", built.model, files)
    return Network(
        **entry.model_dump(),
        role=built.role,
        variant=built.variant,
        opset=built.opset,
        ir_version=built.ir_version,
        quantization=built.quantization,
        parity=built.parity,
    )


def _entry(name: str, data: bytes, files: dict[str, bytes]) -> FileEntry:
    files[name] = data
    return file_entry(name, data)

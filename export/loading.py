"""From what a user has (a family's name or a class of their own, weights, labels) to a network ready for export.

Settings come from the command line first, then from the files that lie beside the checkpoint (``model_config.json``,
labels, ``metrics.json``, ``MODEL_CARD.md``), then from the family. What was assumed is written into
``LoadedModel.notes``, for people to read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from edge.bundle.manifest import InputContract, Label
from edge.errors import UsageError
from export.beside import Beside, look_beside
from export.checkpoints.deployment_package import is_package, read_package
from export.checkpoints.keras_import import is_keras, read_keras
from export.checkpoints.reading import Checkpoint, load_weights, read_checkpoint
from export.labels import check_count, read_labels
from export.models.base import LoadedModel, ModelFamily
from export.models.committee import build_committee, member_count
from export.models.registry import families, family

_WEIGHTS = "model.safetensors"
ASPECT = 4 / 3
"""Width / height of the pictures behind landmarks when nobody says: 640 x 480, as most recordings are."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the user said about the model; None where nothing was said."""

    checkpoint: Path | None = None
    labels: tuple[Label, ...] | None = None
    preprocess: str | None = None
    trust_pickle: bool = False
    labels_from: Path | None = None


def load_family(name: str | None, request: Request) -> LoadedModel:
    """A registered family with its shipped weights or the user's; without a name, the shipped model.

    Raises UsageError when weights have to be named, InputError when they or the labels cannot be used.
    """
    entry = family(name) if name else _shipped(request)
    path = request.checkpoint or (entry.checkpoint / _WEIGHTS if entry.checkpoint else None)
    if path is None:
        raise UsageError(f"no weights are shipped for {entry.name}", remedy="give yours with --checkpoint FILE")
    checkpoint = _read(path, entry, request)
    beside = look_beside(checkpoint.path)
    preprocess, notes = _preprocess(entry.preprocess, request, beside, path)
    members = member_count(checkpoint.tensors)
    labels, classes, label_notes = _labels(
        lambda n: _network(entry, build_committee(entry, n, preprocess, members)),
        checkpoint,
        request,
        beside,
        known=(entry.default_labels, entry.classes),
        what=entry.name,
    )
    module = build_committee(entry, classes, preprocess, members)
    bare = _network(entry, module)
    load_weights(bare if set(checkpoint.tensors) & set(bare.state_dict()) else module, checkpoint)
    return LoadedModel(
        family=entry.name,
        module=module.eval(),
        contract=entry.contract(preprocess),
        task=entry.task,
        labels=labels,
        parameters=sum(p.numel() for p in module.parameters()),
        checkpoint=path.name,
        checkpoint_sha256=checkpoint.sha256,
        preprocess=preprocess,
        calibrate=entry.calibrate,
        notes=(*notes, *label_notes, *checkpoint.notes),
        model_card=beside.model_card,
        measurements=beside.measurements,
        licence=beside.licence or ("MIT" if path.parent == entry.checkpoint else ""),
        licences=beside.licences,
    )


def load_module(
    build: Callable[[int], nn.Module], what: str, request: Request, *, frames: int | None = None
) -> LoadedModel:
    """A user's own network on hand landmarks, with our preprocessing in front; ``build(classes)`` makes it.

    ``frames`` is the only window length that it takes, None when it takes any. Raises UsageError without a
    checkpoint, InputError when weights or labels cannot be used.
    """
    from export.models.seed000 import PREPROCESS, SeedPreprocess, hand_sequence_contract

    if request.checkpoint is None:
        raise UsageError(f"the weights of {what} are missing", remedy="give them with --checkpoint FILE")
    checkpoint = read_checkpoint(request.checkpoint, trust_pickle=request.trust_pickle)
    beside = look_beside(request.checkpoint)
    preprocess, notes = _preprocess(PREPROCESS, request, beside, request.checkpoint)
    labels, classes, label_notes = _labels(build, checkpoint, request, beside, known=((), 2), what=what)
    network = build(classes)
    load_weights(network, checkpoint)
    module = Wrapped(SeedPreprocess(preprocess), network).eval()
    contract = with_frames(hand_sequence_contract(preprocess, aspect=beside.aspect or ASPECT), frames)
    if frames is not None:
        notes = (*notes, f"windows have exactly {frames} frames, as the model takes no other length")
    return LoadedModel(
        family=what,
        module=module,
        contract=contract,
        task="hand-sequence",
        labels=labels,
        parameters=sum(p.numel() for p in network.parameters()),
        checkpoint=request.checkpoint.name,
        checkpoint_sha256=checkpoint.sha256,
        preprocess=preprocess,
        notes=(*notes, *label_notes, *checkpoint.notes),
        model_card=beside.model_card,
        measurements=beside.measurements,
        licence=beside.licence,
        licences=beside.licences,
    )


def with_frames(contract: InputContract, frames: int | None) -> InputContract:
    """The same contract for windows of exactly ``frames`` frames; unchanged for None."""
    if frames is None or contract.window is None:
        return contract
    tensors = tuple(
        tensor.model_copy(
            update={
                "shape": tuple(frames if a == "time" else n for n, a in zip(tensor.shape, tensor.axes, strict=True))
            }
        )
        for tensor in contract.tensors
    )
    return contract.model_copy(
        update={"tensors": tensors, "window": contract.window.model_copy(update={"frames": frames})}
    )


class Wrapped(nn.Module):
    """Our preprocessing in front of a user's network, under the names that the rest of the export looks for."""

    def __init__(self, preprocess: nn.Module, network: nn.Module) -> None:
        super().__init__()
        self.preprocess = preprocess
        self.network = network

    def forward(self, landmarks: Tensor, mask: Tensor) -> Any:
        """Logits (N, classes)."""
        return self.network(self.preprocess(landmarks), mask)


def _shipped(request: Request) -> ModelFamily:
    if request.checkpoint is not None:
        names = ", ".join(entry.name for entry in families())
        raise UsageError(
            "--checkpoint needs to know which model it belongs to",
            expected="--model NAME or --factory MODULE:CALLABLE",
            remedy=f"the models here are {names}",
        )
    shipped = next((entry for entry in families() if entry.checkpoint), None)
    if shipped is None:
        raise UsageError("no model is shipped", remedy="give one with --model, --factory or --onnx")
    return shipped


def _read(path: Path, entry: ModelFamily, request: Request) -> Checkpoint:
    contract = entry.contract(entry.preprocess[0])
    if is_keras(path):
        return read_keras(path, _network(entry, entry.build(entry.classes, entry.preprocess[0])))
    if contract.image_size is not None and is_package(path):
        return read_package(path, size=contract.image_size[0], trust_pickle=request.trust_pickle)
    return read_checkpoint(path, trust_pickle=request.trust_pickle)


def _network(entry: ModelFamily, module: nn.Module) -> nn.Module:
    """The part that a published checkpoint holds."""
    return module.get_submodule(entry.network_prefix.rstrip("."))


def _labels(
    build: Callable[[int], nn.Module],
    checkpoint: Checkpoint,
    request: Request,
    beside: Beside,
    *,
    known: tuple[tuple[Label, ...], int],
    what: str,
) -> tuple[tuple[Label, ...], int, tuple[str, ...]]:
    """Labels, the number of classes, and what was assumed."""
    default, usual = known
    classes = class_count(build, checkpoint, usual)
    notes: tuple[str, ...] = ()
    where: object
    if request.labels is not None:
        labels, where = request.labels, request.labels_from or "--labels"
    elif beside.labels is not None:
        labels, where = beside.labels, beside.config
    elif beside.labels_file is not None:
        labels, where = read_labels(beside.labels_file), beside.labels_file
        notes = (f"labels are those of {beside.labels_file.name} beside the checkpoint",)
    elif default and classes in (None, len(default)):
        labels, where = default, checkpoint.path
        notes = (f"labels are those of the document of {what}",)
    else:
        found = f"{classes} classes in {checkpoint.path.name}" if classes else "a checkpoint alone"
        raise UsageError(f"what the classes of {what} mean is not known", found=found, remedy="give --labels FILE")
    if classes is not None:
        check_count(labels, classes, where=where, model=checkpoint.path.name)
    return labels, len(labels), notes


def class_count(build: Callable[[int], nn.Module], checkpoint: Checkpoint, usual: int) -> int | None:
    """How many classes a checkpoint was trained for, or None when the model does not depend on the number.

    Two networks with another number of classes differ in the shapes of their last layer: the same tensors of the
    checkpoint tell the number.
    """
    small, large = (build(n).state_dict() for n in (usual, usual + 1))
    counts: set[int] = set()
    for name, tensor in small.items():
        axes = [i for i, (a, b) in enumerate(zip(tensor.shape, large[name].shape, strict=True)) if b == a + 1]
        for key in (name, f"network.{name}"):
            have = checkpoint.tensors.get(key)
            if have is not None and have.ndim == tensor.ndim:
                counts |= {have.shape[i] for i in axes}
    return counts.pop() if len(counts) == 1 else None


def _preprocess(
    choices: tuple[str, ...], request: Request, beside: Beside, checkpoint: Path
) -> tuple[str, tuple[str, ...]]:
    if request.preprocess is not None:
        name, said = request.preprocess, "--preprocess"
    elif beside.preprocess is not None:
        name, said = beside.preprocess, f"{beside.config.name} beside {checkpoint.name}"
    else:
        name, said = choices[0], f"assumed: neither --preprocess nor a {beside.config.name} says otherwise"
    if name not in choices:
        where = None if request.preprocess is not None else beside.config
        raise UsageError("no such preprocessing", where=where, expected=" or ".join(choices), found=name)
    return name, (f"preprocessing {name} ({said})",)

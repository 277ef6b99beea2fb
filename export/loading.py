"""From what a user has (a family's name or a class of their own, weights, labels) to a network ready for export.

Settings come from the command line first, then from the files that lie beside the checkpoint (``model_config.json``,
labels, ``metrics.json``, ``MODEL_CARD.md``), then from the family. What was assumed is written into
``LoadedModel.notes``, for people to read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from edge.bundle.manifest import InputContract, Label, Licence
from edge.errors import InputError, UsageError
from export.checkpoints.reading import Checkpoint, load_weights, read_checkpoint
from export.labels import check_count, checked_labels, read_labels
from export.models.base import LoadedModel, ModelFamily
from export.models.registry import families, family

CONFIG = "model_config.json"
_WEIGHTS = "model.safetensors"
_LABEL_FILES = ("labels.json", "labels.txt", "label_encoder_classes.npy")


@dataclass(frozen=True, slots=True)
class Request:
    """What the user said about the model; None where nothing was said."""

    checkpoint: Path | None = None
    labels: Path | None = None
    preprocess: str | None = None
    trust_pickle: bool = False


@dataclass(frozen=True, slots=True)
class Beside:
    """What lies beside a checkpoint."""

    config: Mapping[str, Any]
    model_card: str
    measurements: tuple[Mapping[str, Any], ...]
    labels: Path | None


def load_family(name: str | None, request: Request) -> LoadedModel:
    """A registered family with its shipped weights or the user's; without a name, the shipped model.

    Raises UsageError when weights have to be named, InputError when they or the labels cannot be used.
    """
    entry = family(name) if name else _shipped(request)
    path = request.checkpoint or (entry.checkpoint / _WEIGHTS if entry.checkpoint else None)
    if path is None:
        raise UsageError(f"no weights are shipped for {entry.name}", remedy="give yours with --checkpoint FILE")
    checkpoint = read_checkpoint(path, trust_pickle=request.trust_pickle)
    beside = _beside(path)
    preprocess, notes = _preprocess(entry.preprocess, request, beside, path)
    labels, classes, label_notes = _labels(
        lambda n: _network(entry, entry.build(n, preprocess)),
        checkpoint,
        request,
        beside,
        known=(entry.default_labels, entry.classes),
        what=entry.name,
    )
    module = entry.build(classes, preprocess)
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
        notes=(*notes, *label_notes, *checkpoint.notes),
        model_card=beside.model_card,
        measurements=beside.measurements,
        licence=_licence(beside, path) or ("MIT" if path.parent == entry.checkpoint else ""),
        licences=_licences(beside, path),
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
    beside = _beside(request.checkpoint)
    preprocess, notes = _preprocess(PREPROCESS, request, beside, request.checkpoint)
    labels, classes, label_notes = _labels(build, checkpoint, request, beside, known=((), 2), what=what)
    network = build(classes)
    load_weights(network, checkpoint)
    module = Wrapped(SeedPreprocess(preprocess), network).eval()
    contract = with_frames(
        hand_sequence_contract(preprocess, aspect=_aspect(beside.config, request.checkpoint)), frames
    )
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
        licence=_licence(beside, request.checkpoint),
        licences=_licences(beside, request.checkpoint),
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
    if request.labels is not None:
        labels, where = read_labels(request.labels), request.labels
    elif "labels" in beside.config:
        where = checkpoint.path.parent / CONFIG
        labels = _config_labels(beside.config["labels"], where)
    elif beside.labels is not None:
        labels, where = read_labels(beside.labels), beside.labels
        notes = (f"labels are those of {beside.labels.name} beside the checkpoint",)
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


def _config_labels(value: Any, where: Path) -> tuple[Label, ...]:
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        try:
            return tuple(Label.model_validate(item) for item in value)
        except ValueError as error:
            raise InputError("the labels are not valid", where=where, found=str(error).splitlines()[0]) from error
    if not isinstance(value, list):
        raise InputError("the labels are not a list", where=where, found=type(value).__name__)
    return checked_labels(value, where=where)


def _preprocess(
    choices: tuple[str, ...], request: Request, beside: Beside, checkpoint: Path
) -> tuple[str, tuple[str, ...]]:
    if request.preprocess is not None:
        name, said = request.preprocess, "--preprocess"
    elif "preprocess" in beside.config:
        name, said = str(beside.config["preprocess"]), f"{CONFIG} beside {checkpoint.name}"
    else:
        name, said = choices[0], f"assumed: neither --preprocess nor a {CONFIG} says otherwise"
    if name not in choices:
        where = None if request.preprocess is not None else checkpoint.parent / CONFIG
        raise UsageError("no such preprocessing", where=where, expected=" or ".join(choices), found=name)
    return name, (f"preprocessing {name} ({said})",)


def _beside(checkpoint: Path) -> Beside:
    folder = checkpoint.parent
    config = _json(folder / CONFIG)
    metrics = _json(folder / "metrics.json")
    card = folder / "MODEL_CARD.md"
    return Beside(
        config=config,
        model_card=card.read_text("utf-8") if card.is_file() else "",
        measurements=tuple(item for item in metrics.get("measurements", ()) if isinstance(item, dict)),
        labels=next((folder / name for name in _LABEL_FILES if (folder / name).is_file()), None),
    )


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError("cannot be read as JSON", where=path, found=error, remedy="mend or remove it") from error
    if not isinstance(value, dict):
        raise InputError("not a JSON object", where=path, found=type(value).__name__, remedy="mend or remove it")
    return value


def _licence(beside: Beside, checkpoint: Path) -> str:
    value = beside.config.get("licence", beside.config.get("license", ""))
    if not isinstance(value, str):
        raise InputError("licence is no text", where=checkpoint.parent / CONFIG, found=type(value).__name__)
    return value


def _licences(beside: Beside, checkpoint: Path) -> tuple[Licence, ...]:
    try:
        return tuple(Licence.model_validate(item) for item in beside.config.get("licences", ()))
    except (TypeError, ValueError) as error:
        where = checkpoint.parent / CONFIG
        raise InputError("licences are not valid", where=where, found=str(error).splitlines()[0]) from error


def _aspect(config: Mapping[str, Any], checkpoint: Path) -> float:
    value = config.get("aspect", 4 / 3)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.1 < value < 10:
        raise InputError(
            "aspect is no width / height", where=checkpoint.parent / CONFIG, expected="0.1 to 10", found=value
        )
    return float(value)

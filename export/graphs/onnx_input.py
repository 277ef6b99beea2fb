"""A network that comes as an ONNX file: which of the known input contracts it meets, and what has to be upgraded.

Its inputs must carry the contract's names, types and shapes (DESIGN section 2), since that is what a device feeds:
``landmarks`` float32 (N, T, 2, 21, 3) with ``mask`` float32 (N, T), or ``image`` uint8 (N, H, W, 3) RGB. There must be
one output, float32 (N, classes). T may be free or fixed, N free or 1.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import onnx
from onnx import TensorProto, ValueInfoProto

from edge.bundle.manifest import InputContract, Task, Tensor, Window
from edge.errors import InputError
from export.graphs.torch_onnx import IR_VERSION, OPSET

NEWEST_OPSET = 20
"""What ONNX Runtime 1.20 and TensorRT 10.3 both read."""
_CONTRACTS = (
    "landmarks float32 (N, T, 2, 21, 3) and mask float32 (N, T), or image uint8 (N, H, W, 3), so named, N free or 1"
)
_WINDOW = Window(frames=30, rate=15)
_REMEDY = "put the preprocessing into the graph and name the inputs so"


@dataclass(frozen=True, slots=True)
class OnnxFile:
    """A user's network: ``original`` as it came, ``model`` as it is bundled."""

    original: bytes
    model: bytes
    sha256: str
    task: Task
    contract: InputContract
    classes: int | None
    output: Literal["logits", "probabilities"]
    parameters: int
    notes: tuple[str, ...]


def read_onnx(path: Path) -> OnnxFile:
    """Read and check a file; raises InputError that names what was expected and found."""
    try:
        data = path.read_bytes()
        proto = onnx.load(path)  # with weights that lie in files beside it
        onnx.checker.check_model(proto)
    except OSError as error:
        raise InputError(
            "the ONNX file cannot be read", where=path, found=error.strerror or error, remedy="check the path"
        ) from error
    except Exception as error:  # protobuf's, onnx's and numpy's errors share no class
        raise InputError(
            "not a valid ONNX file",
            where=path,
            found=f"{len(data)} bytes ({str(error).strip().splitlines()[0][:120]})",
            remedy="export or copy it again",
        ) from error
    task, contract = _contract(proto.graph, path)
    classes = _classes(proto.graph, path)
    original = bytes(proto.SerializeToString(deterministic=True))
    upgraded, notes = _upgraded(proto, path)
    last = next((n for n in upgraded.graph.node if upgraded.graph.output[0].name in n.output), None)
    return OnnxFile(
        original=original,
        model=bytes(upgraded.SerializeToString(deterministic=True)),
        sha256=hashlib.sha256(data).hexdigest(),
        task=task,
        contract=contract,
        classes=classes,
        output="probabilities" if last is not None and last.op_type == "Softmax" else "logits",
        parameters=sum(_size(t) for t in upgraded.graph.initializer if t.data_type == TensorProto.FLOAT),
        notes=notes,
    )


def _contract(graph: onnx.GraphProto, path: Path) -> tuple[Task, InputContract]:
    weights = {tensor.name for tensor in graph.initializer}
    inputs = {value.name: value for value in graph.input if value.name not in weights}
    shapes = {name: _shape(value) for name, value in inputs.items()}
    types = {name: _type(value) for name, value in inputs.items()}
    one_by_one = all(shape and shape[0] in (None, 1) for shape in shapes.values())  # as a device feeds it
    if one_by_one and types == {"landmarks": "float32", "mask": "float32"}:
        landmarks, mask = shapes["landmarks"], shapes["mask"]
        if len(landmarks) == 5 and landmarks[2:] == (2, 21, 3) and mask == landmarks[:2]:
            return "hand-sequence", _hand_contract(landmarks, mask)
    if one_by_one and types == {"image": "uint8"}:
        shape = shapes["image"]
        if len(shape) == 4 and shape[3] == 3 and shape[1] is not None and shape[2] is not None:
            tensor = Tensor(name="image", dtype="uint8", shape=shape, axes=("batch", "height", "width", "rgb"))
            return "image", InputContract(tensors=(tensor,), image_size=(shape[1], shape[2]))
    found = "; ".join(f"{n} {types[n]} ({', '.join('?' if i is None else str(i) for i in shapes[n])})" for n in inputs)
    raise InputError(
        "the ONNX file has other inputs", where=path, expected=_CONTRACTS, found=found or "none", remedy=_REMEDY
    )


def _hand_contract(landmarks: tuple[int | None, ...], mask: tuple[int | None, ...]) -> InputContract:
    frames = landmarks[1]
    return InputContract(
        tensors=(
            Tensor(
                name="landmarks",
                dtype="float32",
                shape=landmarks,
                axes=("batch", "time", "hand", "landmark", "xyz"),
            ),
            Tensor(name="mask", dtype="float32", shape=mask, axes=("batch", "time")),
        ),
        aspect=4 / 3,
        window=_WINDOW if frames is None else _WINDOW.model_copy(update={"frames": frames}),
    )


def _classes(graph: onnx.GraphProto, path: Path) -> int | None:
    expected = "one output, float32 (N, classes)"
    if len(graph.output) != 1:
        raise InputError(
            "the ONNX file has other outputs",
            where=path,
            expected=expected,
            found=", ".join(value.name for value in graph.output) or "none",
        )
    value = graph.output[0]
    shape = _shape(value)
    if _type(value) != "float32" or len(shape) != 2:
        raise InputError(
            "the ONNX file has another output",
            where=path,
            expected=expected,
            found=f"{value.name} {_type(value)} ({', '.join('?' if n is None else str(n) for n in shape)})",
        )
    return shape[1]


def _upgraded(proto: onnx.ModelProto, path: Path) -> tuple[onnx.ModelProto, tuple[str, ...]]:
    versions = {entry.domain or "ai.onnx": entry.version for entry in proto.opset_import}
    opset = versions.get("ai.onnx", 0)
    custom = sorted(domain for domain in versions if domain not in ("ai.onnx", "ai.onnx.ml"))
    used = sorted({node.domain for node in proto.graph.node} & set(custom))
    if used:
        raise InputError(
            "the ONNX file uses operators that are not ONNX's own",
            where=path,
            expected="operators of ai.onnx",
            found=", ".join(used),
            remedy="export it without graph optimisation",
        )
    if opset > NEWEST_OPSET:
        raise InputError(
            "the ONNX file is too new for the devices",
            where=path,
            expected=f"opset <= {NEWEST_OPSET}",
            found=f"opset {opset}",
            remedy=f"export it with opset_version={OPSET}",
        )
    notes: tuple[str, ...] = ()
    if opset < OPSET:
        try:
            proto = onnx.version_converter.convert_version(proto, OPSET)
        except Exception as error:  # the converter's C++ side raises RuntimeError and others
            raise InputError(
                "the ONNX file is too old and cannot be upgraded",
                where=path,
                expected=f"opset {OPSET} to {NEWEST_OPSET}",
                found=f"opset {opset} ({str(error).strip().splitlines()[0][:100]})",
                remedy=f"export it with opset_version={OPSET}",
            ) from error
        notes = (f"upgraded from opset {opset} to {OPSET}",)
    if proto.ir_version > IR_VERSION:
        notes = (*notes, f"IR version {proto.ir_version} written as {IR_VERSION}, which older runtimes read")
        proto.ir_version = IR_VERSION
    onnx.checker.check_model(proto)
    return proto, notes


def _shape(value: ValueInfoProto) -> tuple[int | None, ...]:
    return tuple(d.dim_value if d.HasField("dim_value") else None for d in value.type.tensor_type.shape.dim)


def _type(value: ValueInfoProto) -> str:
    kind = value.type.tensor_type.elem_type
    name = str(TensorProto.DataType.Name(kind)).lower()
    return {"float": "float32"}.get(name, name)


def _size(tensor: TensorProto) -> int:
    size = 1
    for n in tensor.dims:
        size *= n
    return size

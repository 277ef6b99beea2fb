"""The whole pipeline against MediaPipe 0.10.21 itself, which runs in its own environment."""

import sys

import numpy as np
import pytest

from benchmarks import landmarks_scenes as scenes
from benchmarks.landmarks_agreement import compare
from benchmarks.landmarks_backend import Backend, worker_command
from edge.errors import DependencyError

pytestmark = [pytest.mark.reference, pytest.mark.slow]


@pytest.fixture(scope="module")
def commands(reference_python, tmp_path_factory):
    from export.graphs.faces import face_networks
    from export.graphs.hands import hand_networks

    folder = tmp_path_factory.mktemp("networks")
    try:
        built = (*hand_networks(precisions=("fp32", "int8")), *face_networks())
    except DependencyError as error:
        pytest.skip(str(error))
    files = {(n.role, n.variant): folder / f"{n.role}-{n.variant}.onnx" for n in built}
    for network in built:
        files[network.role, network.variant].write_bytes(network.model)

    def ours(kind, first, second):
        return worker_command(sys.executable, kind, str(files[first]), str(files[second]))

    return {
        "mediapipe": worker_command(reference_python, "mediapipe"),
        "mediapipe-face": worker_command(reference_python, "mediapipe-face"),
        "fp32": ours("fingerpost", ("palm", "fp32"), ("hand", "fp32")),
        "int8": ours("fingerpost", ("palm", "fp32"), ("hand", "int8")),
        "face": ours("fingerpost-face", ("face-detector", "fp32"), ("face", "fp32")),
    }


def agreement(commands, names, scene, frames, folder):
    path = scene.write(folder / "scene.npz")
    found = {}
    for name in names:
        with Backend(name, commands[name], folder) as backend:
            found[name] = backend.run(path)
    return {name: compare(found[names[0]], found[name], scene.sizes, frames) for name in names[1:]}


def test_a_moving_hand_is_where_mediapipe_sees_it(commands, tmp_path):
    scene = scenes.one_hand()
    every = range(len(scene.order))
    rows = agreement(commands, ("mediapipe", "fp32", "int8"), scene, every, tmp_path)
    assert rows["fp32"].hands == len(every)
    assert rows["fp32"].mean < 0.003
    assert rows["fp32"].p95 < 0.01
    assert rows["int8"].mean < 0.01
    assert rows["fp32"].missed == rows["fp32"].extra == 0
    assert rows["fp32"].sides <= 2


def test_real_hands_are_where_mediapipe_sees_them(commands, tmp_path, data_dir):
    pictures = [p for source in scenes.SOURCES for p in scenes.real_pictures(data_dir, source, 20)]
    scene, last = scenes.stills([scenes.read_picture(p) for p in pictures])
    rows = agreement(commands, ("mediapipe", "fp32", "int8"), scene, last, tmp_path)
    assert rows["fp32"].hands > 25
    assert rows["fp32"].mean < 0.003
    assert rows["fp32"].p95 < 0.01
    assert rows["int8"].mean < 0.015
    assert rows["fp32"].missed + rows["fp32"].extra <= 1


def test_real_hands_that_move_are_where_mediapipe_sees_them(commands, tmp_path, data_dir):
    pictures = [p for source in scenes.SOURCES for p in scenes.real_pictures(data_dir, source, 4)]
    scene = scenes.moving(*(scenes.panned(scenes.read_picture(p)) for p in pictures))
    row = agreement(commands, ("mediapipe", "fp32"), scene, range(len(scene.order)), tmp_path)["fp32"]
    assert row.hands > 150
    assert row.mean < 0.003
    assert row.p95 < 0.01
    assert row.missed + row.extra <= 0.01 * row.hands


def test_a_real_face_is_where_holistic_sees_it(commands, tmp_path):
    scene = scenes.moving_face()
    every = range(len(scene.order))
    row = agreement(commands, ("mediapipe-face", "face"), scene, every, tmp_path)["face"]
    assert row.hands >= 0.95 * len(every)
    assert row.mean < 0.01
    assert np.isfinite(row.p95)

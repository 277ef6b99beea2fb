import cv2
import numpy as np
import pytest

from benchmarks import landmarks_scenes as scenes
from benchmarks.landmarks_scenes import Scene
from edge.errors import InputError


def picture(value: int, width: int = 8) -> np.ndarray:
    return np.full((6, width, 3), value, np.uint8)


def test_stills_are_shown_a_few_times_and_the_last_counts(tmp_path):
    scene, frames = scenes.stills([picture(1), picture(2, width=10)])
    assert list(scene.order) == [0, 0, 0, 1, 1, 1]
    assert list(scene.starts) == [0, 3]
    assert list(frames) == [2, 5]
    assert scene.sizes[3:] == [(10, 6)] * 3
    with np.load(scene.write(tmp_path / "scene.npz")) as data:
        assert data["reset"].tolist() == [True, False, False, True, False, False]
        assert (data["i1"] == 2).all()


def test_each_moving_sequence_begins_another_source():
    scene = scenes.moving([picture(1), picture(2)], [picture(3)])
    assert list(scene.order) == [0, 1, 2]
    assert list(scene.starts) == [0, 2]


def test_a_slower_pan_moves_less_from_frame_to_frame():
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)

    def change(sequence):
        return np.mean([np.abs(a.astype(int) - b).mean() for a, b in zip(sequence[1:], sequence, strict=False)])

    assert change(scenes.panned(cv2.blur(image, (9, 9)), 10, pace=0.2)) < 0.5 * change(
        scenes.panned(cv2.blur(image, (9, 9)), 10)
    )


def test_the_last_bit_is_all_that_changes():
    scene = Scene([picture(0), picture(100), picture(255)], range(3))
    changed = scenes.last_bit_changed(scene)
    off = np.stack(changed.images).astype(int) - np.stack(scene.images)
    assert set(np.unique(off)) == {-1, 0, 1}


def test_pictures_that_calibrated_are_not_judged(tmp_path):
    folder = tmp_path / "letters_images" / "vita" / "A"
    folder.mkdir(parents=True)
    for i in range(12):
        cv2.imwrite(str(folder / f"{i:02}.jpg"), picture(i))
    assert [p.stem for p in scenes.real_pictures(tmp_path, "vita", 99)] == [f"{i:02}" for i in range(12) if i % 6]
    assert len(scenes.real_pictures(tmp_path, "vita", 3)) == 3
    with pytest.raises(InputError, match="no pictures of letters"):
        scenes.real_pictures(tmp_path, "asl_alphabet_train", 3)


def test_the_portrait_of_the_face_scene_is_shown_three_ways():
    scene = scenes.moving_face()
    assert len(scene.starts) == 3
    assert len(set(scene.sizes)) <= 2

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from edge.capture import recording
from edge.capture.recording import LandmarkRecording
from edge.errors import SourceError


def landmarks(frames: int = 6) -> np.ndarray:
    array = np.random.default_rng(0).random((frames, 2, 21, 3), dtype=np.float32)
    array[:, 0] = 0
    array[3] = 0
    return array


def save(path: Path, **arrays: object) -> Path:
    np.savez(path, **arrays)
    return path


def test_yields_each_frames_hands(tmp_path):
    array = landmarks()
    hands = list(LandmarkRecording(save(tmp_path / "r.npz", landmarks=array)))
    assert [h.index for h in hands] == list(range(6))
    np.testing.assert_array_equal(np.stack([h.landmarks for h in hands]), array)
    assert [h.presence for h in hands] == [(0, 1), (0, 1), (0, 1), (0, 0), (0, 1), (0, 1)]
    assert [h.time for h in hands] == pytest.approx([n / 30 for n in range(6)])
    assert hands[0].aspect == pytest.approx(4 / 3)


def test_its_own_times_and_aspect_are_kept(tmp_path):
    times = np.array([0, 0.1, 0.3, 0.35, 0.5, 0.9])
    path = save(tmp_path / "r.npz", landmarks=landmarks().astype(np.float64), time=times, aspect=16 / 9)
    hands = list(LandmarkRecording(path, fps=5))
    assert [h.time for h in hands] == pytest.approx(times)
    assert hands[0].aspect == pytest.approx(16 / 9)
    assert hands[0].landmarks.dtype == np.float32


@pytest.mark.parametrize(("asked", "stored", "rate"), [(None, 15, 15), (8.0, 15, 8), (None, None, 30)])
def test_the_rate_is_the_askers_then_the_files_then_thirty(tmp_path, asked, stored, rate):
    arrays = {"landmarks": landmarks()} | ({"fps": stored} if stored else {})
    hands = list(LandmarkRecording(save(tmp_path / "r.npz", **arrays), fps=asked))
    assert hands[-1].time == pytest.approx(5 / rate)


def holistic(frames: int = 4) -> np.ndarray:
    """Rows with a face and a right hand; the pose and the left hand are missing, in frame 2 the face as well."""
    array = np.full((frames, 543, 3), np.nan, np.float32)
    array[:, :468], array[:, 522:] = 0.25, 0.5
    array[2, :468] = np.nan
    return array


def test_rows_of_a_holistic_recording_become_hands_and_a_face(tmp_path):
    recording = LandmarkRecording(save(tmp_path / "r.npz", landmarks=holistic().astype(np.float64), fps=10))
    hands = list(recording)
    assert recording.delivers == "holistic" and recording.length == len(hands) == 4
    assert all(h.presence == (0, 1) and (h.landmarks[1] == 0.5).all() for h in hands)
    assert not any(h.landmarks[0].any() for h in hands)
    assert [h.face is None for h in hands] == [False, False, True, False]
    assert (hands[0].face == 0.25).all() and hands[0].face.shape == (468, 3)


def test_a_recording_of_hands_has_no_face(tmp_path):
    recording = LandmarkRecording(save(tmp_path / "r.npz", landmarks=landmarks()))
    assert recording.delivers == "hands" and next(iter(recording)).face is None


def with_nan() -> np.ndarray:
    array = landmarks()
    array[2, 1, 4, 0] = np.nan
    return array


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"points": landmarks()}, "has no `landmarks`; expected an array `landmarks`; found points"),
        ({"landmarks": landmarks()[:, 0]}, "wrong shape or type; expected float"),
        ({"landmarks": landmarks()[None]}, r"found float32 \(1, 6, 2, 21, 3\). This is a set of recordings"),
        ({"landmarks": landmarks()[:0]}, "wrong shape or type"),
        ({"landmarks": landmarks().astype(int)}, "found int64"),
        ({"landmarks": with_nan()}, "values that are no numbers; expected a missing hand as zeros; found 1 frames"),
        ({"landmarks": holistic()[None]}, r"found float32 \(1, 4, 543, 3\). This is a set of recordings"),
        ({"landmarks": holistic() * np.inf}, "values that are no numbers"),
        ({"landmarks": holistic() * 640}, "not relative to the picture"),
        ({"landmarks": landmarks() * 640}, "not relative to the picture"),
        ({"landmarks": landmarks(), "time": np.arange(5)}, "`time` does not fit"),
        ({"landmarks": landmarks(), "time": np.zeros(6)}, "`time` does not grow"),
        ({"landmarks": landmarks(), "time": np.full(6, np.nan)}, "`time` does not grow"),
        ({"landmarks": landmarks(), "fps": 0}, "`fps` is out of range"),
        ({"landmarks": landmarks(), "fps": "fast"}, "`fps` is not one number"),
        ({"landmarks": landmarks(), "aspect": [1.0, 2.0]}, "`aspect` is not one number"),
        ({"landmarks": landmarks(), "aspect": np.nan}, "`aspect` is out of range"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, arrays, says):
    with pytest.raises(SourceError, match=says) as caught:
        LandmarkRecording(save(tmp_path / "r.npz", **arrays))
    assert str(caught.value).startswith(f"{tmp_path}/r.npz: ")


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("/tmp/fingerpost-was-unpickled"),))  # noqa: S108 - must never come to be


def test_object_arrays_are_refused_and_never_unpickled(tmp_path):
    path = save(tmp_path / "r.npz", landmarks=np.array([Bomb()], dtype=object))
    with pytest.raises(SourceError, match="no landmark recording that can be read"):
        LandmarkRecording(path)
    assert not Path("/tmp/fingerpost-was-unpickled").exists()  # noqa: S108


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 broken", pickle.dumps({"landmarks": 1})])
def test_a_file_that_is_no_npz_is_refused(tmp_path, content):
    path = tmp_path / "r.npz"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"r\.npz: (the file is empty|this is no landmark recording)"):
        LandmarkRecording(path)


def test_a_truncated_recording_is_refused(tmp_path):
    path = save(tmp_path / "r.npz", landmarks=landmarks())
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(SourceError, match="no landmark recording that can be read"):
        LandmarkRecording(path)


def test_a_flipped_byte_is_noticed(tmp_path):
    path = save(tmp_path / "r.npz", landmarks=landmarks())
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(SourceError, match="no landmark recording that can be read"):
        LandmarkRecording(path)


def test_what_would_inflate_beyond_the_limit_is_refused_before_it_is_inflated(tmp_path, monkeypatch):
    monkeypatch.setattr(recording, "_MAX_BYTES", 1 << 20)
    monkeypatch.setattr(np, "load", lambda *args, **options: pytest.fail("it was loaded"))
    path = tmp_path / "r.npz"
    np.savez_compressed(path, landmarks=np.zeros((3000, 2, 21, 3), np.float32))
    assert path.stat().st_size < 10_000
    with pytest.raises(SourceError, match="too large; expected at most 1 GiB; found 15"):
        LandmarkRecording(path)

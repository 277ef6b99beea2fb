"""Samples, and what the shipped bundle reads in them."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from edge.config import RunSettings
from edge.errors import InputError
from edge.gallery import SampleReader
from edge.samples.library import EACH, find_samples


def hands(frames: int = 12, hand: int = 1) -> np.ndarray:
    landmarks = np.zeros((frames, 2, 21, 3), np.float32)
    landmarks[:, hand] = 0.5
    return landmarks


def test_the_shipped_samples_are_the_clips_letters_in_order():
    samples = find_samples(None)
    assert [sample.label for sample in samples] == list("HELLO")
    frames = samples[1].read()
    assert len(frames) == 25 and all(each.count == 1 for each in frames)


def test_a_folder_of_npz_gives_a_few_of_each_label(tmp_path):
    labels = np.array(["B", "A", "A", "A"])
    np.savez(tmp_path / "many.npz", landmarks=np.stack([hands()] * 4), labels=labels)
    np.savez(tmp_path / "still.npz", landmarks=hands()[0, 1][None], labels=np.array(["C"]))
    np.savez(tmp_path / "hello_3.npz", landmarks=hands(), fps=np.float32(25))
    samples = find_samples(tmp_path)
    assert [sample.label for sample in samples] == ["A"] * EACH + ["B", "C", "hello"]
    still = samples[3].read()
    assert len(still) > 5 and still[0].count == 1
    assert samples[4].timed and samples[4].read()[1].time == pytest.approx(1 / 25)


def test_kaggles_layout_is_read(tmp_path):
    pytest.importorskip("pyarrow")
    import pyarrow
    import pyarrow.parquet

    rows = np.full((6, 543, 3), np.nan, np.float32)
    rows[:, 522:] = 0.25
    table = pyarrow.table({name: rows[..., place].ravel() for place, name in enumerate("xyz")})
    pyarrow.parquet.write_table(table, tmp_path / "7.parquet")
    with (tmp_path / "train.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["path", "participant_id", "sign"], ["7.parquet", "1", "cat"]])
    (sample,) = find_samples(tmp_path)
    frames = sample.read()
    assert (sample.label, len(frames)) == ("cat", 6)
    assert frames[0].landmarks[1, 0, 0] == 0.25 and not frames[0].landmarks[0].any() and frames[0].face is None


@pytest.mark.parametrize("path", ["../7.parquet", "/etc/passwd"])
def test_a_table_leads_nowhere_else(tmp_path, path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "train.csv").write_text(f"path,sign\n{path},cat\n")
    with pytest.raises(InputError, match="out of the folder"):
        find_samples(tmp_path / "in")


def test_folders_without_recordings_and_damaged_ones_are_named(tmp_path):
    with pytest.raises(InputError, match="no recordings here"):
        find_samples(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        find_samples(tmp_path / "absent")
    (tmp_path / "train.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="table cannot be read"):
        find_samples(tmp_path)


def test_an_npz_that_is_none_is_named(tmp_path):
    (tmp_path / "x.npz").write_bytes(b"PK nonsense")
    with pytest.raises(InputError, match=r"x\.npz"):
        find_samples(tmp_path)


def test_the_shipped_bundle_reads_the_shipped_samples(demo_bundle):
    reader = SampleReader(RunSettings("demo", bundle=demo_bundle))
    read = [reader.classify(number) for number in range(5)]
    reader.close()
    assert "".join(each["label"] for each in read) == "HELLO"
    assert all(each["confidence"] > 0.8 and len(each["others"]) == 3 for each in read)
    assert reader.sentence([(each["label"], each["kind"]) for each in read]) == {"text": "Hello.", "read": "HELLO"}


def test_there_are_only_as_many_samples_as_there_are(demo_bundle):
    reader = SampleReader(RunSettings("demo", bundle=demo_bundle))
    for number in (-1, 5):
        with pytest.raises(InputError, match="no such sample"):
            reader.classify(number)


@pytest.mark.slow
def test_the_shipped_landmarks_are_what_the_pipeline_finds_in_the_shipped_clip(demo_bundle):
    """They were made so: the fp32 networks on every frame of the clip, rounded to four digits and kept as float16."""
    from edge.bundle.choice import onnx_engines
    from edge.bundle.reader import open_bundle
    from edge.capture.opening import open_source
    from edge.landmarks import HandPipeline
    from edge.samples import demo_landmarks

    make, _ = onnx_engines(1)
    with open_bundle(demo_bundle) as bundle:
        pipeline = HandPipeline(
            make(bundle.network("palm", "fp32"), "palm"), make(bundle.network("hand", "fp32"), "hand")
        )
    source = open_source("demo", fps=None, realtime=False, patient=False)
    found = np.stack([pipeline.process(frame).landmarks for frame in source])
    with np.load(demo_landmarks()) as file:
        assert np.abs(file["landmarks"].astype(np.float32) - found).max() < 2e-3

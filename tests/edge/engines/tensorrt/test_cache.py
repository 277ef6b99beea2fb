"""Plans on the disk: the key, damage, locks, and a disk that refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edge.engines.tensorrt.cache import Key, PlanCache
from edge.engines.tensorrt.fake import FAKE_GPU, FAKE_MACHINE
from edge.engines.tensorrt.job import Built
from edge.errors import EngineError

_KEY = Key("ab" * 32, "fp16", {"x": (1, 4)}, FAKE_MACHINE)
_BUILT = Built("yes", 1, 4, 1, "fake", recorded=True, seconds=1.0)


def _published(cache: PlanCache, key: Key = _KEY, data: bytes = b"plan") -> None:
    cache.folder.mkdir(exist_ok=True)
    scratch = cache.scratch(key)
    scratch.write_bytes(data)
    cache.publish(key, scratch, _BUILT, "toy")


def test_the_key_changes_with_all_that_a_plan_depends_on() -> None:
    other = [
        replace(_KEY, model="cd" * 32),
        replace(_KEY, precision="fp32"),
        replace(_KEY, shapes={"x": (1, 5)}),
        replace(_KEY, machine=replace(FAKE_MACHINE, tensorrt="10.3.1")),
        replace(_KEY, machine=replace(FAKE_MACHINE, board="another board")),
        replace(_KEY, machine=replace(FAKE_MACHINE, gpu=replace(FAKE_GPU, capability="8.6"))),
        replace(_KEY, machine=replace(FAKE_MACHINE, gpu=replace(FAKE_GPU, driver="CUDA 13.0"))),
        replace(_KEY, machine=replace(FAKE_MACHINE, gpu=replace(FAKE_GPU, name="Thor"))),
    ]
    assert len({key.name for key in (_KEY, *other)}) == len(other) + 1
    assert replace(_KEY, shapes={"x": (1, 4)}).name == _KEY.name


def test_a_plan_counts_only_when_it_is_whole(tmp_path: Path) -> None:
    cache = PlanCache(tmp_path)
    _published(cache)
    assert cache.find(_KEY) == b"plan"
    (tmp_path / f"{_KEY.name}.plan").write_bytes(b"plam")
    assert cache.find(_KEY) is None and not list(tmp_path.glob("*.plan")), "what is damaged is removed"
    _published(cache)
    (tmp_path / f"{_KEY.name}.json").write_text("[]")
    assert cache.find(_KEY) is None
    _published(cache)
    (tmp_path / f"{_KEY.name}.json").unlink()
    assert cache.find(_KEY) is None, "power failed between the two renames"


def test_a_plan_for_another_driver_is_forgotten_when_a_new_one_is_built(tmp_path: Path) -> None:
    cache = PlanCache(tmp_path)
    old = replace(_KEY, machine=replace(FAKE_MACHINE, tensorrt="10.2.0"))
    foreign = replace(_KEY, model="ef" * 32)
    for key in (old, foreign, _KEY):
        _published(cache, key)
    assert cache.find(old) is None and cache.find(foreign) == cache.find(_KEY) == b"plan"


def test_success_ends_a_quarantine(tmp_path: Path) -> None:
    cache = PlanCache(tmp_path)
    cache.quarantine(_KEY, "no memory")
    cache.quarantine(_KEY, "no memory")
    failure = cache.failure(_KEY)
    assert failure is not None and failure.attempts == 2
    _published(cache)
    assert cache.failure(_KEY) is None


def test_a_damaged_note_of_failure_is_none(tmp_path: Path) -> None:
    (tmp_path / f"{_KEY.name}.failed").write_text('{"attempts": "many"}')
    assert PlanCache(tmp_path).failure(_KEY) is None


def test_whoever_waits_too_long_for_another_builder_is_told(tmp_path: Path) -> None:
    cache, waits = PlanCache(tmp_path), []
    with (
        cache.alone(_KEY, patience=1, waiting=lambda: None),
        pytest.raises(EngineError, match="another process"),
        cache.alone(_KEY, patience=0.3, waiting=lambda: waits.append(1)),
    ):
        pass
    assert waits
    with cache.alone(_KEY, patience=0, waiting=lambda: None):
        pass


def test_what_a_killed_build_left_behind_is_removed_by_the_next(tmp_path: Path) -> None:
    cache, foreign = PlanCache(tmp_path), replace(_KEY, model="ef" * 32)
    half_written = tmp_path / f"{_KEY.name}.1.new"
    for path in (half_written, cache.scratch(foreign)):
        path.write_bytes(b"half a plan")
    with cache.alone(_KEY, patience=0, waiting=lambda: None):
        assert not half_written.exists() and cache.scratch(foreign).exists(), "another network's build may go on"


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "engines").write_text("a file")
    with (
        pytest.raises(EngineError, match=r"cannot be kept here.*edge build-engines"),
        PlanCache(tmp_path / "engines").alone(_KEY, patience=0, waiting=lambda: None),
    ):
        pass

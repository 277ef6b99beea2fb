"""Measurements are kept on as many cores as they have threads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.affinity import fastest, pinned


def clocks(root: Path, *mhz: int) -> None:
    for core, clock in enumerate(mhz):
        path = root / f"sys/devices/system/cpu/cpu{core}/cpufreq/cpuinfo_max_freq"
        path.parent.mkdir(parents=True)
        path.write_text(f"{clock * 1000}\n")


def test_the_big_cores_are_taken_first_and_never_one_that_is_not_allowed(tmp_path: Path) -> None:
    clocks(tmp_path, 1800, 1800, 2400, 2400)
    assert fastest(range(4), 1, root=tmp_path) == (3,)
    assert fastest(range(4), 3, root=tmp_path) == (1, 2, 3)
    assert fastest([0, 1, 2], 2, root=tmp_path) == (1, 2)


def test_without_clocks_the_last_cores_are_taken(tmp_path: Path) -> None:
    assert fastest(range(4), 2, root=tmp_path) == (2, 3)
    assert fastest([1], 4, root=tmp_path) == (1,)


def test_the_process_gets_its_cores_back_even_after_a_fault() -> None:
    before = os.sched_getaffinity(0)
    with pytest.raises(ValueError, match="broken"), pinned(1) as cores:
        assert os.sched_getaffinity(0) == set(cores) and len(cores) == 1
        raise ValueError("broken")
    assert os.sched_getaffinity(0) == before

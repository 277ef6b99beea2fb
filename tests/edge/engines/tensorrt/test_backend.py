"""From a network to an engine that runs, and what becomes of one that this process cannot open."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.engines.tensorrt import Backend, PlanCache, Plans, Wanted
from edge.engines.tensorrt.fake import FAKE_MACHINE, fake_backend, fake_bindings, fake_builder, toy_network
from edge.engines.tensorrt.fake_memory import FakeMemory
from edge.errors import EngineError

_WANTED = Wanted(toy_network(), "fp16", {"x": (1, 4)}, "toy 1.0.0 classifier fp16")


def test_a_network_becomes_an_engine(tmp_path: Path) -> None:
    backend = fake_backend(tmp_path, lambda text: None)
    assert "TensorRT 10.3.0 on Fake Orin (8.7)" in backend.describe()
    engine = backend.engine(_WANTED)
    assert engine.run({"x": np.ones((1, 4), np.float32)})["y"].tolist() == [[2.0] * 4]
    engine.close()


def test_memory_that_does_not_suffice_now_is_no_fault_of_the_plan(tmp_path: Path) -> None:
    plans = Plans(FAKE_MACHINE, PlanCache(tmp_path), command=fake_builder())
    plan = plans.get(_WANTED)
    memory = FakeMemory(free=8)
    with pytest.raises(EngineError, match="no 16 bytes on the GPU"):
        Backend(fake_bindings(), plans, open_memory=lambda: memory).engine(_WANTED)
    assert memory.closed and memory.held == 0
    key = _WANTED.key(FAKE_MACHINE)
    assert plans.cache.find(key) == plan and plans.cache.failure(key) is None


def test_a_plan_that_cannot_be_opened_here_is_put_away_and_counts_as_failed(tmp_path: Path) -> None:
    plans = Plans(FAKE_MACHINE, PlanCache(tmp_path), command=fake_builder())
    stranger = fake_bindings(machine=replace(FAKE_MACHINE, tensorrt="10.4.0"))
    with pytest.raises(EngineError, match="does not fit this TensorRT or GPU"):
        Backend(stranger, plans, open_memory=FakeMemory).engine(_WANTED)
    key = _WANTED.key(FAKE_MACHINE)
    failure = plans.cache.failure(key)
    assert plans.cache.find(key) is None and failure is not None and failure.attempts == 1

"""MLPerf's SingleStream, by its own load generator."""

from __future__ import annotations

import sys
import time

import pytest

from benchmarks.loadgen import require_loadgen, single_stream
from edge.engines import FakeEngine
from edge.errors import DependencyError
from edge.types import AnyArray


def test_every_query_runs_the_engine_once_and_percentiles_are_of_its_time() -> None:
    pytest.importorskip("mlperf_loadgen", reason="no wheel of mlcommons-loadgen for this machine")

    def answer(_: object) -> dict[str, AnyArray]:
        time.sleep(0.002)
        return {}

    engine = FakeEngine(answer)
    found = single_stream("int8", engine, {}, queries=50)
    assert engine.runs == found.queries == 50
    assert 0.002 <= found.p50 <= found.p90 <= found.p99 < 5
    assert found.version


def test_without_the_generator_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlperf_loadgen", None)
    monkeypatch.setattr("benchmarks.loadgen.find_spec", lambda _: None)
    with pytest.raises(DependencyError, match=r"ip install 'fingerpost\[mlperf\]'"):
        require_loadgen()

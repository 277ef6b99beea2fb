"""MLPerf's SingleStream scenario, by MLCommons' own load generator: figures that compare with those of others.

One query after the other, each as soon as the last one is answered; the 90th percentile is the scenario's metric. The
rules of a submission (at least ten minutes, an accuracy run) are not followed: this is its clock and its statistics.
The generator's log is read, which is where its figures are published.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from edge.engines import Engine
from edge.errors import CheckFailedError, DependencyError
from edge.types import AnyArray

_MODULE = "mlperf_loadgen"
_PACKAGE = "mlcommons-loadgen"
_PERCENTILES = {
    "p50": "result_50.00_percentile_latency_ns",
    "p90": "result_90.00_percentile_latency_ns",
    "p99": "result_99.00_percentile_latency_ns",
}


@dataclass(frozen=True, slots=True)
class SingleStream:
    """What LoadGen ``version`` says of a variant: seconds of ``queries`` queries, one at a time."""

    variant: str
    queries: int
    p50: float
    p90: float
    p99: float
    version: str


def require_loadgen() -> None:
    """Raises DependencyError without the load generator."""
    if find_spec(_MODULE) is None:
        raise DependencyError(
            "MLPerf's load generator is missing",
            where=_PACKAGE,
            remedy="pip install 'fingerpost[mlperf]' (wheels for x86; on a board it is built, which takes a compiler)",
        )


def single_stream(variant: str, engine: Engine, feeds: Mapping[str, AnyArray], *, queries: int) -> SingleStream:
    """Let LoadGen put ``queries`` queries; raises DependencyError without it, CheckFailedError when its log has none of
    the figures."""
    require_loadgen()
    import mlperf_loadgen as loadgen

    def issue(samples: Any) -> None:
        for sample in samples:
            engine.run(feeds)
            loadgen.QuerySamplesComplete([loadgen.QuerySampleResponse(sample.id, 0, 0)])

    settings = loadgen.TestSettings()
    settings.scenario = loadgen.TestScenario.SingleStream
    settings.mode = loadgen.TestMode.PerformanceOnly
    settings.min_duration_ms = 0
    settings.min_query_count = settings.max_query_count = queries
    with TemporaryDirectory(prefix="fingerpost-loadgen-") as folder:
        where = loadgen.LogSettings()
        where.log_output.outdir = folder
        where.log_output.copy_summary_to_stdout = False
        where.enable_trace = False
        system = loadgen.ConstructSUT(issue, lambda: None)
        library = loadgen.ConstructQSL(1, 1, lambda _: None, lambda _: None)
        try:
            loadgen.StartTestWithLogSettings(system, library, settings, where)
        finally:
            loadgen.DestroyQSL(library)
            loadgen.DestroySUT(system)
        found = _detail(Path(folder) / "mlperf_log_detail.txt")
    missing = [key for key in _PERCENTILES.values() if key not in found]
    if missing:
        raise CheckFailedError("LoadGen's log lacks figures", where=variant, expected=", ".join(missing))
    seconds = {name: float(found[key]) / 1e9 for name, key in _PERCENTILES.items()}
    return SingleStream(variant, queries, **seconds, version=metadata.version(_PACKAGE))


def _detail(path: Path) -> dict[str, Any]:
    """The entries of LoadGen's log: lines of a mark and a JSON object with ``key`` and ``value``."""
    found = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        _, brace, rest = line.partition("{")
        if brace:
            entry = json.loads(brace + rest)
            found[entry["key"]] = entry["value"]
    return found

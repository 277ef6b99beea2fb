"""Metrics for Prometheus, on this machine's own port: off unless asked for, counts and times only.

`Metrics` is both an `Output` (signs, captions and states go by) and one of the runtime's observers; `serve` answers
``http://127.0.0.1:PORT/metrics``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from edge.errors import DependencyError, UsageError
from edge.service.board import Readings
from edge.summary import FrameTimes, Stage
from edge.types import BESIDE, Caption, SignEvent, State

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

LOOPBACK = "127.0.0.1"
_BUCKETS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5)
"""Seconds: from a fast PC's frame to what nobody wants to wait for."""


class Metrics:
    """The metrics of one run; raises DependencyError without ``prometheus-client``."""

    def __init__(self, *, bundle: str = "", variant: str = "") -> None:
        try:
            from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
        except ImportError as error:
            raise DependencyError(
                "metrics need prometheus-client", found=error, remedy="pip install 'fingerpost[metrics]'"
            ) from error
        self.registry: CollectorRegistry = CollectorRegistry()
        common: dict[str, Any] = {"namespace": "fingerpost", "registry": self.registry}
        self._frames = Counter("frames", "Frames that went through the loop", **common)
        self._dropped = Gauge("dropped_frames", "Frames that a newer one replaced unseen, since the start", **common)
        self._signs = Counter("signs", "Signs that were decided", ("kind",), **common)
        self._stages = Histogram("stage_seconds", "Time of a frame by stage", ("stage",), buckets=_BUCKETS, **common)
        self._latency = Histogram("caption_latency_seconds", "From capture to caption", buckets=_BUCKETS, **common)
        self._state = Gauge("state", "1 for what the kiosk is doing", ("name",), **common)
        self._temperature = Gauge("temperature_celsius", "The hottest sensor", **common)
        self._throttled = Gauge("throttled", "1 while the processor is held back", **common)
        self._resident = Gauge("resident_bytes", "Memory of the process", **common)
        self._memory = Gauge("memory_available_bytes", "Memory that is left on the board", **common)
        self._disk = Gauge("disk_free_bytes", "Disk that is left", **common)
        info = Gauge("bundle_info", "What runs", ("bundle", "variant"), **common)
        info.labels(bundle, variant).set(1)
        self._name = ""

    def frame(self, times: FrameTimes) -> None:
        """Count a frame."""
        self._frames.inc()
        self._dropped.set(times.dropped)
        for stage in get_args(Stage):
            seconds: float | None = getattr(times, stage)
            if seconds is not None:
                self._stages.labels(stage).observe(seconds)

    def show(self, item: object) -> None:
        """Count a sign, a caption's latency, a change of state; no text is kept. Other items pass."""
        if isinstance(item, SignEvent):
            self._signs.labels(item.kind).inc()
        elif isinstance(item, Caption) and item.latency is not None:
            self._latency.observe(item.latency)
        elif isinstance(item, State) and item.name not in BESIDE:
            if self._name:
                self._state.labels(self._name).set(0)
            self._name = item.name
            self._state.labels(item.name).set(1)

    def board(self, readings: Readings) -> None:
        """The board's readings."""
        if readings.temperature is not None:
            self._temperature.set(readings.temperature)
        self._throttled.set(readings.throttled)
        self._resident.set(readings.resident)
        self._memory.set(readings.memory_available)
        self._disk.set(readings.disk_free)

    def close(self) -> None:
        """Nothing is held: the server is closed by itself."""

    def text(self) -> str:
        """What a scrape gets."""
        from prometheus_client import generate_latest

        return generate_latest(self.registry).decode()


class MetricsServer:
    """Answers scrapes in a thread of its own, on the loopback address only. Raises UsageError for a port in use."""

    def __init__(self, metrics: Metrics, port: int) -> None:
        from prometheus_client import start_http_server

        try:
            self._server, self._thread = start_http_server(port, addr=LOOPBACK, registry=metrics.registry)
        except OSError as error:
            raise UsageError(
                "the port for metrics cannot be used", where=port, found=error.strerror, remedy="choose another one"
            ) from error
        self.port = int(self._server.server_port)

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __repr__(self) -> str:
        return f"<MetricsServer http://{LOOPBACK}:{self.port}/metrics>"

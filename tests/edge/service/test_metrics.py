from __future__ import annotations

import socket
import urllib.request

import pytest

from edge.errors import UsageError
from edge.service.board import fake_board
from edge.service.metrics import Metrics, MetricsServer
from edge.summary import FrameTimes
from edge.types import Caption, SignEvent, State

pytest.importorskip("prometheus_client")


def sign(label: str) -> SignEvent:
    return SignEvent(label, "letter", 0.9, 0.0, 1.0, 1.0)


@pytest.fixture
def metrics():
    return Metrics(bundle="hands 1.0.0", variant="int8")


def test_frames_and_their_stages_are_counted(metrics):
    for _ in range(3):
        metrics.frame(FrameTimes(capture=0.001, landmarks=0.02, recognition=0.002, total=0.025, dropped=4))
    text = metrics.text()
    assert "fingerpost_frames_total 3.0" in text
    assert "fingerpost_dropped_frames 4.0" in text
    assert 'fingerpost_stage_seconds_count{stage="landmarks"} 3.0' in text
    assert 'fingerpost_stage_seconds_bucket{le="0.02",stage="total"} 0.0' in text
    assert 'fingerpost_bundle_info{bundle="hands 1.0.0",variant="int8"} 1.0' in text


def test_captions_signs_and_states_are_counted_but_never_told(metrics):
    metrics.show(sign("Q"))
    metrics.show(Caption("SECRET", 1.0, 0.04, None))
    metrics.show(Caption("SECRETS", 2.0, None, None))
    metrics.show(State("waiting", 0.0))
    metrics.show(State("hand", 1.0, "private detail"))
    metrics.show(State("too-hot", 1.0))  # stands beside it
    text = metrics.text()
    assert 'fingerpost_signs_total{kind="letter"} 1.0' in text
    assert "fingerpost_caption_latency_seconds_count 1.0" in text
    assert 'fingerpost_state{name="hand"} 1.0' in text and 'fingerpost_state{name="waiting"} 0.0' in text
    assert "SECRET" not in text and "private" not in text and '"Q"' not in text


def test_the_board_is_exported(metrics, tmp_path):
    metrics.board(fake_board(tmp_path, temperature=81, throttled=4).read())
    text = metrics.text()
    assert "fingerpost_temperature_celsius 81.0" in text and "fingerpost_throttled 1.0" in text


def test_a_scrape_is_answered_on_this_machine_only(metrics):
    server = MetricsServer(metrics, 0)
    try:
        assert server._server.server_address[0] == "127.0.0.1"
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=5) as answer:
            assert b"fingerpost_frames_total 0.0" in answer.read()
    finally:
        server.close()


def test_a_port_in_use_is_said_so(metrics):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(UsageError, match="port for metrics cannot be used"):
            MetricsServer(metrics, other.getsockname()[1])

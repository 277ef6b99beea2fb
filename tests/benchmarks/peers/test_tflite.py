"""TFLite's own networks beside ours."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.peers.tflite import ROLES, tflite_peer
from edge.bundle.reader import open_bundle
from edge.errors import DependencyError


def test_the_original_hand_network_sees_what_ours_sees(demo_bundle: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    with open_bundle(demo_bundle) as bundle:
        golden = bundle.golden()
    peer = tflite_peer("hand")
    engine = peer.open(1)
    found = engine.run({"image": golden["hand/image"][:1]})
    engine.close()
    points = found["Identity"].reshape(1, -1)
    assert np.abs(points - golden["hand/landmarks"][:1]).max() < 1.0, "within a pixel of the crop's 224"
    assert peer.peer and peer.size > 1 << 20


def test_networks_and_their_originals_run_in_the_same_rounds(
    demo_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ai_edge_litert")
    words = ["networks", "--bundle", str(demo_bundle), "--peer", "tflite", "--iterations", "3", "--json"]
    assert main(words) == 0
    rows = {row["role"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert set(rows) == {"classifier", "palm", "hand"}
    assert [each["variant"] for each in rows["hand"]["variants"]] == ["fp32", "int8", "tflite"]
    assert "tflite" not in [each["variant"] for each in rows["classifier"]["variants"]]
    assert rows["palm"]["latencies"][0]["cpu_over_peers"]["tflite"]["value"] > 0


def test_without_litert_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.peers.tflite.find_spec", lambda _: None)
    for role in ROLES:
        with pytest.raises(DependencyError, match=r"ip install 'fingerpost\[peers\]'"):
            tflite_peer(role)

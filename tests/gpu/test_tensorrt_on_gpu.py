"""Each TensorRT that is here, on a machine with a GPU: build, answers, memory, refusals, and the hand pipeline."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest

from edge.bundle.acceptance import accept, check_golden
from edge.bundle.device_engines import DeviceEngines, input_shapes
from edge.bundle.golden import samples
from edge.bundle.manifest import Role
from edge.bundle.reader import Bundle
from edge.capture.video import VideoFile
from edge.engines import OnnxEngine
from edge.engines.tensorrt import Backend, TensorRtEngine, Wanted
from edge.engines.tensorrt.memory import open_memory
from edge.errors import EngineError
from edge.landmarks import HandPipeline
from edge.samples import demo_clip
from edge.types import Frame

pytestmark = [pytest.mark.gpu, pytest.mark.slow, pytest.mark.timeout(1800)]
ROLES: tuple[Role, ...] = ("classifier", "palm", "hand")
_LEAK = 16 << 20
"""Bytes by which free memory may differ: the driver keeps a little for itself."""


def _wanted(bundle: Bundle, role: Role) -> Wanted:
    return Wanted(
        bundle.network(role, "fp16"), "fp16", input_shapes(bundle.manifest.input, role), f"{bundle.title} {role} fp16"
    )


@pytest.mark.parametrize("role", ROLES)
def test_each_network_is_built_in_half_precision_and_gives_the_golden_answers(
    backend: Backend, jetson_bundle: Bundle, role: Role
) -> None:
    engine = backend.engine(_wanted(jetson_bundle, role))
    try:
        check_golden(jetson_bundle, engine, role)
        rtx = "RTX" in backend.plans.machine.tensorrt  # compiles while it runs, and says nothing of types
        assert engine.recorded or rtx, "shapes are fixed: the work is recorded"
    finally:
        engine.close()
    sidecars = [json.loads(path.read_text()) for path in backend.plans.cache.folder.glob("*.json")]
    mine = next(facts for facts in sidecars if facts["label"].endswith(f"{role} fp16"))
    assert 0 < mine["workspace"] <= 1 << 30 and mine["size"] > 0 and mine["memory"]
    assert rtx or mine["half"] in ("yes", "fused")


def test_the_bundles_own_acceptance_test_passes(backend: Backend, jetson_bundle: Bundle, tmp_path: Path) -> None:
    make = DeviceEngines(
        jetson_bundle, threads=2, folder=tmp_path, required=True, open_backend=lambda folder, progress: backend
    )
    for role in ROLES:
        acceptance = accept(jetson_bundle, make, role=role)
        half = next(result for result in acceptance.results if result.variant == "fp16")
        assert acceptance.chosen == "fp16" and half.barred == "" and half.median_ms is not None
        print(f"{role}: {half.median_ms:.3f} ms (p90 {half.p90_ms:.3f}) on {backend.describe()}")  # noqa: T201


def test_the_hand_pipeline_finds_the_same_hands_on_the_gpu(backend: Backend, jetson_bundle: Bundle) -> None:
    frames = [item for item in VideoFile(demo_clip()) if isinstance(item, Frame)][:60]
    gpu = HandPipeline(*(backend.engine(_wanted(jetson_bundle, role)) for role in ("palm", "hand")))
    cpu = HandPipeline(*(OnnxEngine(jetson_bundle.network(role, "fp32")) for role in ("palm", "hand")))
    distances = []
    try:
        for frame in frames:
            have, want = gpu.process(frame).landmarks, cpu.process(frame).landmarks
            for slot in np.flatnonzero(want.any(axis=(1, 2))):
                size = np.ptp(want[slot, :, :2], axis=0).max()
                distances.append(np.linalg.norm((have - want)[slot, :, :2], axis=1).mean() / size)
    finally:
        gpu.close()
        cpu.close()
    assert len(distances) > 40 and np.mean(distances) < 0.01


def test_opening_and_closing_leaves_no_memory_behind(backend: Backend, jetson_bundle: Bundle) -> None:
    wanted = _wanted(jetson_bundle, "hand")
    backend.engine(wanted).close()
    watcher = open_memory()
    try:
        before = watcher.available()
        for _ in range(20):
            backend.engine(wanted).close()
        assert before - watcher.available() < _LEAK
    finally:
        watcher.close()


def test_recorded_and_by_hand_the_answers_are_the_same(backend: Backend, jetson_bundle: Bundle) -> None:
    wanted, machine = _wanted(jetson_bundle, "classifier"), backend.plans.machine
    plan, bindings = backend.plans.get(wanted), backend.bindings
    answers = []
    for graphs in (True, False):
        engine = TensorRtEngine(
            plan, bindings=bindings, machine=machine, memory=open_memory(), label="classifier", graphs=graphs
        )
        golden = samples(jetson_bundle.golden(), "classifier", engine, where="golden")
        answers.append([next(iter(engine.run(sample.feeds).values())) for sample in golden[:10]])
        engine.close()
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-6)


def test_a_damaged_plan_is_refused_and_not_a_crash(backend: Backend, jetson_bundle: Bundle) -> None:
    plan = bytearray(backend.plans.get(_wanted(jetson_bundle, "classifier")))
    plan[:64] = bytes(64)
    with pytest.raises(EngineError, match="does not fit this TensorRT or GPU"):
        TensorRtEngine(
            bytes(plan),
            bindings=backend.bindings,
            machine=backend.plans.machine,
            memory=open_memory(),
            label="damaged",
        )


def test_another_thread_is_refused_before_it_reaches_the_gpu(backend: Backend, jetson_bundle: Bundle) -> None:
    engine, caught = backend.engine(_wanted(jetson_bundle, "palm")), []

    def run() -> None:
        try:
            engine.run({"image": np.zeros((1, 192, 192, 3), np.uint8)})
        except EngineError as error:
            caught.append(error.what)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    engine.close()
    assert caught == ["a TensorRT engine belongs to the thread that opened it"]


def test_float32_graphs_build_too(backend: Backend, jetson_bundle: Bundle) -> None:
    """A board whose GPU gains nothing by float16 may run them."""
    model = jetson_bundle.network("hand", "fp32")
    engine = backend.engine(Wanted(model, "fp32", {}, "hand fp32"))
    check_golden(jetson_bundle, engine, "hand")
    engine.close()

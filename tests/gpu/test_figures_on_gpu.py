"""What else runs the networks here, and the suite that measures all of it; ``pytest -s`` shows its table."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.__main__ import main as benchmarks
from benchmarks.gpu_results import GpuResult
from benchmarks.kept import read
from benchmarks.pages.document import markdown
from benchmarks.peers.gpu_engines import CUDA, TENSORRT, OnnxGpuEngine, need_torch_on_gpu
from benchmarks.peers.gpu_sides import REFERENCE
from benchmarks.presentation import blocks_of
from edge.bundle.acceptance import check_golden
from edge.bundle.reader import Bundle
from edge.engines.tensorrt.probing import Gpu
from edge.errors import EngineError, FingerpostError

pytestmark = [pytest.mark.gpu, pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.mark.parametrize("provider", [CUDA, TENSORRT])
def test_onnxruntime_on_the_gpu_gives_the_golden_answers(jetson_bundle: Bundle, provider: str) -> None:
    try:
        engine = OnnxGpuEngine(jetson_bundle.network("classifier", "fp16"), provider, label="classifier fp16")
    except EngineError as error:
        pytest.skip(str(error))
    try:
        check_golden(jetson_bundle, engine)
        assert provider in engine.name
    finally:
        engine.close()


def test_everything_that_is_here_is_measured_and_the_rest_says_why(
    gpu: Gpu, jetson_bundle: Bundle, tmp_path: Path
) -> None:
    assert benchmarks(["gpu", "--bundle", str(jetson_bundle.path), "--save", str(tmp_path)]) == 0
    result = read(next(tmp_path.glob("*.json")))
    assert isinstance(result, GpuResult) and gpu.name in result.device
    print(markdown(blocks_of(result)))  # noqa: T201
    for row in result.rows:
        for side in row.sides:
            assert (side.figure is None) == bool(side.absent), side
            if side.figure is not None:
                assert side.figure.agreement >= 0.98 and 0 < side.figure.wall.p50 <= side.figure.wall.p90
    try:
        need_torch_on_gpu()
    except FingerpostError as error:
        pytest.skip(f"no reference: {error}")
    classifier = next(row for row in result.rows if row.role == "classifier")
    assert next(side for side in classifier.sides if side.name == REFERENCE).figure is not None

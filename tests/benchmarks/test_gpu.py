"""The GPU suite: figures of what runs, reasons for what does not, and nothing that was not measured."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from benchmarks import fingerprint, report
from benchmarks.__main__ import main
from benchmarks.gpu import gpu_blocks, half_roles, measure
from benchmarks.gpu_results import GpuResult
from benchmarks.kept import read
from benchmarks.latency import Method
from benchmarks.output import save
from benchmarks.pages.document import markdown
from benchmarks.peers.gpu_sides import REFERENCE, Side
from benchmarks.presentation import blocks_of
from edge.bundle.reader import Bundle, open_bundle
from edge.bundle.samples import sample_network, write_jetson_sample
from edge.engines import Engine, FakeEngine, OnnxEngine
from edge.errors import EngineError
from edge.types import AnyArray


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return open_bundle(write_jetson_sample(tmp_path / "a.bundle", sample_network("half")))


def _refusing() -> Engine:
    raise EngineError("ONNX Runtime took another provider without a word", found="CPUExecutionProvider")


def _broken() -> Engine:
    good = OnnxEngine(sample_network("half"))
    return FakeEngine(lambda feeds: {"logits": np.full((1, 2), np.nan)}, inputs=good.inputs, outputs=good.outputs)


class _Named:
    """An engine with a name, which notes when it is closed."""

    def __init__(self, name: str, closed: list[str]) -> None:
        self._inner, self._closed = OnnxEngine(sample_network("half")), closed
        self.name, self.inputs, self.outputs = f"{name} 1.0", self._inner.inputs, self._inner.outputs

    def run(self, feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        return self._inner.run(feeds)

    def close(self) -> None:
        self._closed.append(self.name)
        self._inner.close()


def _ways(closed: list[str]) -> tuple[Side, ...]:
    return (
        Side(REFERENCE, "a peer", partial(_Named, REFERENCE, closed)),
        Side("tensorrt-cuda", "ours", partial(_Named, "tensorrt-cuda", closed)),
        Side("onnxruntime-cuda", "theirs", _refusing),
        Side("tensorrt-rtx", "ours", _broken),
    )


@pytest.fixture
def result(bundle: Bundle) -> GpuResult:
    with report.progress() as progress:
        row = measure(bundle, "classifier", _ways([]), method=Method(5), progress=progress)
    machine = fingerprint.take()
    return GpuResult("gpu", "a.bundle", bundle.title, "Fake Orin (8.7), CUDA 12.6", 5, 20, (row,), machine)


def test_what_runs_is_timed_against_the_reference_and_compared_with_the_golden_answers(result: GpuResult) -> None:
    found = {side.name: side for side in result.rows[0].sides}
    base, ours = found[REFERENCE].figure, found["tensorrt-cuda"].figure
    assert base is not None and ours is not None and base.ratio is None and ours.ratio is not None
    assert 0 < ours.wall.p50 <= ours.wall.p90 and ours.wall.n == 5
    assert ours.engine == "tensorrt-cuda 1.0" and ours.agreement == 1.0 and ours.difference < 1e-5


def test_what_does_not_run_has_a_reason_and_no_figure(result: GpuResult) -> None:
    found = {side.name: side for side in result.rows[0].sides}
    assert found["onnxruntime-cuda"].figure is None and "without a word" in found["onnxruntime-cuda"].absent
    assert found["tensorrt-rtx"].figure is None and "no answer that can be timed" in found["tensorrt-rtx"].absent


def test_the_report_names_device_versions_and_reasons(result: GpuResult, tmp_path: Path) -> None:
    text = markdown(gpu_blocks(result))
    assert "GPU: Fake Orin (8.7), CUDA 12.6" in text and "tensorrt-cuda: tensorrt-cuda 1.0" in text
    assert "Not measured: onnxruntime-cuda: ONNX Runtime took another provider" in text
    again = read(save(result, tmp_path))
    assert again == result and markdown(blocks_of(again)) == text


def test_everything_that_was_opened_is_closed(bundle: Bundle) -> None:
    closed: list[str] = []
    with report.progress() as progress:
        measure(bundle, "classifier", _ways(closed), method=Method(1), progress=progress)
    assert closed == ["tensorrt-cuda 1.0", f"{REFERENCE} 1.0"], (
        "last opened, first closed: the GPU's context is a stack"
    )


def test_without_the_reference_there_are_figures_and_no_ratios(bundle: Bundle) -> None:
    with report.progress() as progress:
        row = measure(bundle, "classifier", _ways([])[1:], method=Method(3), progress=progress)
    figures = [side.figure for side in row.sides if side.figure is not None]
    assert len(figures) == 1 and figures[0].ratio is None


def test_where_nothing_runs_there_are_reasons_only(bundle: Bundle) -> None:
    with report.progress() as progress:
        row = measure(bundle, "classifier", [Side("x", "", _refusing)], method=Method(3), progress=progress)
    assert [side.figure for side in row.sides] == [None] and row.sides[0].absent


def test_a_bundle_for_other_boards_is_refused(demo_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gpu", "--bundle", str(demo_bundle)]) == 4
    assert "no fp16 networks. Export it with --target jetson" in capsys.readouterr().err


def test_without_a_gpu_it_ends_with_the_reason(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.gpu.probe_gpu", _no_driver)
    assert half_roles(bundle) == ("classifier",)
    assert main(["gpu", "--bundle", str(bundle.path)]) == 6
    assert capsys.readouterr().err == "error: there is no NVIDIA driver here\n"


def _no_driver() -> None:
    raise EngineError("there is no NVIDIA driver here")

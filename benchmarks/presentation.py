"""Which report belongs to which result, so that kept results can be shown again."""

from __future__ import annotations

from benchmarks.classifier_blocks import classifier_blocks
from benchmarks.gpu import gpu_blocks
from benchmarks.gpu_results import GpuResult
from benchmarks.kept import Result
from benchmarks.landmarks_report import landmarks_blocks
from benchmarks.landmarks_results import LandmarkResult
from benchmarks.loops.pipeline_blocks import pipeline_blocks
from benchmarks.loops.results import EnergyResult, MemoryResult, PipelineResult, StartupResult, SustainedResult
from benchmarks.loops.start_blocks import memory_blocks, startup_blocks
from benchmarks.loops.sustained_blocks import energy_blocks, sustained_blocks
from benchmarks.models_report import models_blocks
from benchmarks.models_results import ModelsResult
from benchmarks.networks import networks_blocks
from benchmarks.networks_results import NetworksResult
from benchmarks.pages.document import Block
from benchmarks.results import ClassifierResult


def blocks_of(result: Result) -> list[Block]:  # noqa: PLR0911 - one line for each suite
    """The report of any suite's result."""
    match result:
        case ClassifierResult():
            return classifier_blocks(result)
        case NetworksResult():
            return networks_blocks(result)
        case ModelsResult():
            return models_blocks(result)
        case LandmarkResult():
            return landmarks_blocks(result)
        case PipelineResult():
            return pipeline_blocks(result)
        case StartupResult():
            return startup_blocks(result)
        case MemoryResult():
            return memory_blocks(result)
        case SustainedResult():
            return sustained_blocks(result)
        case EnergyResult():
            return energy_blocks(result)
        case GpuResult():
            return gpu_blocks(result)

"""Results that were kept as JSON, read back as what they were, so that they can be shown again and compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError

from benchmarks.gpu_results import GpuResult
from benchmarks.landmarks_results import LandmarkResult
from benchmarks.loops.results import EnergyResult, MemoryResult, PipelineResult, StartupResult, SustainedResult
from benchmarks.models_results import ModelsResult
from benchmarks.networks_results import NetworksResult
from benchmarks.results import ClassifierResult
from edge.errors import InputError

Result: TypeAlias = (
    ClassifierResult
    | ModelsResult
    | NetworksResult
    | LandmarkResult
    | PipelineResult
    | StartupResult
    | MemoryResult
    | SustainedResult
    | EnergyResult
    | GpuResult
)
"""What the suites find; ``suite`` tells them apart."""


def read(path: Path) -> Result:
    """Raises InputError for a file that is no kept result of this release."""
    adapter: TypeAdapter[Result] = TypeAdapter(Annotated[Result, Field(discriminator="suite")])
    try:
        return adapter.validate_json(path.read_bytes())
    except OSError as error:
        raise InputError("cannot be read", where=path, found=error.strerror) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InputError(
            "this is no result of the benchmarks",
            where=path,
            expected="what a suite wrote with --save DIR or --json",
            found=f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}",
            remedy="measure again with this release",
        ) from error

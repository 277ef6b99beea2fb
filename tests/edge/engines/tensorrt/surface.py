"""Run with the environment of one TensorRT's bindings: is everything there that `edge.engines.tensorrt` calls?

The libraries behind the bindings are stubs: names, values and base classes are real, nothing can be built.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import tensorrt_bindings

from edge.engines.tensorrt.build import _monitor
from edge.engines.tensorrt.checks import Lines
from edge.engines.tensorrt.fake import fake_bindings

NAMES = """
ILogger.WARNING ILogger.ERROR
Builder.create_network Builder.create_builder_config Builder.create_optimization_profile
Builder.build_serialized_network INetworkDefinition.num_inputs INetworkDefinition.get_input ITensor.name ITensor.shape
NetworkDefinitionCreationFlag.STRONGLY_TYPED MemoryPoolType.WORKSPACE ProfilingVerbosity.DETAILED
IBuilderConfig.set_memory_pool_limit IBuilderConfig.profiling_verbosity IBuilderConfig.progress_monitor
IBuilderConfig.add_optimization_profile IBuilderConfig.create_timing_cache IBuilderConfig.set_timing_cache
IBuilderConfig.get_timing_cache ITimingCache.serialize IOptimizationProfile.set_shape IProgressMonitor
OnnxParser.parse OnnxParser.num_errors OnnxParser.get_error
ParserError.desc ParserError.node_name ParserError.node_operator
Runtime.deserialize_cuda_engine ICudaEngine.num_io_tensors ICudaEngine.get_tensor_name ICudaEngine.get_tensor_mode
ICudaEngine.get_tensor_shape ICudaEngine.get_tensor_profile_shape ICudaEngine.get_tensor_dtype ICudaEngine.num_layers
ICudaEngine.create_execution_context ICudaEngine.create_engine_inspector EngineInspector.get_engine_information
LayerInformationFormat.JSON TensorIOMode.INPUT IExecutionContext.set_input_shape IExecutionContext.infer_shapes
IExecutionContext.get_tensor_shape IExecutionContext.set_tensor_address IExecutionContext.execute_async_v3
DataType.FLOAT DataType.HALF DataType.INT8 DataType.INT32 DataType.INT64 DataType.UINT8 DataType.BOOL
""".split()


def _missing(bindings: Any, path: str) -> bool:
    for part in path.split("."):
        if not hasattr(bindings, part):
            return True
        bindings = getattr(bindings, part)
    return False


def main() -> None:
    """Print what was found as one JSON object."""
    trt: Any = tensorrt_bindings
    lines = Lines(trt)
    lines.logger.log(trt.ILogger.ERROR, "an error")
    lines.logger.log(trt.ILogger.INFO, "chatter")
    said: list[str] = []
    monitor = _monitor(trt, said.append)
    monitor.phase_start("Building", None, 10)
    goes_on = monitor.step_complete("Building", 4)
    fake = fake_bindings()
    found = {
        "version": trt.__version__,
        "missing": [path for path in NAMES if _missing(trt, path)],
        "fake only": [name for name in vars(fake) if not hasattr(trt, name)],
        "heard": lines.last(),
        "said": said,
        "goes on": goes_on,
        "flags": 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED),
        "dtype": str(trt.DataType.HALF).rpartition(".")[2],
        "answers with nothing": trt.IOptimizationProfile.set_shape.__doc__.strip().splitlines()[0].endswith("None"),
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()

"""The ways to run a bundle's float16 network on a GPU, each of which may be absent for a reason of its own.

====================== ================================================================================================
side                   what it is
====================== ================================================================================================
``torch-fp16``         the network as it was trained, eager, in float16: what the others are compared with
``tensorrt-pycuda``    our engine (`edge.engines.tensorrt`), the GPU's memory through pycuda
``tensorrt-cuda``      the same through NVIDIA's cuda-bindings
``tensorrt-rtx``       our engine on TensorRT for RTX, another builder with the same interface
``onnxruntime-cuda``   ONNX Runtime's CUDA provider
``onnxruntime-trt``    ONNX Runtime's TensorRT provider
====================== ================================================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.peers.gpu_engines import CUDA, TENSORRT, OnnxGpuEngine, TorchHalfEngine, need_torch_on_gpu
from benchmarks.peers.pytorch import origin_module
from benchmarks.peers.rtx import open_rtx
from edge.bundle.device_engines import input_shapes
from edge.bundle.manifest import Precision, Role
from edge.bundle.reader import Bundle
from edge.engines import Engine
from edge.engines.tensorrt import Backend, PlanCache, Plans, Wanted
from edge.engines.tensorrt.cuda_python import CudaPythonMemory
from edge.engines.tensorrt.memory import Memory
from edge.engines.tensorrt.probing import probe
from edge.engines.tensorrt.pycuda import PycudaMemory
from edge.errors import DependencyError, EngineError

REFERENCE = "torch-fp16"
_HALF: Precision = "fp16"


@dataclass(frozen=True, slots=True)
class Side:
    """A way to run a network: ``open`` raises EngineError or DependencyError where it is absent here, and why."""

    name: str
    how: str
    open: Callable[[], Engine]


def sides(bundle: Bundle, role: Role, *, folder: Path, checkpoint: Path | None = None) -> tuple[Side, ...]:
    """Every way to run the float16 network of a role; engines that are built are kept in ``folder``.

    ``checkpoint`` is what the bundle was exported from, None the shipped one. Raises BundleError for a bundle without
    such a network.
    """
    model, label = bundle.network(role, _HALF), f"{bundle.title} {role} {_HALF}"
    wanted = Wanted(model, _HALF, input_shapes(bundle.manifest.input, role), label)
    ours = "our engine, recorded as a CUDA graph where it can be"
    onnx = "the fp16 network on ONNX Runtime"
    return (
        Side(REFERENCE, "the trained network, eager float16", partial(_torch, bundle, role, checkpoint)),
        Side("tensorrt-pycuda", ours, partial(_tensorrt, wanted, folder, PycudaMemory)),
        Side("tensorrt-cuda", ours, partial(_tensorrt, wanted, folder, CudaPythonMemory)),
        Side("tensorrt-rtx", ours, partial(_rtx, wanted, folder)),
        Side("onnxruntime-cuda", onnx, partial(OnnxGpuEngine, model, CUDA, label=label)),
        Side("onnxruntime-trt", onnx, partial(OnnxGpuEngine, model, TENSORRT, label=label)),
    )


def _torch(bundle: Bundle, role: Role, checkpoint: Path | None) -> Engine:
    if role != "classifier":
        raise EngineError("MediaPipe's networks exist as TFLite files only: PyTorch has nothing to run")
    need_torch_on_gpu()
    return TorchHalfEngine(origin_module(bundle.manifest, checkpoint), bundle.manifest)


def _tensorrt(wanted: Wanted, folder: Path, package: Callable[[], Memory]) -> Engine:
    bindings, machine = probe()
    _through(package).close()  # before minutes are spent on a build
    return Backend(bindings, Plans(machine, PlanCache(folder)), open_memory=partial(_through, package)).engine(wanted)


def _through(package: Callable[[], Memory]) -> Memory:
    try:
        return package()
    except ImportError as error:
        raise DependencyError("this package is not here", found=str(error)[:160]) from error


def _rtx(wanted: Wanted, folder: Path) -> Engine:
    return open_rtx(folder, lambda text: None).engine(wanted)

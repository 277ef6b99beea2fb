"""What else runs a network on an NVIDIA GPU: ONNX Runtime's providers and eager PyTorch, each as an `Engine`.

Both take arrays of the host and give arrays of the host, as our engine does: copying is part of what they are timed on.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.bundle.manifest import Manifest
from edge.engines import TensorSpec
from edge.errors import DependencyError, EngineError
from edge.types import AnyArray

if TYPE_CHECKING:
    from torch import Tensor, nn

CUDA, TENSORRT = "CUDAExecutionProvider", "TensorrtExecutionProvider"
_OPTIONS: Mapping[str, Mapping[str, str]] = {CUDA: {}, TENSORRT: {"trt_fp16_enable": "1"}}
_DTYPES = {"tensor(float)": "float32", "tensor(uint8)": "uint8", "tensor(int64)": "int64", "tensor(bool)": "bool"}


class OnnxGpuEngine:
    """A serialised network on one of ONNX Runtime's GPU providers.

    ``runtime`` is the module onnxruntime. Raises EngineError where it has no such provider, and where it has one and
    yet took another: when a library is missing, ONNX Runtime goes on with the CPU and says so in its log only.
    """

    def __init__(self, model: bytes, provider: str, *, label: str, runtime: Any = None) -> None:
        runtime = runtime or importlib.import_module("onnxruntime")
        have = runtime.get_available_providers()
        if provider not in have:
            raise EngineError(
                "this ONNX Runtime has no such provider",
                where=label,
                expected=provider,
                found=", ".join(have),
                remedy="`pip install onnxruntime-gpu` in an environment of its own: it replaces onnxruntime",
            )
        if hasattr(runtime, "preload_dlls"):  # what NVIDIA's wheels bring lies where no loader looks
            runtime.preload_dlls()
        options = runtime.SessionOptions()
        options.log_severity_level = 3
        try:
            # What TensorRT cannot take goes to CUDA rather than to the CPU.
            wanted = [(name, dict(_OPTIONS[name])) for name in dict.fromkeys((provider, CUDA)) if name in have]
            self._session = runtime.InferenceSession(model, options, providers=wanted)
        except Exception as error:  # onnxruntime raises a family of its own that shares no base class
            found = str(error).splitlines()[0][:200]
            raise EngineError("this ONNX Runtime cannot load the network", where=label, found=found) from error
        taken = self._session.get_providers()
        if taken[:1] != [provider]:
            raise EngineError(
                "ONNX Runtime took another provider without a word",
                where=label,
                expected=provider,
                found=", ".join(taken),
                remedy="its log names the library that is missing (CUDA, cuDNN, TensorRT)",
            )
        self._session.disable_fallback()
        self.name = f"ONNX Runtime {runtime.__version__}, {provider}"
        self.inputs = tuple(_spec(node) for node in self._session.get_inputs())
        self.outputs = tuple(_spec(node) for node in self._session.get_outputs())

    def run(self, feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        """Run once."""
        names = [spec.name for spec in self.outputs]
        results = self._session.run(names, {spec.name: feeds[spec.name] for spec in self.inputs})
        return {name: np.asarray(value) for name, value in zip(names, results, strict=True)}

    def close(self) -> None:
        """Free the session."""
        del self._session


class TorchHalfEngine:
    """PyTorch, eager: the ``network`` of a bundle's module in float16, its preprocessing in float32, on ``device``.

    Raises DependencyError without PyTorch, EngineError where it sees no GPU or the network does not compute in float16.
    """

    def __init__(self, module: nn.Module, manifest: Manifest, *, device: str = "cuda") -> None:
        import torch

        self._torch: Any = torch
        self._device = device
        self._module = module.eval().to(device)
        network: Any = self._module.network
        network.half()
        network.register_forward_pre_hook(_halved)
        self.name = f"PyTorch {torch.__version__}, eager float16, {device}"
        self.inputs = tuple(TensorSpec(t.name, t.dtype, t.shape) for t in manifest.input.tensors)
        self.outputs = (TensorSpec(manifest.output, "float32", (None, len(manifest.labels))),)

    def run(self, feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        """Run once; reading the answer waits for the GPU. Raises EngineError."""
        torch = self._torch
        arrays = [np.require(feeds[spec.name], requirements="W") for spec in self.inputs]  # what PyTorch insists on
        try:
            with torch.inference_mode():
                answer = self._module(*(torch.from_numpy(array).to(self._device) for array in arrays))
                return {self.outputs[0].name: answer.float().cpu().numpy()}
        except RuntimeError as error:
            found = str(error).splitlines()[0][:200]
            raise EngineError("PyTorch cannot compute the network in float16", found=found) from error

    def close(self) -> None:
        """Give the GPU's memory back."""
        del self._module
        if self._torch.cuda.is_available():
            self._torch.cuda.empty_cache()


def need_torch_on_gpu() -> None:
    """Raises DependencyError or EngineError where PyTorch cannot use a GPU, with the reason."""
    if find_spec("torch") is None:
        raise DependencyError("PyTorch is missing", where="torch", remedy="pip install torch")
    import torch

    if not torch.cuda.is_available():
        raise EngineError(
            "PyTorch sees no GPU",
            expected="a PyTorch that was built for CUDA, and a GPU",
            found=f"PyTorch {torch.__version__}, CUDA {torch.version.cuda or 'none'}",
            remedy="install torch from pytorch.org's index for this CUDA",
        )


def _halved(_network: Any, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(each.half() if each.is_floating_point() else each for each in given)


def _spec(node: Any) -> TensorSpec:
    shape = tuple(n if isinstance(n, int) else None for n in node.shape)
    return TensorSpec(node.name, _DTYPES.get(node.type, node.type), shape)

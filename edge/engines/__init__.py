"""Engines run one network: ONNX Runtime here, TensorRT on a Jetson. They know nothing of bundles or hands."""

from edge.engines.base import Engine, TensorSpec
from edge.engines.fake import FakeEngine
from edge.engines.onnx import OnnxEngine

__all__ = ["Engine", "FakeEngine", "OnnxEngine", "TensorSpec"]

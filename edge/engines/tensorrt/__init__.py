"""TensorRT: engines built on the device they run on, by a process of their own, kept by all that they depend on.

`open_backend` says whether it can run here, and why not; a `Backend` makes engines. Nothing here is imported before
somebody asks for TensorRT.
"""

from edge.engines.tensorrt.backend import Backend, open_backend
from edge.engines.tensorrt.cache import PlanCache
from edge.engines.tensorrt.engine import TensorRtEngine
from edge.engines.tensorrt.plans import Plans, Progress, Wanted

__all__ = ["Backend", "PlanCache", "Plans", "Progress", "TensorRtEngine", "Wanted", "open_backend"]

"""TensorRT: plans built on the device they run on, by a process of their own, kept by all that they depend on.

`probe` says whether it can run here, `Plans` gives the plan of a network, `TensorRtEngine` runs it. Nothing here is
imported before somebody asks for TensorRT.
"""

from edge.engines.tensorrt.cache import PlanCache
from edge.engines.tensorrt.engine import TensorRtEngine
from edge.engines.tensorrt.memory import open_memory
from edge.engines.tensorrt.plans import Plans, Wanted
from edge.engines.tensorrt.probing import Machine, probe

__all__ = ["Machine", "PlanCache", "Plans", "TensorRtEngine", "Wanted", "open_memory", "probe"]

"""Latency and accuracy retention of a bundle's variants, measured on the machine at hand."""

import edge as _edge  # noqa: F401  # before onnxruntime: it says that nothing may be reported to anybody

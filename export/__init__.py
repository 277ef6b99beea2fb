"""Fingerpost on the workstation: a trained model becomes a versioned bundle for a device."""

import edge as _edge  # noqa: F401  # before onnxruntime: it says that nothing may be reported to anybody

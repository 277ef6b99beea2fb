"""Fingerpost on the device: camera -> hand landmarks -> recognition -> words. Never imports torch."""

import os

__version__ = "0.1.0"

# Since 1.29 the onnxruntime wheels for Linux report sessions and a device id to Microsoft when they are imported, and
# keep both on the disk. A kiosk with a camera sends nothing to anybody; this has to be set before the first import.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

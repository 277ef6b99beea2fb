"""Fingerpost on the device: camera -> hand landmarks -> recognition -> words. Never imports torch."""

__version__ = "0.1.0"

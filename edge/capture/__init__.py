"""Where pictures come from: cameras, clips, folders, recordings."""

from edge.capture.base import HandsSource, Source, Stream
from edge.capture.fake import FakeSource
from edge.capture.opening import KINDS, open_source

__all__ = ["KINDS", "FakeSource", "HandsSource", "Source", "Stream", "open_source"]

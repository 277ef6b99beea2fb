"""Where pictures come from: cameras, clips, folders, recordings."""

from edge.capture.base import HandsSource, Source, Stream
from edge.capture.fake import FakeSource
from edge.capture.opening import open_source

__all__ = ["FakeSource", "HandsSource", "Source", "Stream", "open_source"]

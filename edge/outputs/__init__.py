"""Where captions go: console and JSON lines.

`edge.outputs.console` needs rich and is imported by whoever wants it.
"""

from edge.outputs.base import Item, Output, Viewer
from edge.outputs.fake import FakeOutput, FakeViewer
from edge.outputs.json_lines import JsonLines
from edge.outputs.plain import Plain

__all__ = ["FakeOutput", "FakeViewer", "Item", "JsonLines", "Output", "Plain", "Viewer"]

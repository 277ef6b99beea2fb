"""Which camera, in words that fit on the command line of the process that reads it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

Kind = Literal["v4l2", "stream", "pipe", "fake"]


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """One camera.

    ``kind`` *v4l2*: ``address`` is a device; *stream*: a network address that FFmpeg reads; *pipe*: ``command`` writes
    raw BGR pictures of exactly ``size`` (width, height) to its stdout; *fake*: ``command`` is what each start does in
    turn (`edge.capture.fake.FakeGrabber`). ``start`` counts the starts.
    """

    kind: Kind
    address: str
    size: tuple[int, int] = (640, 480)
    fps: float = 30.0
    command: tuple[str, ...] = ()
    start: int = 0

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> CameraSpec:
        """What `to_json` wrote."""
        value = json.loads(text)
        return cls(**{**value, "size": tuple(value["size"]), "command": tuple(value["command"])})


def without_password(address: str) -> str:
    """The address as it may be shown: what stands between ``//`` and ``@`` is left out."""
    scheme, mark, rest = address.partition("://")
    host = rest.split("/", 1)
    host[0] = host[0].rpartition("@")[2]
    return f"{scheme}{mark}{'/'.join(host)}"

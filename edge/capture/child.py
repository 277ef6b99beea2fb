"""The process of one camera: ``python -m edge.capture.child MEMORY BELL CAPACITY``, with the camera's spec on stdin.

It publishes each picture (`edge.capture.shared`) until the camera fails, or until the runtime is gone: its end of stdin
closes then, and the kernel kills this process besides. A camera that cannot be opened or read any more is told as one
line of JSON on stdout.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any

from edge.capture.grabbers import open_grabber
from edge.capture.shared import SharedPictures
from edge.capture.spec import CameraSpec
from edge.errors import SourceError
from edge.processes import end_with_parent


def main(arguments: list[str]) -> int:
    """Read the camera to its end; returns the exit code."""
    end_with_parent()
    shared = SharedPictures.attach(*(int(word) for word in arguments))
    spec = CameraSpec.from_json(sys.stdin.readline())
    threading.Thread(target=_end_with_the_runtime, name="runtime", daemon=True).start()
    try:
        grabber = open_grabber(spec)
        while True:
            shared.publish(grabber.read())
    except SourceError as error:
        sys.stdout.write(json.dumps(_words(error)) + "\n")
        sys.stdout.flush()
        return error.exit_code


def _end_with_the_runtime() -> None:
    sys.stdin.read()
    os._exit(0)  # the camera's read may never return


def _words(error: SourceError) -> dict[str, Any]:
    parts = {"expected": error.expected, "found": error.found}
    words = {name: str(value) for name, value in parts.items() if value is not None}
    return {"what": error.what, "where": str(error.where), "remedy": error.remedy, **words}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

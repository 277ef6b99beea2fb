"""The shipped clip: the word HELLO finger-spelled by a rendered hand, and the truth about every frame of it.

No recording of a person is shipped. The clip was drawn by this project (`export.synthetic`) from a CC0 mesh; the truth
file says by which command. It proves the path from pixels to captions; no accuracy is claimed on it, and no weights are
trained on it.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from edge.errors import InputError

__all__ = ["demo_clip", "demo_landmarks", "demo_truth"]


def demo_clip() -> Path:
    """The clip: 640 x 480, 25 frames a second, VP9 in WebM."""
    return _sample("hello.webm")


def demo_truth() -> Path:
    """Its truth, JSON: ``word``, ``fps``, and for each of ``frames`` the ``label`` ("" between letters) and the hand's
    21 ``joints`` in pixels."""
    return _sample("hello.json")


def demo_landmarks() -> Path:
    """The hands that the device's own pipeline finds in the clip, a landmark recording (`edge.capture.recording`)."""
    return _sample("hello.npz")


def _sample(name: str) -> Path:
    path = Path(str(files(__name__).joinpath(name)))
    if not path.is_file():
        raise InputError(
            "a shipped sample is missing", where=path, remedy="install fingerpost again, not from a zip file"
        )
    return path

"""Everything that goes wrong in Fingerpost, on one page.

An error says in one line where, what, what was expected, what was found and what to do. The command lines print that
line and exit with the class's ``exit_code``; codes are stable and documented in the README.

====  ====================  =====================================================================
code  class                 when
====  ====================  =====================================================================
1     FingerpostError       a fault of ours: please report it
2     UsageError            the command's words are off
3     InputError            a file handed in (checkpoint, labels, ONNX, data) cannot be used
4     BundleError           a bundle cannot be trusted or read
5     SourceError           camera, clip, folder or recording cannot be read
6     EngineError           a network cannot be run on this machine
7     StoreError            the store on the device cannot be read or written
8     DependencyError       a Python package or system library is missing
9     CheckFailedError      the work was done but what came out is below the required floor
====  ====================  =====================================================================
"""

from __future__ import annotations

from typing import ClassVar


class FingerpostError(Exception):
    """Base of all errors of the project.

    ``what`` failed, ``where`` (file, field, device), what was ``expected`` and ``found``, and the ``remedy``.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        what: str,
        *,
        where: object = None,
        expected: object = None,
        found: object = None,
        remedy: str | None = None,
    ) -> None:
        self.what, self.where, self.expected, self.found, self.remedy = what, where, expected, found, remedy
        super().__init__(self._line())

    def _line(self) -> str:
        text = f"{self.where}: {self.what}" if self.where is not None else self.what
        if self.expected is not None:
            text += f"; expected {self.expected}"
        if self.found is not None:
            text += f"; found {self.found}"
        if self.remedy:
            text += f". {self.remedy[0].upper()}{self.remedy[1:]}"
        # A message is one line whatever a file put into it.
        return "".join(c if c.isprintable() else "?" for c in text.replace("\n", " "))


class UsageError(FingerpostError):
    """The command's words are off."""

    exit_code = 2


class InputError(FingerpostError):
    """A file handed in (checkpoint, labels, ONNX, data) cannot be used."""

    exit_code = 3


class BundleError(FingerpostError):
    """A bundle cannot be trusted or read."""

    exit_code = 4


class SourceError(FingerpostError):
    """Camera, clip, folder or recording cannot be read."""

    exit_code = 5


class EngineError(FingerpostError):
    """A network cannot be run on this machine."""

    exit_code = 6


class StoreError(FingerpostError):
    """The store on the device cannot be read or written."""

    exit_code = 7


class DependencyError(FingerpostError):
    """A Python package or system library is missing."""

    exit_code = 8


class CheckFailedError(FingerpostError):
    """The work was done but what came out is below the required floor."""

    exit_code = 9

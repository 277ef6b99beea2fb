"""What runs a bundle's networks on this device: TensorRT for float16 where it can, ONNX Runtime on the CPU else.

A bundle for a Jetson has its networks in float32 and float16. Where TensorRT runs, the float16 ones become engines of
the GPU (`edge.engines.tensorrt`) and race the float32 ones like any other variant. Where it does not, everything runs
on the CPU, and that is said aloud, with the reason: a kiosk that is slow for want of a library must not look well.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from edge.bundle.choice import onnx_engines
from edge.bundle.manifest import InputContract, Role
from edge.bundle.reader import Bundle
from edge.bundle.store import Store
from edge.errors import BundleError, EngineError, FingerpostError

if TYPE_CHECKING:
    from edge.engines.base import Engine
    from edge.engines.tensorrt import Backend, Wanted

_FOLDER = "engines"

Progress = Callable[[str], None]
OpenBackend = Callable[[Path, Progress], "Backend"]


class DeviceEngines:
    """Makes the engines of one bundle (an `edge.bundle.acceptance.EngineFactory`).

    ``runtime`` names what is used, with all that a choice of variants depends on; ``fallback`` says why TensorRT does
    not run although the bundle is made for it, and what to do, empty where it does or the bundle is not;
    ``refusal`` is the last network that it was asked for and could not run.

    ``folder`` keeps built engines; ``required``: EngineError instead of a fallback; ``progress`` is told about once a
    second while one is built.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        threads: int,
        folder: Path,
        required: bool = False,
        progress: Progress = lambda text: None,
        open_backend: OpenBackend | None = None,
    ) -> None:
        manifest = bundle.manifest
        self._bundle, self._required = bundle, required
        self._onnx, self.runtime = onnx_engines(threads)
        self._halves = {n.sha256: n for n in manifest.networks if n.variant == "fp16"}
        roles = {n.role for n in self._halves.values()}
        self._others = {n.sha256 for n in manifest.networks if n.variant != "fp16" and n.role in roles}
        self._backend: Backend | None = None
        self.fallback = ""
        self.refusal: EngineError | None = None
        if not self._halves:
            if required:
                raise EngineError(
                    "the bundle has no fp16 networks, which is what TensorRT runs",
                    where=bundle.path,
                    remedy="export it with --target jetson",
                )
            return
        try:
            self._backend = (open_backend or _open_backend)(folder, progress)
        except FingerpostError as error:
            if required:
                raise
            self.fallback = str(error)
            self.runtime += ", no TensorRT"
        else:
            self.runtime += f", {self._backend.describe()}{', required' if required else ''}"

    def __call__(self, model: bytes, label: str) -> Engine:
        """The engine of one of the bundle's networks; raises EngineError."""
        digest = hashlib.sha256(model).hexdigest()
        if self._backend is not None and digest in self._halves:
            try:
                return self._backend.engine(self._wanted(model, label))
            except FingerpostError as error:
                # Whatever it was, to whoever asks it is a network that cannot be run.
                self.refusal = EngineError(
                    error.what, where=label, expected=error.expected, found=error.found, remedy=error.remedy
                )
                raise self.refusal from error
        if self._required and digest in self._others:
            raise EngineError("TensorRT is required, and runs the fp16 network", where=label)
        return self._onnx(model, label)

    def build_all(self, *, again: bool = False) -> dict[str, str]:
        """Build each fp16 network's engine that is not there: by role what is wrong with it, empty when it is there.

        ``again``: also those that failed before.
        """
        return self._asked(build=True, again=again)

    def look(self) -> dict[str, str]:
        """By role what is wrong with each fp16 network's engine, empty when it is there; nothing is built."""
        return self._asked(build=False, again=False)

    def _asked(self, *, build: bool, again: bool) -> dict[str, str]:
        if self._backend is None:
            return {}
        results: dict[str, str] = {}
        for network in self._halves.values():
            model = self._bundle.network(network.role, network.variant)
            wanted = self._wanted(model, f"{self._bundle.title} {network.role} {network.variant}")
            try:
                if again:
                    self._backend.plans.pardon(wanted)
                self._backend.plans.get(wanted, build=build)
                results[network.role] = ""
            except FingerpostError as error:
                results[network.role] = str(error)
        return results

    def _wanted(self, model: bytes, label: str) -> Wanted:
        from edge.engines.tensorrt import Wanted

        network = self._halves[hashlib.sha256(model).hexdigest()]
        return Wanted(model, network.variant, input_shapes(self._bundle.manifest.input, network.role), label)


def engines_folder(store: Store | None) -> Path:
    """Where engines are kept: in the store, or, for a bundle that is run without one, in the user's cache."""
    if store is not None:
        return store.root / _FOLDER
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "fingerpost" / _FOLDER


def input_shapes(contract: InputContract, role: Role) -> dict[str, tuple[int, ...]]:
    """The one shape in which the device feeds each input that has free axes; landmark networks have none.

    The first axis is the batch, 1, the second the window's frames. Raises BundleError when another axis is free.
    """
    if role != "classifier":
        return {}
    window = contract.window
    sizes = {0: 1} | ({1: window.frames} if window else {})
    shapes = {}
    for tensor in contract.tensors:
        shape = [sizes.get(axis) if size is None else size for axis, size in enumerate(tensor.shape)]
        fixed = tuple(size for size in shape if size is not None)
        if len(fixed) != len(shape):
            raise BundleError(
                "the model leaves open what TensorRT must know",
                where=tensor.name,
                expected="no free axes but batch and time",
                found=tensor.shape,
                remedy="export the bundle again with fixed sizes",
            )
        shapes[tensor.name] = fixed
    return shapes


def _open_backend(folder: Path, progress: Progress) -> Backend:
    from edge.engines.tensorrt import open_backend

    return open_backend(folder, progress)

"""What an export for a Jetson does beyond other targets: the parser check, and engines where TensorRT runs right here.

On a workstation without a GPU the bundle is all there is: engines fit one device only, and the device builds its own.
On a Jetson, or with a GPU, each float16 network's engine is built and must give the golden answers; it stays in the
user's cache, where `edge run --bundle` finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from edge.bundle.acceptance import accept
from edge.bundle.device_engines import DeviceEngines, OpenBackend, engines_folder
from edge.bundle.manifest import InputContract, Target
from edge.bundle.reader import open_bundle
from edge.engines.tensorrt import open_backend
from edge.errors import FingerpostError
from export.graphs.types import BuiltNetwork


def parser_notes(
    networks: Sequence[BuiltNetwork], contract: InputContract, step: Callable[[str], None], *, wanted: bool
) -> tuple[str, ...]:
    """What TensorRT's parser says of the networks; raises what `check_parser` raises."""
    if not wanted:
        return ()
    from export.graphs.parser_check import check_parser

    step("parser check")
    return (check_parser(networks, contract),)


def engine_notes(
    target: Target, path: Path, say: Callable[[str], None], *, opened: OpenBackend = open_backend
) -> tuple[str, ...]:
    """What became of the engines of the bundle at ``path``, for people; empty for other targets.

    Raises CheckFailedError when an engine that was built here does not give the golden answers.
    """
    if target != "jetson":
        return ()
    folder = engines_folder(None)
    try:
        backend = opened(folder, say)
    except FingerpostError as error:
        return (
            f"TensorRT does not run here ({error.what}): engines fit one device only, so the device builds its own"
            " from the fp16 network",
        )
    notes = []
    with open_bundle(path) as bundle:
        make = DeviceEngines(
            bundle, threads=1, folder=folder, required=True, open_backend=lambda folder, progress: backend
        )
        for network in bundle.manifest.networks:
            if network.variant == "fp16":
                found = accept(bundle, make, role=network.role, variants=("fp16",))
                notes.append(f"engine of {network.role}: {found.describe()}")
    return tuple(notes)

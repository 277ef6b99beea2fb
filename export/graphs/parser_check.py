"""Can TensorRT read the graphs? Asked of TensorRT for RTX, whose parser and builder run without a GPU.

It is a parser check, not a Jetson build: another builder for other GPUs, with the same parser. It lives in an
environment of its own (`make venv-rtx`), because nothing else needs its 95 MB.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from edge.bundle.device_engines import input_shapes
from edge.bundle.manifest import InputContract
from edge.errors import CheckFailedError, DependencyError
from export.graphs import parser_script
from export.graphs.types import BuiltNetwork

PYTHON = Path(__file__).parents[2] / ".venv-rtx" / "bin" / "python"
_SECONDS = 300.0
"""For each network; the largest takes a quarter of a minute."""


def check_parser(
    networks: Sequence[BuiltNetwork], contract: InputContract, *, build: bool = True, python: Path = PYTHON
) -> str:
    """What was checked, as a note for people; raises CheckFailedError for a graph that TensorRT refuses.

    Sentence models are left out: they run on the CPU. Raises DependencyError where the environment is missing.
    """
    wanted = [network for network in networks if not network.role.startswith("sentence")]
    if not python.exists():
        raise DependencyError("TensorRT for RTX is not here", expected=python, remedy="run `make venv-rtx`")
    with tempfile.TemporaryDirectory(prefix="fingerpost-parser-") as folder:
        words = []
        for network in wanted:
            path = Path(folder) / f"{network.role}-{network.variant}.onnx"
            path.write_bytes(network.model)
            words.append({"file": str(path), "shapes": input_shapes(contract, network.role), "build": build})
        try:
            done = subprocess.run(
                [python, "-I", parser_script.__file__],
                input=json.dumps(words),
                capture_output=True,
                text=True,
                check=False,
                timeout=_SECONDS * len(wanted),
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DependencyError("TensorRT for RTX does not run", where=python, found=str(error)[:200]) from error
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    for answer in answers:
        if answer["error"]:
            raise CheckFailedError(
                "TensorRT's parser refuses a network",
                where=Path(answer["file"]).stem,
                found=answer["error"][:300],
                remedy="nothing was written; report this with the model",
            )
    if done.returncode or len(answers) != len(wanted):
        last = done.stderr.strip().splitlines()
        raise DependencyError(
            "TensorRT for RTX ended without an answer",
            where=python,
            found=last[-1][:200] if last else f"exit code {done.returncode}",
            remedy="run `make venv-rtx`",
        )
    does = "reads and builds" if build else "reads"
    return f"parser check, not a Jetson build: TensorRT for RTX {does} {len(answers)} networks"

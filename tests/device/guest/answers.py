"""Runs on the board: each network's answers to the bundle's golden inputs, as an npz on stdout in base64.

``answers.py BUNDLE``. Arrays are named ``role/variant/output``.
"""

from __future__ import annotations

import base64
import io
import sys
from pathlib import Path

import numpy as np

from edge.bundle.choice import onnx_engines
from edge.bundle.golden import samples
from edge.bundle.reader import open_bundle

INPUTS = 2
"""Of each network: a palm detection takes an emulated board seconds."""


def main(path: Path) -> dict[str, np.ndarray]:
    """The answers by name."""
    make_engine, _ = onnx_engines(1)
    answers: dict[str, list[np.ndarray]] = {}
    with open_bundle(path) as bundle:
        golden = bundle.golden()
        for network in bundle.manifest.networks:
            engine = make_engine(bundle.network(network.role, network.variant), network.file)
            for sample in samples(golden, network.role, engine, where=path)[:INPUTS]:
                for name, value in engine.run(sample.feeds).items():
                    answers.setdefault(f"{network.role}/{network.variant}/{name}", []).append(value)
            engine.close()
    return {name: np.concatenate(values) for name, values in answers.items()}


if __name__ == "__main__":
    packed = io.BytesIO()
    np.savez_compressed(packed, **main(Path(sys.argv[1])))
    sys.stdout.write(base64.b64encode(packed.getvalue()).decode())

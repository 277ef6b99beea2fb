"""The export's command line: words in, a bundle and a short report out.

``python -m export --target pi`` exports the shipped model; ``--model``, ``--factory`` and ``--onnx`` bring another one.
``python -m export schema`` prints the manifest's JSON Schema, ``--list-models`` the families; ``keygen``, ``sign`` and
``index`` are in `export.cli_keys`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from edge.bundle.manifest import Manifest, Target
from edge.errors import UsageError
from export.cli_keys import ACTIONS, add_actions, run_action

TARGETS: tuple[Target, ...] = ("pi", "jetson", "cpu")

_DESCRIPTION = "Turn a trained model into a bundle for a device. Without a model, the shipped one is exported."
_EPILOG = """\
examples:
  python -m export --target pi
  python -m export --target pi --model cnn-bilstm-attention --checkpoint best_model.pth --labels labels.txt
  python -m export --target jetson --factory train_asl_improved:ImprovedASLModel --checkpoint best_model.pth
  python -m export --target cpu --onnx my_model.onnx --labels labels.json
  python -m export schema > manifest.schema.json
  python -m export keygen my-key.pem                    make a signing key
  python -m export --target pi --sign my-key.pem        a signed bundle
  python -m export sign FILE.bundle --key my-key.pem    sign one that is there
  python -m export index DIR                            offer the bundles of a folder to `edge update`
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, remedy="see python -m export --help")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command's words; raises UsageError."""
    if arguments and arguments[0] in ACTIONS:
        keys = _Parser(prog="python -m export", description="Keys, signatures and the index of updates.")
        add_actions(keys)
        return keys.parse_args(arguments)
    parser = _Parser(
        prog="python -m export",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("action", nargs="?", choices=("bundle", "schema"), default="bundle", help=argparse.SUPPRESS)
    parser.add_argument(
        "--target", choices=TARGETS, help="the device: any CPU board (pi), NVIDIA Jetson, or a PC (cpu)"
    )
    model = parser.add_argument_group("model").add_mutually_exclusive_group()
    model.add_argument("--model", metavar="NAME", help="a family of --list-models")
    model.add_argument("--factory", metavar="MODULE:CALLABLE", help="your own PyTorch class or function")
    model.add_argument("--onnx", type=Path, metavar="FILE", help="an ONNX file with raw inputs")
    weights = parser.add_argument_group("weights and labels")
    weights.add_argument("--checkpoint", type=Path, metavar="FILE", help=".safetensors, .pth, .pt, .keras, .h5")
    weights.add_argument("--labels", type=Path, metavar="FILE", help=".txt, .json or .npy, in the order of the outputs")
    weights.add_argument("--preprocess", metavar="NAME", help="what stands in front of the network: raw or unit")
    weights.add_argument("--trust-pickle", action="store_true", help="run the code in a .pth (your own files only)")
    weights.add_argument("--licence", metavar="SPDX", help="licence of the weights, for instance MIT")
    weights.add_argument(
        "--calibration",
        type=Path,
        metavar="DIR",
        help="pictures, a folder per class, that the int8 of a picture model is calibrated on (default: rendered ones)",
    )
    weights.add_argument(
        "--measure",
        type=Path,
        metavar="DIR",
        help="labelled recordings or pictures: how much accuracy int8 keeps on them goes into the manifest",
    )
    bundle = parser.add_argument_group("bundle")
    bundle.add_argument("--name", help="default: the model's")
    bundle.add_argument("--version", metavar="X.Y.Z", help="default: 0.1.0, the release for the shipped model")
    bundle.add_argument("--serial", type=int, metavar="N", help="rises with every bundle; default: seconds since 1970")
    bundle.add_argument("--output", type=Path, default=Path(), metavar="DIR", help="default: the current folder")
    bundle.add_argument(
        "--golden-from-data",
        type=Path,
        metavar="DIR",
        help="take the golden inputs from here: the bundle then holds pictures or movements of people",
    )
    bundle.add_argument("--sign", type=Path, metavar="KEY", help="sign it with this key, made by `keygen`")
    bundle.add_argument(
        "--check-parser",
        action="store_true",
        help="let TensorRT for RTX read and build every network (make venv-rtx): a parser check, not a Jetson build",
    )
    bundle.add_argument("--no-hands", action="store_true", help="leave MediaPipe's hand and face networks out")
    bundle.add_argument("--mediapipe-wheel", type=Path, metavar="FILE", help="take them from this file, not by pip")
    bundle.add_argument(
        "--sentence",
        type=Path,
        metavar="DIR",
        help="add a model that makes sentences of signs: a T5 or FLAN-T5 folder (config.json, weights, tokenizer)",
    )
    bundle.add_argument("--sentence-licence", metavar="SPDX", help="licence of that model, for instance Apache-2.0")
    parser.add_argument("--list-models", action="store_true", help="list the families and stop")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    if options.action == "bundle" and not options.list_models and options.target is None:
        raise UsageError("the target is missing", expected="--target pi, jetson or cpu", remedy="see --help")
    return options


def run(options: argparse.Namespace) -> None:
    """Do what the words say; prints to standard output, progress to standard error."""
    if options.action in ACTIONS:
        run_action(options)
    elif options.action == "schema":
        _print(json.dumps(Manifest.model_json_schema(), indent=2))
    elif options.list_models:
        _list_models(as_json=options.json)
    else:
        from export.cli_bundle import make_bundle

        make_bundle(options)


def _list_models(*, as_json: bool) -> None:
    from export.models.registry import families

    rows = [
        {
            "name": entry.name,
            "task": entry.task,
            "classes": entry.classes,
            "preprocess": list(entry.preprocess),
            "shipped": entry.checkpoint is not None,
            "summary": entry.summary,
        }
        for entry in families()
    ]
    if as_json:
        _print(json.dumps({"models": rows}))
        return
    for entry in families():
        weights = "weights shipped" if entry.checkpoint else "your weights"
        _print(f"{entry.name}\n  {entry.summary}")
        _print(f"  {entry.task}, {entry.classes} classes, --preprocess {' or '.join(entry.preprocess)}, {weights}")


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")

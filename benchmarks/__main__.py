"""``python -m benchmarks [SUITE] --bundle FILE ...``: each suite is a module with ``main(argv) -> int``.

Without a suite's name, the classifier's is run. Exit codes are those of `edge.errors`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from edge.errors import DependencyError, FingerpostError
from edge.outputs.json_lines import error_object, write_line

SUITES = {
    "classifier": "latency and accuracy retention of each variant of the classifier (the default)",
    "networks": "every network of a bundle alone, beside TFLite",
    "landmarks": "the hand pipeline, beside MediaPipe",
    "pipeline": "capture to caption on a clip, stage by stage, beside a naive loop",
    "startup": "from a process's start to its first frame",
    "memory": "what a process holds, stage by stage, and its peak",
    "sustained": "minutes at camera rate: temperature, clock, throttling",
    "energy": "watts and joules a frame, where the board reports power",
    "gpu": "TensorRT on an NVIDIA GPU, beside ONNX Runtime's GPU providers and PyTorch in float16",
    "spelling": "reading spelt words",
    "soak": "the whole service at full speed for minutes: does it grow?",
    "recovery": "faults of camera and service: how long until frames move again",
    "models": "several bundles in one table, as in the README",
    "all": "classifier to sustained, and one page with all of it",
    "page": "kept results on one HTML page, or as Markdown",
    "compare": "two kept results: what changed, with intervals; a gate",
}
_MODULES = {"all": "everything"}
"""Of suites that are not named like theirs."""
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a suite; its errors become one line on standard error."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in ("-h", "--help"):
        _print_help()
        return 0
    suite = words.pop(0) if words and words[0] in SUITES else "classifier"
    try:
        return int(import_module(f"benchmarks.{_MODULES.get(suite, suite)}").main(words))
    except FingerpostError as error:
        return _fail(error, as_json="--json" in words)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] in ("edge", "export", "benchmarks"):
            raise  # a fault of ours
        missing = DependencyError(
            "a package is missing",
            where=error.name,
            remedy="install what this suite needs: pip install 'fingerpost[benchmarks]'",
        )
        return _fail(missing, as_json="--json" in words)
    except KeyboardInterrupt:
        return INTERRUPTED


def _fail(error: FingerpostError, *, as_json: bool) -> int:
    if as_json:  # a program that reads along sees it too
        write_line(sys.stdout, error_object(error))
    print(f"error: {error}", file=sys.stderr)
    return error.exit_code


def _print_help() -> None:
    print("usage: python -m benchmarks [SUITE] --bundle FILE [options]\n\nsuites:")
    for name, summary in SUITES.items():
        print(f"  {name:<12}{summary}")
    print("\n`python -m benchmarks SUITE --help` says what a suite takes.")


if __name__ == "__main__":
    sys.exit(main())

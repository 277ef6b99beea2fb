"""Every suite of one bundle, one after the other: results as JSON and one page with all of them in a folder.

What a deployer runs on a board before trusting it: twenty minutes with the sustained suite's ten. ``--peers`` measures
the peers beside, which takes the packages of the extra ``peers`` and an environment with MediaPipe.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from benchmarks import fingerprint
from benchmarks.kept import read
from benchmarks.output import write
from benchmarks.pages.document import markdown
from benchmarks.pages.html import page
from benchmarks.presentation import blocks_of
from edge.cli import Parser

_PEERS = {
    "classifier": ("--peer", "torch", "--peer", "torch-dynamic"),
    "networks": ("--peer", "tflite"),
    "pipeline": ("--peer", "naive"),
    "startup": ("--peer", "naive"),
    "memory": ("--peer", "naive"),
    "energy": ("--peer", "naive"),
    "sustained": (),
}
"""The suites in their order, and what measures their peers; the longest comes last."""
_QUICK = {
    "classifier": ("--iterations", "5", "--threads", "1"),
    "networks": ("--iterations", "5"),
    "pipeline": ("--rounds", "1"),
    "startup": ("--starts", "1"),
    "memory": ("--processes", "1", "--passes", "1"),
    "energy": ("--rounds", "1", "--idle", "1"),
    "sustained": (),
}
_WITHOUT_CLIP = ("classifier", "networks")
_WITHOUT_CHECKPOINT = ("networks", "sustained")


def main(argv: Sequence[str]) -> int:
    """Run them; what was measured before an error stays. Raises FingerpostError."""
    options = _parser().parse_args(argv)
    for suite in _PEERS:
        import_module(f"benchmarks.{suite}").main(_words(suite, options))
    machine, order = fingerprint.take().name, list(_PEERS)
    kept = [read(path) for path in sorted(options.output.glob("*.json"))]
    bundle = str(options.bundle)
    own = [each for each in kept if getattr(each, "bundle", "") == bundle and each.machine.name == machine]
    reports = [blocks_of(each) for each in sorted(own, key=lambda each: order.index(each.suite))]
    write(options.output / "report.html", page(f"Fingerpost on {machine}", reports))
    write(options.output / "report.md", "\n".join(markdown(blocks) for blocks in reports))
    return 0


def _words(suite: str, options: Namespace) -> list[str]:
    words = ["--bundle", str(options.bundle), "--save", str(options.output)]
    if options.peers:
        words += _PEERS[suite]
        if options.checkpoint is not None and suite not in _WITHOUT_CHECKPOINT:
            words += ["--checkpoint", str(options.checkpoint)]
    if options.clip is not None and suite not in _WITHOUT_CLIP:
        words += ["--clip", str(options.clip)]
    if options.data is not None and suite == "classifier":
        words += ["--data", str(options.data)]
    if suite == "sustained":
        words += ["--minutes", str(options.minutes)]
    return [*words, *(_QUICK[suite] if options.quick else ())]


def _parser() -> Parser:
    parser = Parser(prog="python -m benchmarks all", description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True, metavar="FILE", help="the bundle to measure")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="for JSON files, page and Markdown")
    parser.add_argument("--data", type=Path, metavar="DIR", help="labelled examples, for accuracy and retention")
    parser.add_argument("--clip", type=Path, metavar="FILE", help="a recorded clip (default: the shipped one)")
    parser.add_argument("--quick", action="store_true", help="least rounds: to see that it works, not for figures")
    parser.add_argument("--peers", action="store_true", help="measure the peers beside")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="what the peers are made from")
    parser.add_argument("--minutes", type=float, default=10.0, metavar="N", help="of the sustained suite (10)")
    return parser

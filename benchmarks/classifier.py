"""The classifier suite: what each variant of a bundle's classifier costs here, and what accuracy it keeps.

Latency is taken on the bundle's first golden input, one example at a time, as the device runs it; accuracy on
labelled examples where ``--data`` names some. Golden inputs have no true label: on them only the agreement with fp32
is known.
"""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np

from benchmarks import fingerprint, report
from benchmarks.accuracy import Score, agreement, answered
from benchmarks.affinity import pinned
from benchmarks.classifier_blocks import classifier_blocks
from benchmarks.contestants import Contestant, reference, variants
from benchmarks.latency import Latency, Method, golden_feeds, latencies
from benchmarks.loadgen import SingleStream, require_loadgen, single_stream
from benchmarks.output import add_output_options, present
from benchmarks.peers import NAMES, open_peers
from benchmarks.precisions import NAMES as PRECISIONS
from benchmarks.precisions import made_here
from benchmarks.results import Agreement, ClassifierResult, DataInfo, VariantInfo
from benchmarks.scoring import DataOptions, check_floor, score_data
from edge.bundle.reader import Bundle, open_bundle
from edge.cli import Parser
from edge.engines import Engine
from edge.errors import UsageError
from edge.types import AnyArray

THREADS = (1, 2, 4)
MOST_THREADS = 256


def main(argv: Sequence[str]) -> int:
    """Run the suite; raises FingerpostError."""
    options = _parser().parse_args(argv)
    method = Method(options.iterations)
    if options.iterations < 1:
        raise UsageError("too few iterations", expected="--iterations 1 or more", found=options.iterations)
    if options.mlperf is not None:
        if options.mlperf < 1:
            raise UsageError("too few queries", expected="--mlperf 1 or more", found=options.mlperf)
        require_loadgen()
    data = data_options(options)
    if options.floor is not None and data is None:
        raise UsageError("--floor holds for data", remedy="name labelled examples with --data DIR")
    with open_bundle(options.bundle) as bundle, report.progress() as progress:
        peers = open_peers(options.peer, bundle.manifest, options.checkpoint)
        shipped, others = variants(bundle), (*made_here(bundle, options.also), *peers)
        contestants = (*shipped, *others)
        if options.floor is not None and len(shipped) < 2:
            raise UsageError("--floor compares variants", where=bundle.path, found=f"{contestants[0].name} alone")
        result = measure(
            bundle,
            contestants,
            data=data,
            method=method,
            threads=options.threads,
            queries=options.mlperf,
            progress=progress,
        )
    present(result, classifier_blocks, options)
    if options.floor is not None:
        check_floor(result.scores, options.floor, ungated=[each.name for each in others])
    return 0


def measure(
    bundle: Bundle,
    contestants: tuple[Contestant, ...],
    *,
    data: DataOptions | None,
    method: Method,
    progress: report.Progress,
    threads: Sequence[int] = THREADS,
    queries: int | None = None,
    seed: int = 0,
) -> ClassifierResult:
    """Measure every contestant with each number of ``threads``, and with so many ``queries`` of MLPerf's SingleStream;
    ``seed`` fixes the bootstrap's resamples."""
    base = reference(contestants)
    rng = np.random.default_rng(seed)
    golden = golden_feeds(bundle)
    machine = fingerprint.take()  # before the load is ours
    with ExitStack() as stack:  # accuracy first: what the data or the packages lack shows at once
        engines = {each.name: each.open(1) for each in contestants}
        for engine in engines.values():
            stack.callback(engine.close)
        on_golden = golden_agreement(engines, golden, base)
        info: DataInfo | None = None
        scores: tuple[Score, ...] = ()
        if data is not None:
            info, scores = score_data(bundle, data, engines, reference=base, progress=progress, rng=rng)
    first = {name: array[:1] for name, array in golden.items()}
    rows: list[Latency] = []
    own = tuple(each for each in contestants if not each.peer)
    for count in threads:  # peers at one thread only: PyTorch's threads spin, and on a busy machine for seconds
        timed = contestants if count == 1 else own
        rows += latencies(timed, first, reference=base, threads=count, method=method, progress=progress, rng=rng)
    return ClassifierResult(
        suite="classifier",
        bundle=str(bundle.path),
        title=bundle.title,
        target=bundle.manifest.target,
        task=bundle.manifest.task,
        reference=base,
        iterations=method.iterations,
        warmup=method.warmup,
        variants=tuple(VariantInfo(each.name, each.size, each.how, each.peer) for each in contestants),
        latencies=tuple(rows),
        streams=_streams(contestants, first, queries) if queries else (),
        golden=tuple(on_golden.values()),
        data=info,
        scores=scores,
        machine=machine,
    )


def golden_agreement(
    engines: Mapping[str, Engine], golden: Mapping[str, AnyArray], reference: str
) -> dict[str, Agreement]:
    """How far each engine gives the labels of the ``reference`` on golden inputs (N, ...)."""
    labels = {name: answered(_one_by_one(engine, golden)) for name, engine in engines.items()}
    return {name: Agreement(name, len(own), agreement(own, labels[reference])) for name, own in labels.items()}


def thread_counts(text: str) -> tuple[int, ...]:
    """``1,2,4`` as numbers; raises ArgumentTypeError."""
    words = text.split(",")
    if not all(word.isascii() and word.isdecimal() and 0 < int(word) <= MOST_THREADS for word in words):
        raise ArgumentTypeError(f"{text!r} is no list of numbers from 1 to {MOST_THREADS}, like 1,2,4")
    return tuple(dict.fromkeys(map(int, words)))


def _streams(
    contestants: Sequence[Contestant], feeds: Mapping[str, AnyArray], queries: int
) -> tuple[SingleStream, ...]:
    found = []
    for each in contestants:
        with pinned(1), closing(each.open(1)) as engine:
            found.append(single_stream(each.name, engine, feeds, queries=queries))
    return tuple(found)


def data_options(options: Namespace) -> DataOptions | None:
    """What ``--data`` and its companions say; raises UsageError for a companion alone."""
    if options.data is None:
        if options.limit is not None or options.skip_unreadable:
            raise UsageError("--limit and --skip-unreadable are about data", remedy="name it with --data DIR")
        return None
    if options.limit is not None and options.limit < 1:
        raise UsageError("too few examples", expected="--limit 1 or more", found=options.limit)
    return DataOptions(options.data, options.limit, options.skip_unreadable)


def _one_by_one(engine: Engine, feeds: Mapping[str, AnyArray]) -> AnyArray:
    """The engine's first output for all golden inputs (N, classes)."""
    name = engine.outputs[0].name
    n = len(next(iter(feeds.values())))
    return np.concatenate([engine.run({k: array[i : i + 1] for k, array in feeds.items()})[name] for i in range(n)])


def _parser() -> Parser:
    parser = Parser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True, metavar="FILE", help="the bundle to measure")
    add_data_options(parser)
    parser.add_argument("--floor", type=float, metavar="R", help="fail (9) if a retention's interval goes below R")
    parser.add_argument("--peer", action="append", default=[], choices=NAMES, help="measured beside it; needs torch")
    parser.add_argument(
        "--also", action="append", default=[], choices=PRECISIONS, help="made from fp32 on the spot; needs the export"
    )
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="what the peers are made from")
    parser.add_argument("--iterations", type=int, default=500, metavar="N", help="measured rounds (500)")
    parser.add_argument("--threads", type=thread_counts, default=THREADS, metavar="N,N", help="threads (1,2,4)")
    parser.add_argument("--mlperf", type=int, metavar="N", help="also N queries of MLPerf's SingleStream, by LoadGen")
    add_output_options(parser)
    return parser


def add_data_options(parser: Parser) -> None:
    """``--data`` and what goes with it."""
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="labelled examples, for accuracy and retention: landmark npz, Kaggle's isolated signs, or pictures in a "
        "folder per class; or a folder of such",
    )
    parser.add_argument("--limit", type=int, metavar="N", help="measure on an even share of so many examples")
    parser.add_argument("--skip-unreadable", action="store_true", help="go on without files that cannot be read")

"""The classifier suite: what each variant of a bundle's classifier costs here, and what accuracy it keeps.

Latency is taken on the bundle's first golden input, one example at a time, as the device runs it; accuracy on
recordings where ``--data`` names some. Golden inputs have no true label: on them only the agreement with fp32 is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import fingerprint, report
from benchmarks.accuracy import Score, agreement, score
from benchmarks.results import Agreement, ClassifierResult, DataInfo, Latency, VariantInfo
from benchmarks.timing import Case, interleave
from edge.bundle.manifest import Manifest, Precision
from edge.bundle.reader import Bundle, open_bundle
from edge.cli import Parser
from edge.engines import Engine, OnnxEngine
from edge.errors import BundleError, UsageError
from edge.statistics import percentiles, ratio_of_medians
from edge.types import AnyArray
from export.examples import Examples, read_examples

THREADS = (1, 2)
BATCH = 64
Feeds = Mapping[str, AnyArray]
Engines = Callable[[Bundle, Precision, int], Engine]


def main(argv: Sequence[str]) -> int:
    """Run the suite; raises FingerpostError."""
    options = _parser().parse_args(argv)
    if options.iterations < 1:
        raise UsageError("too few iterations", expected="--iterations 1 or more", found=options.iterations)
    with open_bundle(options.bundle) as bundle, report.progress() as progress:
        result = measure(bundle, data=options.data, iterations=options.iterations, progress=progress)
    (report.print_json if options.json else report.print_classifier)(result)
    return 0


def onnx_engine(bundle: Bundle, variant: Precision, threads: int) -> Engine:
    """The classifier of a bundle on ONNX Runtime."""
    return OnnxEngine(bundle.network("classifier", variant), threads=threads, label=f"{bundle.title} {variant}")


def measure(
    bundle: Bundle,
    *,
    data: Path | None,
    iterations: int,
    progress: report.Progress,
    engines: Engines = onnx_engine,
    seed: int = 0,
) -> ClassifierResult:
    """Measure every variant of the bundle's classifier; ``seed`` fixes the bootstrap's resamples."""
    manifest = bundle.manifest
    variants = manifest.variants("classifier")
    reference: Precision = "fp32" if "fp32" in variants else variants[0]
    rng = np.random.default_rng(seed)
    golden = golden_feeds(bundle)
    machine = fingerprint.take()  # before the load is ours
    warmup = max(20, iterations // 10)
    with ExitStack() as stack:  # accuracy first: what the recordings or the packages lack shows at once
        opened = {variant: _closing(stack, engines(bundle, variant, 1)) for variant in variants}
        on_golden = {v: _run(engine, golden, progress, f"golden inputs, {v}") for v, engine in opened.items()}
        info: DataInfo | None = None
        scores: tuple[Score, ...] = ()
        if data is not None:
            examples = read_examples(data, manifest, progress.track)
            outputs: dict[str, AnyArray] = {
                v: _run(engine, examples.feeds, progress, f"recordings, {v}") for v, engine in opened.items()
            }
            info, scores = _accuracy(examples, outputs, manifest=manifest, reference=reference, rng=rng)
    latencies: list[Latency] = []
    for threads in THREADS:
        latencies += _latencies(
            bundle,
            golden,
            reference=reference,
            threads=threads,
            iterations=iterations,
            warmup=warmup,
            progress=progress,
            engines=engines,
            rng=rng,
        )
    return ClassifierResult(
        suite="classifier",
        bundle=str(bundle.path),
        title=bundle.title,
        target=manifest.target,
        reference=reference,
        iterations=iterations,
        warmup=warmup,
        variants=tuple(
            VariantInfo(n.variant, n.size, n.quantization) for n in manifest.networks if n.role == "classifier"
        ),
        latencies=tuple(latencies),
        golden=tuple(
            Agreement(v, len(values), agreement(values, on_golden[reference])) for v, values in on_golden.items()
        ),
        data=info,
        scores=scores,
        machine=machine,
    )


def golden_feeds(bundle: Bundle) -> dict[str, AnyArray]:
    """The bundle's golden inputs, (N, ...) by tensor name; raises BundleError where one is missing."""
    arrays = bundle.golden()
    names = [tensor.name for tensor in bundle.manifest.input.tensors]
    missing = [name for name in names if name not in arrays or not len(arrays[name])]
    if missing:
        raise BundleError(
            "the golden inputs are incomplete",
            where=f"{bundle.path}/{bundle.manifest.golden.file}",
            expected=", ".join(names),
            found=", ".join(arrays) or "nothing",
            remedy="export the bundle again",
        )
    return {name: arrays[name] for name in names}


def _latencies(
    bundle: Bundle,
    golden: Feeds,
    *,
    reference: Precision,
    threads: int,
    iterations: int,
    warmup: int,
    progress: report.Progress,
    engines: Engines,
    rng: np.random.Generator,
) -> Iterator[Latency]:
    one = {name: array[:1] for name, array in golden.items()}
    with ExitStack() as stack:
        cases = []
        for variant in bundle.manifest.variants("classifier"):
            engine = _closing(stack, engines(bundle, variant, threads))
            cases.append(Case(variant, partial(engine.run, one)))
        title = f"latency, {threads} thread{'s' if threads > 1 else ''}"
        advance = stack.enter_context(progress.task(title, iterations + warmup))
        timings = interleave(cases, rounds=iterations, warmup=warmup, advance=advance)
    base = next(t for t in timings if t.name == reference)
    for timing in timings:
        is_base = timing is base
        yield Latency(
            variant=timing.name,
            threads=threads,
            wall=percentiles(timing.wall),
            cpu=percentiles(timing.cpu),
            ratio=None if is_base else ratio_of_medians(timing.wall, base.wall, rng=rng),
            cpu_ratio=None if is_base else ratio_of_medians(timing.cpu, base.cpu, rng=rng),
        )


def _accuracy(
    examples: Examples, outputs: Mapping[str, AnyArray], *, manifest: Manifest, reference: str, rng: np.random.Generator
) -> tuple[DataInfo, tuple[Score, ...]]:
    numbers = {label.name: number for number, label in enumerate(manifest.labels)}
    truth = np.array([numbers[name] for name in examples.labels])
    info = DataInfo(
        path=examples.path,
        n=len(truth),
        sources={name: examples.sources.count(name) for name in sorted(set(examples.sources))},
        unknown=dict(examples.unknown),
        seen=examples.seen,
    )
    return info, score(outputs, truth, examples.sources, reference=reference, rng=rng)


def _run(engine: Engine, feeds: Feeds, progress: report.Progress, title: str) -> AnyArray:
    """The engine's first output for all examples, batch by batch."""
    n = len(next(iter(feeds.values())))
    name = engine.outputs[0].name
    results = []
    with progress.task(title, n) as advance:
        for begin in range(0, n, BATCH):
            results.append(engine.run({key: array[begin : begin + BATCH] for key, array in feeds.items()})[name])
            advance(min(BATCH, n - begin))
    return np.concatenate(results)


def _closing(stack: ExitStack, engine: Engine) -> Engine:
    stack.callback(engine.close)
    return engine


def _parser() -> Parser:
    parser = Parser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True, metavar="FILE", help="the bundle to measure")
    parser.add_argument("--data", type=Path, metavar="DIR", help="labelled recordings, for accuracy and retention")
    parser.add_argument("--iterations", type=int, default=500, metavar="N", help="measured rounds (500)")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    return parser

"""The GPU suite: one example at a time on an NVIDIA GPU, TensorRT beside ONNX Runtime and eager PyTorch, all float16.

Every way to run a network (`benchmarks.peers.gpu_sides`) is opened, must give the bundle's golden answers, and is timed
in the same interleaved rounds. What cannot be opened here stands in the table too, with the reason: ONNX Runtime, for
one, takes the CPU without a word when a library is missing, and a figure of the CPU is none of the GPU.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import fingerprint, report
from benchmarks.gpu_results import GpuFigure, GpuResult, GpuRow, GpuSide
from benchmarks.latency import Method
from benchmarks.output import add_output_options, present
from benchmarks.pages.document import Block, Heading, Line, Table
from benchmarks.pages.machine import machine_lines
from benchmarks.peers.gpu_sides import REFERENCE, Side, sides
from benchmarks.timing import Case, interleave
from edge.bundle.golden import Comparison, Sample, compare, has_golden, samples
from edge.bundle.manifest import Role
from edge.bundle.reader import Bundle, open_bundle
from edge.cli import Parser
from edge.engines import Engine
from edge.engines.tensorrt.probing import probe_gpu
from edge.errors import BundleError, EngineError, FingerpostError, UsageError
from edge.statistics import percentiles, ratio_of_medians


def main(argv: Sequence[str]) -> int:
    """Run the suite; raises FingerpostError, an EngineError where there is no GPU."""
    options = _parser().parse_args(argv)
    if options.iterations < 1:
        raise UsageError("too few iterations", expected="--iterations 1 or more", found=options.iterations)
    with open_bundle(options.bundle) as bundle, tempfile.TemporaryDirectory(prefix="fingerpost-engines-") as kept:
        roles = half_roles(bundle)
        gpu = probe_gpu()
        with report.progress() as progress:
            ways = {role: sides(bundle, role, folder=Path(kept), checkpoint=options.checkpoint) for role in roles}
            method = Method(options.iterations)
            rows = tuple(measure(bundle, role, ways[role], method=method, progress=progress) for role in roles)
        result = GpuResult(
            suite="gpu",
            bundle=str(bundle.path),
            title=bundle.title,
            device=f"{gpu.name} ({gpu.capability}), {gpu.driver}",
            iterations=method.iterations,
            warmup=method.warmup,
            rows=rows,
            machine=fingerprint.take(),
        )
    present(result, gpu_blocks, options)
    return 0


def half_roles(bundle: Bundle) -> tuple[Role, ...]:
    """The roles that have a float16 network and golden inputs; raises BundleError where there is none."""
    golden = bundle.golden()
    found = tuple(n.role for n in bundle.manifest.networks if n.variant == "fp16" and has_golden(golden, n.role))
    if not found:
        raise BundleError("the bundle has no fp16 networks", where=bundle.path, remedy="export it with --target jetson")
    return found


def measure(
    bundle: Bundle, role: Role, ways: Sequence[Side], *, method: Method, progress: report.Progress, seed: int = 0
) -> GpuRow:
    """Time every way that can be opened here; ``seed`` fixes the bootstrap's resamples."""
    golden = bundle.golden()
    absent: dict[str, str] = {}
    opened: dict[str, tuple[Engine, Sample, Comparison]] = {}
    with ExitStack() as stack:
        for way in ways:
            try:
                engine = way.open()
                stack.callback(engine.close)
                mine = samples(golden, role, engine, where=bundle.path)
                opened[way.name] = (engine, mine[0], _right(role, engine, mine))
            except FingerpostError as error:
                absent[way.name] = str(error)
        cases = [Case(name, partial(engine.run, first.feeds)) for name, (engine, first, _) in opened.items()]
        advance = stack.enter_context(progress.task(role, method.iterations + method.warmup))
        timings = interleave(cases, rounds=method.iterations, warmup=method.warmup, advance=advance) if cases else ()
        base = next((timing for timing in timings if timing.name == REFERENCE), None)
        rng = np.random.default_rng(seed)
        figures = {}
        for timing in timings:
            engine, _, found = opened[timing.name]
            figures[timing.name] = GpuFigure(
                engine=engine.name,
                wall=percentiles(timing.wall),
                ratio=None if base is None or timing is base else ratio_of_medians(timing.wall, base.wall, rng=rng),
                agreement=found.agreement,
                difference=found.max_abs_diff or 0.0,
            )
    return GpuRow(role, tuple(GpuSide(w.name, w.how, figures.get(w.name), absent.get(w.name, "")) for w in ways))


def gpu_blocks(result: GpuResult) -> list[Block]:
    """The report."""
    rounds = f"{result.iterations} interleaved rounds after {result.warmup} to warm up"
    blocks: list[Block] = [
        Heading("GPU", f"{result.title}, one example at a time: {rounds}", top=True),
        Line(f"GPU: {result.device}"),
        *machine_lines(result.machine),
    ]
    columns = ("engine", "p50 ms", "p90", f"/ {REFERENCE}", "same\nlabel", "largest\ndifference")
    for row in result.rows:
        rows = tuple(
            (
                f"{side.name}: {figure.engine}",
                *(report.milliseconds(value) for value in (figure.wall.p50, figure.wall.p90)),
                report.interval(figure.ratio, digits=2),
                report.percent(figure.agreement),
                f"{figure.difference:.2g}",
            )
            for side in row.sides
            if (figure := side.figure) is not None
        )
        blocks += [Heading(row.role), *([Table(columns, rows)] if rows else [])]
        blocks += [Line(f"Not measured: {side.name}: {side.absent}") for side in row.sides if side.absent]
    return blocks


def _right(role: Role, engine: Engine, golden: Sequence[Sample]) -> Comparison:
    found = compare(role, engine, golden)
    if found.flaw:
        raise EngineError("it gives no answer that can be timed", where=engine.name, found=found.flaw)
    return found


def _parser() -> Parser:
    parser = Parser(prog="python -m benchmarks gpu", description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True, metavar="FILE", help="a bundle exported for a Jetson")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="what it was exported from (the shipped one)")
    parser.add_argument("--iterations", type=int, default=300, metavar="N", help="measured rounds (300)")
    add_output_options(parser)
    return parser

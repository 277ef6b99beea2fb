"""The networks suite: every network of a bundle alone, in all its precisions, beside TFLite with ``--peer tflite``.

The landmark networks are MediaPipe's; their original files run on LiteRT with XNNPACK, one thread, on the same picture
in the same interleaved rounds. The picture is the role's first golden input; turning it from bytes into numbers is part
of both, since both are handed the picture. ``--operators`` adds where the time of our variants goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks import fingerprint, report
from benchmarks.classifier import thread_counts
from benchmarks.classifier_blocks import latency_blocks
from benchmarks.contestants import Contestant, reference, variants
from benchmarks.latency import Feeds, Latency, Method, latencies
from benchmarks.networks_results import NetworkRow, NetworksResult
from benchmarks.operators import OperatorTime, operator_times
from benchmarks.output import add_output_options, present
from benchmarks.pages.document import Block, Heading, Table
from benchmarks.pages.machine import machine_lines
from benchmarks.peers.tflite import NAME as TFLITE
from benchmarks.peers.tflite import ROLES as TFLITE_ROLES
from benchmarks.peers.tflite import tflite_peer
from benchmarks.results import VariantInfo
from edge.bundle.golden import golden_name, has_golden
from edge.bundle.manifest import Role
from edge.bundle.reader import Bundle, open_bundle
from edge.cli import Parser
from edge.errors import BundleError, UsageError

_SHOWN = 8
"""Operators in a table: the rest together takes next to nothing."""


def main(argv: Sequence[str]) -> int:
    """Run the suite; raises FingerpostError."""
    options = _parser().parse_args(argv)
    if options.iterations < 1:
        raise UsageError("too few iterations", expected="--iterations 1 or more", found=options.iterations)
    with open_bundle(options.bundle) as bundle, report.progress() as progress:
        result = measure(
            bundle,
            method=Method(options.iterations),
            threads=options.threads,
            tflite=TFLITE in options.peer,
            operators=options.operators,
            progress=progress,
        )
    present(result, networks_blocks, options)
    return 0


def measure(
    bundle: Bundle,
    *,
    method: Method,
    threads: Sequence[int],
    tflite: bool,
    operators: bool = False,
    progress: report.Progress,
    seed: int = 0,
) -> NetworksResult:
    """Measure each role that has golden inputs; ``seed`` fixes the bootstrap's resamples."""
    machine = fingerprint.take()
    rng = np.random.default_rng(seed)
    rows = []
    for role, feeds in _feeds(bundle).items():
        own = variants(bundle, role)
        peers = (tflite_peer(role),) if tflite and role in TFLITE_ROLES else ()
        contestants: tuple[Contestant, ...] = (*own, *peers)
        base = reference(own)
        timed: list[Latency] = []
        for count in threads:
            sides = contestants if count == 1 else own
            timed += latencies(sides, feeds, reference=base, threads=count, method=method, progress=progress, rng=rng)
        infos = tuple(VariantInfo(each.name, each.size, each.how, each.peer) for each in contestants)
        shares = [
            share
            for variant in (bundle.manifest.variants(role) if operators else ())
            for share in operator_times(variant, bundle.network(role, variant), feeds, method=method)
        ]
        rows.append(NetworkRow(role, base, infos, tuple(timed), tuple(shares)))
    return NetworksResult(
        suite="networks",
        bundle=str(bundle.path),
        title=bundle.title,
        iterations=method.iterations,
        warmup=method.warmup,
        rows=tuple(rows),
        machine=machine,
    )


def networks_blocks(result: NetworksResult) -> list[Block]:
    """The report."""
    rounds = f"{result.iterations} interleaved rounds after {result.warmup} to warm up"
    blocks: list[Block] = [Heading("Networks", f"{result.title}: {rounds}", top=True), *machine_lines(result.machine)]
    for row in result.rows:
        sizes = {variant.variant: variant.size for variant in row.variants}
        blocks += [Heading(row.role), *latency_blocks(row.latencies, sizes, reference=row.reference)]
        for variant in dict.fromkeys(each.variant for each in row.operators):
            blocks.append(_operators([each for each in row.operators if each.variant == variant]))
    return blocks


def _operators(shares: Sequence[OperatorTime]) -> Table:
    total = sum(each.seconds for each in shares)
    rows = [
        (each.operator, str(each.count), f"{each.seconds * 1e3:.3f}", f"{100 * each.seconds / total:.0f} %")
        for each in shares[:_SHOWN]
    ]
    return Table(
        (f"{shares[0].variant}, operator", "nodes", "ms", "share"),
        tuple(rows),
        f"profiled by ONNX Runtime, one thread; {len(shares)} operators take {total * 1e3:.2f} ms",
    )


def _feeds(bundle: Bundle) -> dict[Role, Feeds]:
    """The first golden input of every role that has some, by tensor name; raises BundleError where there is none."""
    golden = bundle.golden()
    found: dict[Role, Feeds] = {}
    for role in dict.fromkeys(network.role for network in bundle.manifest.networks):
        if has_golden(golden, role):
            engine = variants(bundle, role)[0].open(1)
            names = [spec.name for spec in engine.inputs]
            engine.close()
            if all(golden_name(role, name) in golden for name in names):
                found[role] = {name: np.ascontiguousarray(golden[golden_name(role, name)][:1]) for name in names}
    if not found:
        raise BundleError("the bundle has no golden inputs to run its networks on", where=bundle.path)
    return found


def _parser() -> Parser:
    parser = Parser(prog="python -m benchmarks networks", description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True, metavar="FILE", help="the bundle to measure")
    parser.add_argument("--peer", action="append", default=[], choices=(TFLITE,), help="measured beside it")
    parser.add_argument("--operators", action="store_true", help="also where the time of each variant goes")
    parser.add_argument("--threads", type=thread_counts, default=(1,), metavar="N,N", help="threads (1)")
    parser.add_argument("--iterations", type=int, default=100, metavar="N", help="measured rounds (100)")
    add_output_options(parser)
    return parser

"""The recovery suite: what happens to a running service, and how long until frames move again.

Faults of cameras and of the service itself are played on this machine, several times each. Starting the service again
takes the pause that the unit asks for, and as long as this machine takes.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks import report
from benchmarks.endurance.faults import Recovery, faults, recover
from edge.cli import Parser
from edge.errors import CheckFailedError, UsageError


def main(argv: Sequence[str]) -> int:
    """Run the suite; raises FingerpostError, CheckFailedError when the service did not come back in time."""
    options = _parser().parse_args(argv)
    if options.times < 1:
        raise UsageError("too few", expected="--times 1 or more", found=options.times)
    recoveries = []
    with report.progress() as progress:
        for fault in progress.track(faults(), "faults"):
            folder = Path(tempfile.mkdtemp(prefix="fingerpost-recovery-"))
            try:
                recoveries.append(recover(fault, folder, options.bundle, times=options.times))
            finally:
                shutil.rmtree(folder)
    _show(recoveries, options)
    late = [each.fault for each in recoveries if each.in_time < each.injected]
    if late:
        raise CheckFailedError("the service did not come back in time", found=", ".join(late))
    return 0


def _show(recoveries: Sequence[Recovery], options: Namespace) -> None:
    if options.json:
        rows = [{**asdict(each), "in_time": each.in_time, "median": each.median} for each in recoveries]
        report.print_json({"faults": rows})
        return
    lines = ["| fault | injected | in time | median s | least to most | at most |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {each.fault} | {each.injected} | {each.in_time} | {each.median:.1f} | {min(each.seconds):.1f} to "
        f"{max(each.seconds):.1f} | {each.within:.1f} |"
        for each in recoveries
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def _parser() -> Parser:
    parser = Parser(prog="python -m benchmarks recovery", description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True, metavar="FILE", help="the bundle that is run")
    parser.add_argument("--times", type=int, default=5, metavar="N", help="of each fault (5)")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    return parser

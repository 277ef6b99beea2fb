"""The builder itself, in a process of its own: ``python -m edge.engines.tensorrt.build`` reads a job and reports.

TensorRT takes gigabytes and minutes, and may be killed for want of memory or crash in a kernel that it tries out; none
of that may end a kiosk: where memory is short, this process is killed first, and it never outlives the one that waits
for it. When the plan is made, it is opened and run once here too: a plan that kills whoever opens it
is never published.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edge.engines.tensorrt.checks import Lines, must, obtained_half
from edge.engines.tensorrt.engine import TensorRtEngine
from edge.engines.tensorrt.job import Built, Job
from edge.engines.tensorrt.memory import Memory, open_memory
from edge.engines.tensorrt.probing import Bindings, Machine, probe
from edge.errors import EngineError, FingerpostError
from edge.processes import be_killed_first, end_with_parent

MOST_WORKSPACE = 1 << 30
_SHARE = 4
_MEMINFO = Path("/proc/meminfo")
_OUT_OF_MEMORY = "take a smaller model, end other programs, or add swap while it builds (README, Jetson)"

Progress = Callable[[str], None]


def main() -> int:
    """Build what the job on standard input says; 0, or 1 after an ``error`` line."""
    return answer(lambda job, say: build(job, *probe(), open_memory=open_memory, progress=say))


def answer(work: Callable[[Job, Progress], Built]) -> int:
    """Read a job, do the work, print its lines."""

    def say(**line: Any) -> None:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()

    end_with_parent()
    be_killed_first()
    try:
        built = work(Job.from_json(sys.stdin.read()), lambda text: say(progress=text))
    except FingerpostError as error:
        parts = {name: getattr(error, name) for name in ("where", "expected", "found", "remedy")}
        told = {name: str(value) for name, value in parts.items() if value is not None}
        say(error={"what": error.what, **told})
        return 1
    say(done=asdict(built))
    return 0


def build(
    job: Job, bindings: Bindings, machine: Machine, *, open_memory: Callable[[], Memory], progress: Progress
) -> Built:
    """Make the plan of a job, look into it and run it once; raises EngineError or DependencyError."""
    begin = time.monotonic()
    lines = Lines(bindings)
    progress("opening the GPU")
    memory = open_memory()
    try:
        workspace = workspace_for(free_memory(memory.available(), machine.gpu.integrated))
    finally:
        memory.close()
    builder = must(bindings.Builder(lines.logger), "TensorRT cannot start", lines, where=job.label)
    progress("reading the network")
    network = _parsed(job, bindings, builder, lines)
    config = must(builder.create_builder_config(), "TensorRT gives no configuration", lines, where=job.label)
    config.set_memory_pool_limit(bindings.MemoryPoolType.WORKSPACE, workspace)
    config.profiling_verbosity = bindings.ProfilingVerbosity.DETAILED
    _set_profile(job, builder, network, config, lines=lines)
    timing = _timing_cache(Path(job.timing), config)
    config.progress_monitor = _monitor(bindings, progress)
    progress(f"building, with {workspace >> 20} MiB to try things out in")
    plan = must(
        builder.build_serialized_network(network, config),
        "TensorRT could not build the network",
        lines,
        where=job.label,
        remedy=_OUT_OF_MEMORY if "memory" in lines else "",
    )
    data = bytes(memoryview(plan))
    Path(job.plan).write_bytes(data)
    _keep(timing, config, Path(job.timing))
    progress("trying it")
    half, layers, name, recorded = _tried(data, job, bindings, machine, open_memory())
    return Built(half, workspace, len(data), layers, name, recorded, time.monotonic() - begin)


def workspace_for(free: int) -> int:
    """Bytes that TensorRT may use to try kernels out: a quarter of what is free, at most 1 GiB."""
    return min(MOST_WORKSPACE, free // _SHARE)


def free_memory(gpu: int, integrated: bool, meminfo: Path = _MEMINFO) -> int:
    """Free bytes: the GPU's own, or, where it shares the board's, what the system says is available if that is less."""
    if not integrated:
        return gpu
    with suppress(OSError, ValueError, IndexError):
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return min(gpu, int(line.split()[1]) * 1024)
    return gpu


def _parsed(job: Job, bindings: Bindings, builder: Any, lines: Lines) -> Any:
    strongly_typed = 1 << int(bindings.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
    network = must(builder.create_network(strongly_typed), "TensorRT gives no network", lines, where=job.label)
    parser = must(bindings.OnnxParser(network, lines.logger), "TensorRT gives no parser", lines, where=job.label)
    if not parser.parse(Path(job.model).read_bytes()):
        first = _first_fault(parser) if parser.num_errors else lines.last()
        raise EngineError(
            "TensorRT cannot read the network",
            where=job.label,
            found=" ".join(str(first).split())[:240],
            remedy="export it again with --target jetson --check-parser",
        )
    return network


def _first_fault(parser: Any) -> str:
    fault = parser.get_error(0)
    return f"{fault.node_name()} ({fault.node_operator()}): {fault.desc()}"


def _set_profile(job: Job, builder: Any, network: Any, config: Any, *, lines: Lines) -> None:
    profile = must(builder.create_optimization_profile(), "TensorRT gives no profile", lines, where=job.label)
    needed = False
    for index in range(network.num_inputs):
        given = network.get_input(index)
        have = tuple(given.shape)
        want = job.shapes.get(given.name, have)
        if -1 in want or len(want) != len(have) or any(h not in (-1, w) for h, w in zip(have, want, strict=True)):
            raise EngineError(
                "the network's input is not what the manifest says",
                where=f"{job.label}, {given.name}",
                expected=want,
                found=have,
                remedy="export the bundle again",
            )
        if -1 in have:
            needed = True
            try:
                profile.set_shape(given.name, want, want, want)  # it answers with nothing, and raises
            except (ValueError, RuntimeError) as error:
                found = lines.last() or str(error)[:160]
                raise EngineError("TensorRT does not take the shapes", where=job.label, found=found) from error
    if needed:  # without one the build would answer None
        index = config.add_optimization_profile(profile)
        must(index, "TensorRT does not take the shapes", lines, where=job.label, remedy="export the bundle again")


def _timing_cache(path: Path, config: Any) -> Any:
    """What earlier builds learnt of this machine's kernels; one that is damaged or of another machine is left out."""
    data = b""
    with suppress(OSError):
        data = path.read_bytes()
    for attempt in dict.fromkeys((data, b"")):
        cache = config.create_timing_cache(attempt)
        if cache is not None and config.set_timing_cache(cache, ignore_mismatch=False):
            return cache
    return None


def _keep(timing: Any, config: Any, path: Path) -> None:
    cache = config.get_timing_cache() if timing is not None else None
    serialised = cache.serialize() if cache is not None else None
    if serialised is not None:
        temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
        temporary.write_bytes(bytes(memoryview(serialised)))
        temporary.replace(path)


def _monitor(bindings: Bindings, progress: Progress) -> Any:
    """What TensorRT tells how far it is: each outermost phase, and each tenth of any."""
    lengths: dict[str, int] = {}

    def begin(monitor: Any) -> None:
        bindings.IProgressMonitor.__init__(monitor)

    def phase_start(_monitor: Any, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
        lengths[phase_name] = max(1, num_steps)
        if parent_phase is None:
            progress(phase_name)

    def step_complete(_monitor: Any, phase_name: str, step: int) -> bool:
        steps = lengths.get(phase_name, 1)
        if (step + 1) * 10 // steps != step * 10 // steps:
            progress(f"{phase_name}: {min(100, (step + 1) * 100 // steps)} %")
        return True  # go on

    def phase_finish(_monitor: Any, phase_name: str) -> None:
        lengths.pop(phase_name, None)

    methods = {"__init__": begin, **{each.__name__: each for each in (phase_start, step_complete, phase_finish)}}
    return type("Monitor", (bindings.IProgressMonitor,), methods)()


def _tried(plan: bytes, job: Job, bindings: Bindings, machine: Machine, memory: Memory) -> tuple[str, int, str, bool]:
    engine = TensorRtEngine(plan, bindings=bindings, machine=machine, memory=memory, label=job.label)
    try:
        information, layers = engine.inspect(bindings)
        half = obtained_half(information)
        if job.half and half == "no":
            raise EngineError(
                "TensorRT built the network in float32",
                where=job.label,
                expected="float16, as the graph says",
                remedy="export the bundle again with --target jetson",
            )
        return half, layers, memory.name, engine.recorded
    finally:
        engine.close()


if __name__ == "__main__":
    sys.exit(main())

"""Plans come from the cache or from a builder in a process of its own, whatever becomes of that."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge.engines.tensorrt import PlanCache, Plans, TensorRtEngine, Wanted
from edge.engines.tensorrt.fake import FAKE_MACHINE, Fault, fake_bindings, fake_builder, toy_network
from edge.engines.tensorrt.fake_memory import FakeMemory
from edge.errors import EngineError

_WANTED = Wanted(toy_network(), "fp16", {"x": (1, 4)}, "toy 1.0.0 classifier fp16")


def _plans(folder: Path, fault: Fault = "none", **options: Any) -> Plans:
    return Plans(FAKE_MACHINE, PlanCache(folder), command=fake_builder(fault), **options)


def test_a_plan_is_built_once_told_about_and_kept_with_what_it_is(tmp_path: Path) -> None:
    told: list[str] = []
    plan = _plans(tmp_path, progress=told.append).get(_WANTED)
    assert [text for text in told if "Building Engine: 50 %" in text] and told[0].startswith(_WANTED.label)
    facts = json.loads(next(tmp_path.glob("*.json")).read_text())
    assert (facts["tensorrt"], facts["capability"], facts["half"]) == ("10.3.0", "8.7", "yes")
    assert facts["workspace"] == min(1 << 30, (2 << 30) // 4) and facts["shapes"] == {"x": [1, 4]}
    assert _plans(tmp_path, "segfault").get(_WANTED) == plan, "from the cache, without a builder"
    engine = TensorRtEngine(plan, bindings=fake_bindings(), machine=FAKE_MACHINE, memory=FakeMemory(), label="toy")
    assert engine.inputs[0].shape == (1, 4)
    engine.close()
    assert not list(tmp_path.glob("*.new"))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("oom", r"could not build.*memory could not be allocated.*add swap"),
        ("killed", r"killed, most likely for want of memory.*add swap"),
        ("segfault", "died of SIGSEGV"),
        ("bad-profile", r"does not take the shapes; found TensorRT gave -1\. Export the bundle again"),
        ("no-plan", r"could not build the network.*no tactic was found"),
        ("wrong-version", r"does not fit this TensorRT or GPU.*kSERIALIZATION_VERSION"),
        ("float32", r"built the network in float32"),
        ("nonsense", "answer makes no sense"),
        ("silent", r"without an answer.*Illegal instruction"),
    ],
)
def test_whatever_happens_to_the_builder_is_said_and_counted(tmp_path: Path, fault: Fault, words: str) -> None:
    plans = _plans(tmp_path, fault)
    with pytest.raises(EngineError, match=words):
        plans.get(_WANTED)
    failure = plans.cache.failure(_WANTED.key(FAKE_MACHINE))
    assert failure is not None and failure.attempts == 1
    assert not list(tmp_path.glob("*.plan")) and not list(tmp_path.glob("*.new"))


def test_what_failed_twice_is_left_alone_until_somebody_asks_again(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(EngineError, match="without an answer"):
            _plans(tmp_path, "silent").get(_WANTED)
    good = _plans(tmp_path)
    with pytest.raises(EngineError, match=r"2 times and is left alone.*--again"):
        good.get(_WANTED)
    good.pardon(_WANTED)
    assert good.get(_WANTED)


def test_a_builder_that_hangs_is_ended(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="took too long"):
        _plans(tmp_path, "hang", limit=3.0).get(_WANTED)


def test_whoever_stops_waiting_ends_the_builder_and_nothing_is_held_against_the_network(tmp_path: Path) -> None:
    begun: list[float] = []

    def stop(text: str) -> None:
        if "Building Engine: 100 %" in text:
            begun.append(time.monotonic())
            raise KeyboardInterrupt

    plans = _plans(tmp_path, "hang", progress=stop)
    with pytest.raises(KeyboardInterrupt):
        plans.get(_WANTED)
    assert time.monotonic() - begun[0] < 5 and not list(tmp_path.glob("*.new"))
    assert plans.cache.failure(_WANTED.key(FAKE_MACHINE)) is None


_WAITING = """
import os, sys
from pathlib import Path
from edge.engines.tensorrt import PlanCache, Plans, Wanted
from edge.engines.tensorrt.fake import FAKE_MACHINE, fake_builder, toy_network
say = lambda text: print(text, flush=True)
Plans(FAKE_MACHINE, PlanCache(Path(sys.argv[1])), command=fake_builder("hang"), progress=say).get(
    Wanted(toy_network(), "fp16", {"x": (1, 4)}, "toy"))
"""


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.slow
def test_a_builder_goes_first_when_memory_is_short_and_never_outlives_whoever_waits(tmp_path: Path) -> None:
    words = [sys.executable, "-c", _WAITING, str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as waiting:
        assert waiting.stdout is not None
        try:
            assert any("Building Engine: 100 %" in line for line in waiting.stdout)
            (builder,) = _children(waiting.pid)
            assert Path(f"/proc/{builder}/oom_score_adj").read_text().strip() == "1000"
        finally:
            waiting.kill()
    until = time.monotonic() + 10
    while _state(builder) not in ("", "Z"):
        assert time.monotonic() < until, "it is still there"
        time.sleep(0.05)


def _state(pid: int) -> str:
    """R, S, Z ... of a process; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def test_a_builder_that_cannot_be_started_is_no_fault_of_the_network(tmp_path: Path) -> None:
    plans = Plans(FAKE_MACHINE, PlanCache(tmp_path), command=(str(tmp_path / "none"),))
    with pytest.raises(EngineError, match=r"cannot be built now; found No such file"):
        plans.get(_WANTED)
    assert plans.cache.failure(_WANTED.key(FAKE_MACHINE)) is None


def test_without_leave_to_build_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"no engine is built yet.*edge build-engines"):
        _plans(tmp_path).get(_WANTED, build=False)


def test_a_network_that_the_parser_does_not_know_is_explained(tmp_path: Path) -> None:
    with pytest.raises(
        EngineError, match=r"cannot read the network; found the first node \(Strange\): .*no importer for this node"
    ):
        _plans(tmp_path).get(replace(_WANTED, model=b"?"))


def test_shapes_that_the_network_does_not_have_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"fp16, x: .*not what the manifest says; expected \(1, 5\); found \(-1, 4\)"):
        _plans(tmp_path).get(replace(_WANTED, shapes={"x": (1, 5)}))


def _get(folder: Path) -> bytes:
    counting = ("sh", "-c", f'echo built >> {folder}/count; exec "$@"', "builder", *fake_builder())
    return Plans(FAKE_MACHINE, PlanCache(folder / "engines"), command=counting).get(_WANTED)


def test_two_at_once_do_not_build_twice(tmp_path: Path) -> None:
    # Threads with a descriptor each are to the kernel's locks what processes are.
    with ThreadPoolExecutor() as pool:
        plans = list(pool.map(_get, (tmp_path, tmp_path)))
    assert plans[0] == plans[1]
    assert (tmp_path / "count").read_text() == "built\n"


def test_what_was_built_but_cannot_be_used_is_removed_and_counted(tmp_path: Path) -> None:
    plans = _plans(tmp_path)
    plans.get(_WANTED)
    plans.discard(_WANTED, "it strays from the golden answers")
    key = _WANTED.key(FAKE_MACHINE)
    failure = plans.cache.failure(key)
    assert plans.cache.find(key) is None and failure is not None and failure.attempts == 1
    assert "golden" in failure.reason

"""Running a plan: buffers, recording, threads, refusals, and that everything is given back."""

from __future__ import annotations

import json
import threading
from typing import Any

import numpy as np
import pytest

from edge.engines.base import TensorSpec
from edge.engines.tensorrt import TensorRtEngine
from edge.engines.tensorrt.fake import FAKE_MACHINE, fake_bindings
from edge.engines.tensorrt.fake_memory import FakeMemory
from edge.errors import EngineError

_X = np.arange(4, dtype=np.float32)[None]


def _plan(shape: tuple[int, ...] = (-1, 4), **other: Any) -> bytes:
    machine = [FAKE_MACHINE.tensorrt, FAKE_MACHINE.gpu.capability]
    facts = {"gain": 3.0, "shape": list(shape), "built": [1, 4], "machine": machine, "type": "FP16", **other}
    return json.dumps(facts).encode()


def _engine(memory: FakeMemory, plan: bytes | None = None, bindings: Any = None) -> TensorRtEngine:
    given = fake_bindings() if bindings is None else bindings
    plan = _plan() if plan is None else plan
    return TensorRtEngine(plan, bindings=given, machine=FAKE_MACHINE, memory=memory, label="toy")


@pytest.mark.parametrize("records", [True, False])
@pytest.mark.parametrize("shape", [(-1, 4), (1, 4)])
def test_it_answers_recorded_or_not(records: bool, shape: tuple[int, ...]) -> None:
    memory = FakeMemory(records=records)
    engine = _engine(memory, _plan(shape))
    assert engine.recorded is records and "TensorRT 10.3.0 on Fake Orin" in engine.name
    assert engine.inputs == (TensorSpec("x", "float32", (1, 4)),) and engine.outputs[0].name == "y"
    first = engine.run({"x": _X})["y"]
    second = engine.run({"x": _X + 1})["y"]
    np.testing.assert_array_equal(first, 3 * _X)  # an answer is not overwritten by the next
    np.testing.assert_array_equal(second, 3 * (_X + 1))
    assert memory.launches == (2 if records else 0)
    engine.close()
    engine.close()
    assert memory.closed and memory.held == 0 and memory.launches == (-1 if records else 0)
    with pytest.raises(EngineError, match="closed"):
        engine.run({"x": _X})


def test_inputs_that_do_not_fit_are_refused() -> None:
    engine = _engine(FakeMemory())
    for feeds, words in (
        ({}, "input missing"),
        ({"x": _X[:, :3]}, r"does not fit.*expected x float32 \(1, 4\).*found float32 \(1, 3\)"),
        ({"x": _X.astype(np.float64)}, "found float64"),
    ):
        with pytest.raises(EngineError, match=words):
            engine.run(feeds)


def test_another_thread_is_refused() -> None:
    engine, caught = _engine(FakeMemory()), []

    def run() -> None:
        try:
            engine.run({"x": _X})
        except EngineError as error:
            caught.append(error.what)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert caught == ["a TensorRT engine belongs to the thread that opened it"]


def _refusing(method: str, answer: Any) -> Any:
    """Bindings of which one method, of the engine or its context, answers with a refusal."""
    bindings = fake_bindings()
    make = bindings.Runtime

    def runtime(logger: Any) -> Any:
        inner = make(logger)
        deserialize = inner.deserialize_cuda_engine

        def deserialized(plan: bytes) -> Any:
            engine = deserialize(plan)
            create = engine.create_execution_context

            def context() -> Any:
                made = create()
                if hasattr(made, method):
                    setattr(made, method, lambda *words: answer)
                return made

            engine.create_execution_context = context
            if hasattr(engine, method):
                setattr(engine, method, lambda *words: answer)
            return engine

        inner.deserialize_cuda_engine = (lambda plan: answer) if method == "deserialize_cuda_engine" else deserialized
        return inner

    bindings.Runtime = (lambda logger: answer) if method == "Runtime" else runtime
    return bindings


@pytest.mark.parametrize(
    ("method", "answer", "words"),
    [
        ("Runtime", None, "TensorRT cannot start"),
        ("deserialize_cuda_engine", None, "does not fit this TensorRT or GPU"),
        ("create_execution_context", None, r"no memory for the engine's work"),
        ("set_input_shape", False, "input x cannot be"),
        ("infer_shapes", ["x"], "shapes are not known"),
        ("set_tensor_address", False, "x cannot be placed"),
        ("execute_async_v3", False, "could not run the network"),
        ("get_tensor_dtype", "DataType.FP8", "not known here"),
    ],
)
def test_each_refusal_becomes_an_error_and_gives_everything_back(method: str, answer: Any, words: str) -> None:
    memory = FakeMemory()
    with pytest.raises(EngineError, match=words):
        _engine(memory, bindings=_refusing(method, answer))
    assert memory.closed and memory.held == 0


def test_a_plan_of_another_version_is_refused_with_tensorrts_own_words() -> None:
    memory = FakeMemory()
    with pytest.raises(EngineError, match=r"does not fit.*kSERIALIZATION_VERSION.*edge build-engines"):
        _engine(memory, _plan(machine=["8.6.1", "8.7"]))
    assert memory.closed


def test_memory_that_does_not_suffice_is_an_error() -> None:
    memory = FakeMemory(free=8)
    with pytest.raises(EngineError, match="no 16 bytes on the GPU"):
        _engine(memory)
    assert memory.closed and memory.held == 0


def test_the_inspector_tells_what_is_in_it() -> None:
    engine = _engine(FakeMemory())
    information, layers = engine.inspect(fake_bindings())
    assert layers == 1 and json.loads(information)["Layers"][0]["Name"] == "product"

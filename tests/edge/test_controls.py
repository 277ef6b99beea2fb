from __future__ import annotations

from threading import Thread

from edge.controls import LIMIT, Controls
from edge.types import Action


def test_what_was_put_is_taken_once_in_order():
    controls = Controls()
    asked = [Action("undo-letter", "key"), Action("clear", "touch"), Action("complete", "touch", "HELLO")]
    assert all(controls.put(action) for action in asked)
    assert controls.take() == asked
    assert controls.take() == []


def test_what_is_too_much_is_dropped_and_said():
    controls = Controls(limit=2)
    assert [controls.put(Action("space", "key")) for _ in range(4)] == [True, True, False, False]
    assert len(controls.take()) == 2
    assert controls.put(Action("space", "key"))


def test_threads_may_put_while_the_loop_takes():
    controls, accepted, taken = Controls(), [], []
    threads = [
        Thread(target=lambda: accepted.extend(controls.put(Action("space", "mqtt")) for _ in range(200)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        batch = controls.take()
        assert len(batch) <= LIMIT
        taken += batch
    taken += controls.take()
    assert len(taken) == sum(accepted) and len(accepted) == 800

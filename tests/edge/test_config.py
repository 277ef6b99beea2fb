import os
from pathlib import Path

import pytest

from edge.config import default_store, default_threads


@pytest.mark.parametrize(("cores", "threads"), [({0}, 1), ({0, 1}, 2), ({2, 3, 4, 5}, 2)])
def test_threads_are_the_cores_that_may_be_used_but_two_at_most(monkeypatch, cores, threads):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: cores)
    assert default_threads() == threads


def test_the_store_is_that_of_the_environment(monkeypatch):
    monkeypatch.setenv("FINGERPOST_STORE", "/somewhere")
    assert default_store() == Path("/somewhere")
    monkeypatch.setenv("FINGERPOST_STORE", "")
    assert default_store() == Path("/var/lib/fingerpost")

from __future__ import annotations

import subprocess
import sys

import pytest

from edge.controls import Controls
from edge.errors import DependencyError
from edge.outputs.kiosk import Hub, site
from edge.outputs.kiosk.hosts import Address


def test_a_run_without_a_kiosk_loads_nothing_of_it():
    loaded = "print('starlette' in sys.modules, 'uvicorn' in sys.modules)"
    code = f"import sys, edge.assembly, edge.audience, edge.cli_run; {loaded}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_missing_packages_are_named(monkeypatch):
    monkeypatch.setattr(site, "find_spec", lambda name: None)
    wanted = pytest.raises(DependencyError, match=r"no starlette and no uvicorn.*fingerpost\[kiosk\]")
    with wanted, site.served(Hub(), Controls(), Address(port=0)):
        pass

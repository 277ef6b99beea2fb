from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from edge.signals import StopSignals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_calls_and_the_second_has_its_default_effect(number):
    before = signal.getsignal(number)
    calls = []
    with StopSignals() as signals:
        signals.call(lambda: calls.append(1))
        assert not signals.requested
        os.kill(os.getpid(), number)
        assert signals.requested and calls == [1]
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert signal.getsignal(number) is before


def test_a_signal_during_start_up_is_not_forgotten():
    calls = []
    with StopSignals() as signals:
        os.kill(os.getpid(), signal.SIGTERM)
        signals.call(lambda: calls.append(1))
    assert calls == [1]


def test_a_second_signal_ends_a_run_that_hangs():
    program = (
        "import time; from edge.signals import StopSignals\n"
        "with StopSignals() as signals:\n"
        "    print('running', flush=True)\n"
        "    while not signals.requested: time.sleep(0.01)\n"
        "    print('asked', flush=True)\n"
        "    while True: time.sleep(1)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for word in ("running", "asked"):
            assert process.stdout.readline() == f"{word}\n"
            process.send_signal(signal.SIGINT)
        assert process.wait(10) == -signal.SIGINT

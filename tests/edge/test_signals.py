from __future__ import annotations

import os
import signal

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

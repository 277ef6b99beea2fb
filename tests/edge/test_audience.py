"""Who a run talks to, by what was asked for."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from edge.audience import Wanted, gathered
from edge.config import RunSettings
from edge.errors import DependencyError
from edge.outputs import JsonLines, Plain
from edge.outputs.mqtt import Mqtt
from edge.outputs.mqtt.address import BrokerAddress
from edge.outputs.speech import Speech

SETTINGS = RunSettings(source="demo")


def test_without_further_wishes_there_are_lines_and_nobody_can_ask():
    with gathered(Wanted(), SETTINGS, supervised=False) as audience:
        assert [type(output) for output in audience.outputs] == [Plain]
        assert audience.controls is None and not audience.viewers
    with gathered(Wanted(json=True), SETTINGS, supervised=False) as audience:
        assert [type(output) for output in audience.outputs] == [JsonLines]


def test_a_broker_that_is_not_there_is_no_error_and_can_ask_once_it_is():
    with gathered(Wanted(mqtt=BrokerAddress("127.0.0.1", 9, "test")), SETTINGS, supervised=True) as audience:
        assert [type(output) for output in audience.outputs] == [Plain, Mqtt]
        assert audience.controls is not None


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_a_voice_is_one_more_output():
    with gathered(Wanted(speech="en"), SETTINGS, supervised=False) as audience:
        assert [type(output) for output in audience.outputs] == [Plain, Speech]


def test_a_voice_that_cannot_be_had_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DependencyError, match="espeak-ng"), gathered(Wanted(speech="en"), SETTINGS, supervised=False):
        pytest.fail("nobody can speak")


def test_a_broker_without_its_package_is_one_line_with_the_remedy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(sys.modules, "edge.outputs.mqtt.paho", raising=False)
    monkeypatch.setitem(sys.modules, "paho.mqtt.client", None)
    wanted = Wanted(mqtt=BrokerAddress("127.0.0.1", 9, "test"))
    with pytest.raises(DependencyError, match=r"fingerpost\[mqtt\]"), gathered(wanted, SETTINGS, supervised=False):
        pytest.fail("nobody can connect")

from __future__ import annotations

import json
import logging

import pytest

from edge.cli import main
from edge.config import RunSettings
from edge.errors import StoreError, UsageError
from edge.operator.settings import NAME, OperatorSettings, read_settings, with_operators_choices, write_settings


def test_what_was_chosen_is_read_again(tmp_path):
    chosen = OperatorSettings(source="/dev/video2", confidence=0.7)
    write_settings(tmp_path / "state", chosen)
    assert read_settings(tmp_path / "state") == chosen
    assert [path.name for path in (tmp_path / "state").iterdir()] == [NAME], "nothing half-written is left"


def test_without_a_file_nothing_was_chosen(tmp_path):
    assert read_settings(tmp_path) == OperatorSettings()


def test_a_choice_wins_over_the_command_line(tmp_path):
    write_settings(tmp_path, OperatorSettings(source="/dev/video2", moving_confidence=0.6))
    settings = with_operators_choices(RunSettings("0", store=tmp_path, confidence=None))
    assert (settings.source, settings.confidence, settings.moving_confidence) == ("/dev/video2", None, 0.6)


@pytest.mark.parametrize("text", ["{", "[]", '{"source": 7}', '{"confidence": 2}', '{"colour": "red"}', "\udcff"])
def test_a_damaged_file_is_named_and_the_kiosk_starts_without_it(tmp_path, text, caplog):
    (tmp_path / NAME).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises((StoreError, UsageError)):
        read_settings(tmp_path)
    with caplog.at_level(logging.WARNING):
        assert with_operators_choices(RunSettings("0", store=tmp_path)) == RunSettings("0", store=tmp_path)
    assert "left out" in caplog.text


@pytest.mark.parametrize(
    "wanted",
    [{"source": ""}, {"source": "a\nb"}, {"confidence": 0.1}, {"confidence": True}, {"moving_confidence": "1"}],
)
def test_what_cannot_be_meant_is_refused(wanted):
    with pytest.raises(UsageError):
        OperatorSettings().changed(wanted)


def test_a_choice_can_be_taken_back():
    assert OperatorSettings(source="0", confidence=0.7).changed({"source": None}) == OperatorSettings(confidence=0.7)


def test_the_command_shows_changes_and_clears(tmp_path, capsys):
    def settings(*words: str) -> dict[str, object]:
        assert main(["settings", "--store", str(tmp_path), "--json", *words]) == 0
        return json.loads(capsys.readouterr().out)

    assert settings("--source", "/dev/video1", "--confidence", "0.8")["source"] == "/dev/video1"
    assert settings() == {"source": "/dev/video1", "confidence": 0.8, "moving_confidence": None}
    assert settings("--clear", "--moving-confidence", "0.5") == {
        "source": None,
        "confidence": None,
        "moving_confidence": 0.5,
    }
    assert main(["settings", "--store", str(tmp_path), "--confidence", "7"]) == UsageError.exit_code
    assert settings()["moving_confidence"] == 0.5

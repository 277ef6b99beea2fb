"""The training's command line: recipes by name, the default one, options of another kind's recipes."""

from __future__ import annotations

from pathlib import Path

import pytest

from export.training.__main__ import main
from export.training.picture_recipes import picture_recipes
from export.training.recipes import recipes


def test_every_recipe_is_listed_with_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert {entry.name for entry in (*recipes(), *picture_recipes())} <= set(lines)
    assert lines["dexnet-reduced"] == "dexnet on pictures, 17 epochs, sgd at 0.008"


@pytest.mark.parametrize("name", ["fingerpost-hands", "resnet18"])
def test_each_kind_says_its_own_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([name, "--help"])
    said = capsys.readouterr().out
    assert stop.value.code == 0 and "--leave-out" in said and "--resume" in said
    assert ("--extra" in said) == (name == "fingerpost-hands") and ("--skip-unreadable" in said) == (name == "resnet18")


def test_without_a_name_it_is_the_shipped_models_recipe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path), "--skip-unreadable"]) == 2
    assert "fingerpost-hands does not take this; found --skip-unreadable" in capsys.readouterr().err


def test_an_unknown_recipe_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vgg", "--data", "."]) == 2
    said = capsys.readouterr().err
    assert "vgg" in said and "dexnet-v2" in said and said.count("\n") == 1

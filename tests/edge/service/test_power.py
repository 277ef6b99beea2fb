"""A Jetson's power mode, as nvpmodel leaves it behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.service.power import power_mode

_MODES = """\
< POWER_MODEL ID=0 NAME=15W >
CPU_ONLINE CORE_0 1
< POWER_MODEL ID=2 NAME=MAXN_SUPER >
"""


def _board(root: Path, status: str, modes: str = _MODES) -> Path:
    for name, text in (("var/lib/nvpmodel/status", status), ("etc/nvpmodel.conf", modes)):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("status", "modes", "mode"),
    [
        ("pmode:0002 fmode:quiet\n", _MODES, "2 MAXN_SUPER"),
        ("pmode:0000", _MODES, "0 15W"),
        ("pmode:0007", _MODES, "7"),
        ("pmode:0001", "", "1"),
        ("nothing of the kind", _MODES, ""),
    ],
)
def test_number_and_name_are_read(tmp_path: Path, status: str, modes: str, mode: str) -> None:
    assert power_mode(_board(tmp_path, status, modes)) == mode


def test_another_board_has_none(tmp_path: Path) -> None:
    assert power_mode(tmp_path) == ""

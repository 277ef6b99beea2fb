from __future__ import annotations

import pytest

from edge.cli import main
from edge.errors import StoreError
from edge.operator.access import NAME, Access


def test_the_token_is_shown_once_and_kept_as_a_hash(tmp_path):
    access = Access(tmp_path)
    token = access.first()
    assert token is not None and len(token) >= 22
    assert access.first() is None
    assert token not in (tmp_path / NAME).read_text()
    assert access.allows(token) and not access.allows(token[:-1]) and not access.allows("")


def test_a_renewed_token_counts_at_once_and_the_old_one_no_more(tmp_path, capsys):
    access = Access(tmp_path)
    old = access.first()
    assert main(["kiosk-token", "--store", str(tmp_path)]) == 0
    new = capsys.readouterr().out.strip()
    assert access.allows(new) and not access.allows(old)


def test_without_a_file_nothing_is_allowed(tmp_path):
    assert not Access(tmp_path).allows("") and not Access(tmp_path).allows("\udc80")


def test_a_damaged_file_allows_nothing(tmp_path):
    (tmp_path / NAME).write_text("{")
    with pytest.raises(StoreError, match="cannot be read"):
        Access(tmp_path).allows("x")

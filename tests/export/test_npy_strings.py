"""Object arrays are read without running their pickle; hostile ones are refused and do nothing."""

from __future__ import annotations

import io
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from edge.errors import InputError
from export.npy_strings import read_strings


def _header(shape: tuple[int, ...]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|O", "fortran_order": False, "shape": shape})
    return stream.getvalue()


def _saved(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_pickle_protocol_is_read(protocol: int) -> None:
    names = np.array(["A", "thank_you", "père"], dtype=object)
    data = _header((3,)) + pickle.dumps(names, protocol=protocol)
    assert read_strings(data, where="x") == ["A", "thank_you", "père"]


def test_numpy_strings_inside_an_object_array_are_read() -> None:
    names = np.array([np.str_("A"), np.str_("hello")], dtype=object)
    assert read_strings(_saved(names), where="x") == ["A", "hello"]


def test_arrays_written_by_older_numpy_are_read() -> None:
    data = _header((1,)) + pickle.dumps(np.array(["A"], dtype=object), protocol=2)
    old = data.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert old != data or b"numpy.core.multiarray" in data
    assert read_strings(old, where="x") == ["A"]


class _Runs:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.target,))


def test_a_hostile_pickle_is_refused_by_name_and_runs_nothing(tmp_path: Path) -> None:
    target = tmp_path / "pwned"
    data = _saved(np.array(["A", _Runs(target)], dtype=object))
    np.load(io.BytesIO(data), allow_pickle=True)
    assert target.exists(), "the file is not hostile at all"
    target.unlink()
    with pytest.raises(InputError, match=r"wants more than strings.*found \S*Path"):
        read_strings(data, where="labels.npy")
    assert not target.exists()


@pytest.mark.parametrize("payload", [b"cos\nsystem\n(S'true'\ntR.", b"cbuiltins\neval\n(S'1'\ntR."])
def test_hand_written_pickles_are_refused(payload: bytes) -> None:
    with pytest.raises(InputError, match=r"found (os\.system|builtins\.eval)"):
        read_strings(_header((1,)) + payload, where="labels.npy")


def test_a_memo_index_of_gigabytes_costs_nothing() -> None:
    payload = b"\x80\x02]r" + struct.pack("<I", 0xFFFFFFF0) + b"."
    with pytest.raises(InputError):
        read_strings(_header((1,)) + payload, where="labels.npy")


@pytest.mark.parametrize(
    "array", [np.zeros(3), np.array([["A"]], dtype=object), np.array([b"A"]), np.array("A", dtype=object)]
)
def test_other_arrays_are_refused(array: np.ndarray) -> None:
    with pytest.raises(InputError, match="not an array of names"):
        read_strings(_saved(array), where="labels.npy")


@pytest.mark.parametrize("dtype", [object, "U5"])
def test_a_truncated_array_is_refused(dtype: object) -> None:
    data = _saved(np.array(["A", "hello", "B"], dtype=dtype))
    for cut in (3, 20, len(data) - 4):
        with pytest.raises(InputError):
            read_strings(data[:cut], where="labels.npy")


def test_a_pickle_of_something_else_is_refused() -> None:
    with pytest.raises(InputError, match="not an array of names"):
        read_strings(_header((2,)) + pickle.dumps(["A", "B"]), where="labels.npy")


def test_numbers_that_are_no_characters_are_refused() -> None:
    data = bytearray(_saved(np.array(["A", "B"])))
    data[-2] = 0x11  # U+110000 and more do not exist
    with pytest.raises(InputError, match="no text"):
        read_strings(bytes(data), where="labels.npy")


def test_either_byte_order_is_read() -> None:
    for order in "<>":
        assert read_strings(_saved(np.array(["A", "Zürich"], dtype=f"{order}U6")), where="x") == ["A", "Zürich"]

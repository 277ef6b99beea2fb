"""Strings from a ``.npy`` file, also from an object array, without running what its pickle says.

numpy stores an array of Python strings as a pickle, and a pickle is a program. The reader here lets that program build
lists, tuples and strings only: of all globals it may name just the five that numpy writes, and what it gets for them is
not numpy's function but a stand-in here that keeps the strings. Python's own unpickler (not the C one) runs it, since
the C one allocates memory for whatever memo index a file asks for.
"""

from __future__ import annotations

import io
import pickle

import numpy as np

from edge.errors import InputError


def read_strings(data: bytes, *, where: object) -> list[object]:
    """The elements of a one-dimensional array of strings; raises InputError when the file holds anything else."""
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
    except Exception as error:  # numpy parses the header with Python's parser, which fails in many ways
        raise InputError("not a .npy file", where=where, found=repr(error)[:120]) from error
    if len(shape) != 1 or dtype.kind not in "OU" or not dtype.itemsize:
        raise InputError(
            "not an array of names", where=where, expected="strings (N,)", found=f"{dtype} {shape}"
        )  # fmt: skip
    if dtype.kind == "U":
        return _plain(stream.read(), shape[0], dtype, where)
    try:
        array = _Strings(stream).load()
    except _NotAllowedError as error:
        raise InputError(
            "the array's pickle wants more than strings",
            where=where,
            expected="names only",
            found=error,
            remedy="do not load this file elsewhere; write the names to a .txt file, one a line",
        ) from error
    except Exception as error:  # a malformed pickle can fail in any way, none of which says more than this
        raise InputError("the array's pickle is damaged", where=where, found=repr(error)[:120]) from error
    items = array.items if isinstance(array, _Array) else None
    if not isinstance(items, list) or len(items) != shape[0]:
        raise InputError("not an array of names", where=where, expected=f"{shape[0]} strings", found="something else")
    return items


def _plain(data: bytes, count: int, dtype: np.dtype[np.str_], where: object) -> list[object]:
    """Strings of one length in UTF-32; numpy would take any number for a character."""
    width = dtype.itemsize
    if len(data) != count * width:
        raise InputError("the array is cut short", where=where, expected=f"{count * width} bytes", found=len(data))
    encoding = "utf-32-be" if dtype.byteorder == ">" else "utf-32-le"
    try:
        return [data[at : at + width].decode(encoding).rstrip("\0") for at in range(0, len(data), width)]
    except UnicodeDecodeError as error:
        raise InputError("the array holds what is no text", where=where, found=error.reason) from error


class _NotAllowedError(Exception):
    pass


class _NdArray:
    __slots__ = ()


class _Array:
    __slots__ = ("items",)

    def __init__(self) -> None:
        self.items: object = None

    def __setstate__(self, state: tuple[object, ...]) -> None:
        self.items = state[4]


class _Dtype:
    __slots__ = ("code",)

    def __init__(self, code: str, *_: object) -> None:
        self.code = code

    def __setstate__(self, state: object) -> None:
        """Byte order and field layout, which strings do not need."""


def _reconstruct(_kind: object, _shape: object, _code: object) -> _Array:
    return _Array()


def _scalar(dtype: _Dtype, data: bytes) -> str:
    if not dtype.code.startswith("U"):
        raise _NotAllowedError(f"a numpy scalar of type {dtype.code}")
    return data.decode("utf-32-le").rstrip("\0")


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise _NotAllowedError(f"encoding {encoding}")
    return text.encode("latin1")


_STAND_INS: dict[tuple[str, str], object] = {
    ("numpy", "ndarray"): _NdArray,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _encode,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _reconstruct for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
}


class _Strings(pickle._Unpickler):
    def find_class(self, module: str, name: str) -> object:
        try:
            return _STAND_INS[module, name]
        except KeyError:
            raise _NotAllowedError(f"{module}.{name}") from None

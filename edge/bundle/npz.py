"""Arrays from an ``.npz`` that nobody vouches for: sizes are believed only after they are checked.

`numpy.load` allocates what a header asks for and inflates what a zip claims. Here every member's header must agree with
its length, the total is bounded, and object arrays, which are pickles, are refused.
"""

from __future__ import annotations

import io
import zipfile

import numpy as np

from edge.errors import BundleError
from edge.types import AnyArray

MAX_BYTES = 256 << 20
_MAX_ARRAYS = 64


def read_npz(data: bytes, *, where: object) -> dict[str, AnyArray]:
    """The arrays of an npz file by name; raises BundleError when it is none, too large, or holds objects."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            members = file.infolist()
            total = sum(member.file_size for member in members)
            if len(members) > _MAX_ARRAYS or total > MAX_BYTES:
                raise BundleError(
                    "the arrays are too many or too large", where=where,
                    expected=f"<= {_MAX_ARRAYS} arrays of {MAX_BYTES >> 20} MiB together",
                    found=f"{len(members)} of {total >> 20} MiB",
                )  # fmt: skip
            return {m.filename.removesuffix(".npy"): _read_npy(file, m, where) for m in members}
    except BundleError:
        raise
    except Exception as error:  # zipfile, zlib and numpy's header parser share no class for "these bytes are not mine"
        raise BundleError("not an npz file of plain arrays", where=where, found=error) from error


def _read_npy(file: zipfile.ZipFile, member: zipfile.ZipInfo, where: object) -> AnyArray:
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{member.filename} is compressed by method {member.compress_type}")
    with file.open(member) as stream:
        data = stream.read(member.file_size)
    reader = io.BytesIO(data)
    version = np.lib.format.read_magic(reader)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"{member.filename} has npy version {version}")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(reader)
    count = 1
    for n in shape:
        count *= n
    if dtype.hasobject:
        raise BundleError("objects would have to be unpickled, which is never done", where=where, found=member.filename)
    if any(n < 0 for n in shape) or count * dtype.itemsize != len(data) - reader.tell():
        raise ValueError(f"{member.filename} has {len(data) - reader.tell()} bytes for {dtype} {shape}")
    array: AnyArray = np.frombuffer(data, dtype, count, reader.tell())
    return array.reshape(shape, order="F" if fortran else "C")

"""Label files that nobody vouches for: each is read, or refused in one line, and nothing in it is run.

Bounded for CI; by hand, ``FINGERPOST_FUZZ=20000 pytest tests/export/test_fuzz_labels.py`` goes on for longer.
"""

from __future__ import annotations

import io
import json
import os
import tempfile
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.errors import InputError
from export.labels import read_labels

fuzz = settings(
    max_examples=int(os.environ.get("FINGERPOST_FUZZ", "120")),
    deadline=timedelta(seconds=5),
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)


def _npy(names: list[str], dtype: object) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array(names, dtype=dtype), allow_pickle=True)
    return buffer.getvalue()


WORDS = [*"ABC", "hello", "space"]
CORPUS = {
    ".txt": ["\n".join(WORDS).encode(), "A\r\nB\r\n".encode("utf-16")],
    ".json": [json.dumps(WORDS).encode(), json.dumps(dict(enumerate(WORDS))).encode()],
    ".npy": [_npy(WORDS, "<U6"), _npy(WORDS, object)],
}
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)


@st.composite
def damaged(draw: st.DrawFn, suffix: str) -> bytes:
    """A good file with some bytes set, cut, doubled or put in."""
    data = bytearray(draw(st.sampled_from(CORPUS[suffix])))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        kind = draw(st.sampled_from(["set", "cut", "insert", "double"]))
        if kind == "set":
            data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
        elif kind == "cut":
            del data[at:]
        elif kind == "insert":
            data[at:at] = draw(st.binary(max_size=20))
        else:
            data[at:at] = data[at : at + draw(st.integers(1, 100))]
    return bytes(data)


@pytest.mark.parametrize("suffix", CORPUS)
@fuzz
@given(st.data())
def test_a_label_file_is_read_or_refused_in_one_line(suffix: str, data: st.DataObject) -> None:
    odd = st.binary(max_size=200) | damaged(suffix) | values.map(lambda value: json.dumps(value).encode())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"labels{suffix}"
        path.write_bytes(data.draw(odd))
        try:
            labels = read_labels(path)
        except InputError as error:
            assert str(path) in str(error) and "\n" not in str(error)
        else:
            names = [label.name for label in labels]
            assert names and len(set(names)) == len(names)
            assert all(isinstance(name, str) and name for name in names)
        assert [each.name for each in Path(folder).iterdir()] == [path.name]

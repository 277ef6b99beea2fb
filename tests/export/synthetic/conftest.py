"""The hand's mesh comes from a wheel that is fetched once; where that cannot be, what needs it skips."""

from __future__ import annotations

import pytest

from edge.errors import DependencyError
from export.synthetic.mesh import HandMesh, hand_mesh


@pytest.fixture(scope="session")
def mesh() -> HandMesh:
    try:
        return hand_mesh("male")
    except DependencyError as error:
        pytest.skip(f"the hand mesh cannot be fetched: {error}")

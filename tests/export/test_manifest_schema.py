"""The manifest's JSON Schema in the repository is the one that the models give."""

from __future__ import annotations

import json
from pathlib import Path

from edge.bundle.manifest import Manifest


def test_the_published_schema_is_up_to_date(root: Path) -> None:
    published = json.loads((root / "export" / "manifest.schema.json").read_text())
    assert published == Manifest.model_json_schema(), (
        "write it again: python -m export schema > export/manifest.schema.json"
    )

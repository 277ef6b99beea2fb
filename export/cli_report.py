"""What an export prints about the bundle that it wrote."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge.bundle.manifest import Manifest


def report(path: Path, manifest: Manifest, notes: Sequence[str], *, as_json: bool) -> None:
    """Print the bundle at ``path``, as one JSON object or as a table with ``notes`` for people."""
    networks: list[dict[str, Any]] = [
        {
            "role": n.role,
            "variant": n.variant,
            "file": n.file,
            "size": n.size,
            "parity": n.parity.model_dump() if n.parity else None,
        }
        for n in manifest.networks
    ]
    result = {
        "bundle": str(path),
        "name": manifest.name,
        "version": manifest.version,
        "serial": manifest.serial,
        "target": manifest.target,
        "size": path.stat().st_size,
        "classes": len(manifest.labels),
        "networks": networks,
        "notes": list(notes),
    }
    if as_json:
        sys.stdout.write(json.dumps(result) + "\n")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("network", "variant", "size", "largest difference", "same label", "inputs")
    for network in manifest.networks:
        parity = network.parity
        agreement = f"{parity.label_agreement:.1%}" if parity and parity.label_agreement is not None else "-"
        table.add_row(
            network.role,
            network.variant,
            _megabytes(network.size),
            f"{parity.max_abs_diff:.2g}" if parity else "-",
            agreement,
            str(parity.n) if parity else "not measured",
        )
    console = Console()
    console.print(table)
    for note in (*_compared(manifest), *notes):
        console.print(f"- {note}", markup=False, highlight=False, soft_wrap=True)
    sys.stdout.write(f"{path}  {_megabytes(path.stat().st_size)}, serial {manifest.serial}\n")


def _compared(manifest: Manifest) -> list[str]:
    """What each network was compared with, variants of a role together where they share it."""
    groups: dict[tuple[str, str], list[str]] = {}
    for network in manifest.networks:
        if network.parity:
            groups.setdefault((network.role, network.parity.against), []).append(network.variant)
    return [f"{role} {', '.join(names)}: compared with {what}" for (role, what), names in groups.items()]


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"

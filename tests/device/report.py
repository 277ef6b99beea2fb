"""What `make test-device` finds out: figures, and how long the kiosk took to recover from each fault.

Tests run side by side in processes of their own, so each finding is a line of its own in report.jsonl; `page` makes
report.md of them. A run of some tests only adds to what the last whole run found: of each fault its newest run counts.
"""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

RUN = "FINGERPOST_DEVICE_RUN"
"""When the run began, for all its processes."""


@dataclass(frozen=True)
class Report:
    """``folder`` is where the lines are collected; seconds are the guest's."""

    folder: Path

    def begin(self, *, whole: bool) -> None:
        """A run begins; a ``whole`` one forgets what was found before."""
        os.environ[RUN] = datetime.now().astimezone().isoformat(" ", "seconds")
        self.folder.mkdir(parents=True, exist_ok=True)
        if whole or not self._lines.exists():
            self._lines.write_text("")

    def fact(self, name: str, value: float | str) -> None:
        """A figure; the newest of a name counts."""
        self._write({"fact": name, "value": round(value, 2) if isinstance(value, float) else value})

    def injected(self, fault: str) -> None:
        """A fault is about to be made."""
        self._write({"injected": fault})

    def recovered(self, fault: str, seconds: float | None = None) -> None:
        """The kiosk does what it should again, after so many seconds where that is a time of its own."""
        self._write({"recovered": fault, "seconds": None if seconds is None else round(seconds, 1)})

    def page(self) -> str:
        """All of it, for people; also kept as report.md."""
        lines = [json.loads(line) for line in self._lines.read_text().splitlines()] if self._lines.exists() else []
        newest = {line["injected"]: line["run"] for line in lines if "injected" in line}
        injected = [line["injected"] for line in lines if newest.get(line.get("injected", "")) == line["run"]]
        recovered = [line for line in lines if newest.get(line.get("recovered", "")) == line["run"]]
        rows = [_row(fault, injected.count(fault), recovered) for fault in newest]
        facts = {line["fact"]: line["value"] for line in lines if "fact" in line}
        text = "\n".join(
            (
                "# Faults on an emulated arm64 board\n",
                "Made by `make test-device`. Seconds are the guest's, whose clock counts instructions. Runs: "
                f"{', '.join(sorted({line['run'] for line in lines}))}; host: {platform.machine()}.\n",
                f"Faults injected: {len(injected)}, survived: {len(recovered)}.\n",
                "| fault | recovery, median s | n |\n|---|---|---|",
                *rows,
                "\n| figure | |\n|---|---|",
                *(f"| {name} | {value} |" for name, value in facts.items()),
                "",
            )
        )
        (self.folder / "report.md").write_text(text)
        return text

    @property
    def _lines(self) -> Path:
        return self.folder / "report.jsonl"

    def _write(self, finding: dict[str, Any]) -> None:
        with self._lines.open("a") as file:
            file.write(json.dumps(finding | {"run": os.environ[RUN]}) + "\n")


def _row(fault: str, made: int, recovered: list[dict[str, Any]]) -> str:
    mine = [line["seconds"] for line in recovered if line["recovered"] == fault]
    times = [seconds for seconds in mine if seconds is not None]
    if len(mine) < made:
        return f"| {fault} | not recovered | {made} |"
    return f"| {fault} | {f'{median(times):.1f}' if times else 'nothing to recover'} | {made} |"

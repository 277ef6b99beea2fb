"""What `make test-device` found out: figures and recovery times, kept in build/device/report.json and report.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median


@dataclass
class Report:
    """``facts`` are figures by name, ``faults`` the guest's seconds from each injected fault to its recovery."""

    facts: dict[str, float | str] = field(default_factory=dict)
    faults: dict[str, list[float]] = field(default_factory=dict)
    injected: int = 0
    survived: int = 0

    def fact(self, name: str, value: float | str) -> None:
        """A figure."""
        self.facts[name] = round(value, 2) if isinstance(value, float) else value

    def inject(self, name: str) -> None:
        """A fault is about to be made."""
        self.injected += 1
        self.faults.setdefault(name, [])

    def recovered(self, name: str, seconds: float | None = None) -> None:
        """The kiosk does what it should again, after so many seconds of the guest where that is a time of its own."""
        self.survived += 1
        if seconds is not None:
            self.faults[name].append(round(seconds, 1))

    def write(self, folder: Path) -> None:
        """Keep it as JSON and as a page."""
        (folder / "report.json").write_text(json.dumps(self._data(), indent=1) + "\n")
        (folder / "report.md").write_text(self.page())

    def page(self) -> str:
        """For people."""
        lines = [
            f"Faults injected: {self.injected}, survived: {self.survived}. Seconds are the guest's.",
            "",
            "| fault | recovery, median s | n |",
            "|---|---|---|",
            *(f"| {name} | {_median(times)} | {len(times) or ''} |" for name, times in self.faults.items()),
            "",
            "| figure | |",
            "|---|---|",
            *(f"| {name} | {value:g} |" if isinstance(value, float) else f"| {name} | {value} |"
              for name, value in self.facts.items()),
        ]  # fmt: skip
        return "\n".join(lines) + "\n"

    def _data(self) -> Mapping[str, object]:
        faults = {
            name: {"seconds": times, "median": median(times) if times else None} for name, times in self.faults.items()
        }
        return {"injected": self.injected, "survived": self.survived, "faults": faults, "facts": self.facts}


def _median(times: list[float]) -> str:
    return f"{median(times):.1f}" if times else "survived"

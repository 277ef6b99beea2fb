"""The command line on the device: ``python -m edge``."""

from __future__ import annotations

import sys

from edge.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())

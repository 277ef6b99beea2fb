"""``python -m export``: see `export.cli`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from edge.errors import DependencyError, FingerpostError

_REMEDY = "Install the workstation's part: pip install 'fingerpost[export]'"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code (`edge.errors`), 130 when interrupted."""
    from export import cli

    try:
        cli.run(cli.parse(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except FingerpostError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in ("edge", "export"):
            raise
        print(f"error: the Python package {error.name} is missing. {_REMEDY}", file=sys.stderr)
        return DependencyError.exit_code
    except BrokenPipeError:  # `| head` closed the pipe; nothing more can be said on it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

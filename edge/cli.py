"""The commands of ``python -m edge``, and how they fail: one line on stderr and a documented exit code.

A command is a function from its parsed words to an exit code; it raises FingerpostError for what can go wrong.
With ``--json`` a failure is also an object on stdout, so that a program reading along sees it.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from edge import __version__
from edge.errors import FingerpostError, UsageError

_PROG = "python -m edge"
_DEBUG_VARIABLE = "FINGERPOST_DEBUG"
_INTERRUPTED = 130

_EPILOG = """\
exit codes:
  0  done, also when Ctrl-C or SIGTERM ended it
  1  a fault of Fingerpost: please report it      2  the command's words are off
  3  a file handed in cannot be used              4  the bundle cannot be trusted or read
  5  camera, clip, folder or recording unreadable 6  a network cannot run on this machine
  7  the store cannot be read or written          8  a package or library is missing
  9  what came out is below the required floor    130  interrupted before it began
"""


class Parser(argparse.ArgumentParser):
    """Raises UsageError where argparse would print a page and exit."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and which help explains it."""
        raise UsageError(message, remedy=f"see `{self.prog} --help`")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code and never raises but SystemExit (from ``--help``)."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        arguments = build_parser(words[:1]).parse_args(words)
        return int(arguments.run(arguments))
    except FingerpostError as error:
        return _fail(error, as_json="--json" in words)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read along (`| head -1`) has gone: nothing is wrong, and nothing more may be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get(_DEBUG_VARIABLE):
            raise
        return _fail(_fault(error), as_json="--json" in words)


def build_parser(first: list[str] | None = None) -> argparse.ArgumentParser:
    """The whole command line; when its ``first`` word says that the other commands are not asked for, without them."""
    from edge.cli_run import add_run

    parser: argparse.ArgumentParser = Parser(
        prog=_PROG,
        description="Fingerpost on the device: camera, hands, signs, captions.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"fingerpost {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add_run(commands, epilog=_EPILOG)
    if first not in (["run"], ["--version"]):  # half a second on a board, for nothing
        from edge.bundle.commands import add_commands
        from edge.doctor.command import add_doctor
        from edge.engine_builds import add_build_engines
        from edge.kiosk_demo import add_kiosk_demo
        from edge.operator.commands import add_operator_commands

        add_commands(commands)
        add_operator_commands(commands)
        add_kiosk_demo(commands)
        add_doctor(commands)
        add_build_engines(commands)
    return parser


def _fail(error: FingerpostError, *, as_json: bool) -> int:
    if as_json:
        from edge.outputs.json_lines import error_object, write_line

        write_line(sys.stdout, error_object(error))
    sys.stderr.write(f"error: {error}\n")
    return error.exit_code


def _fault(error: Exception) -> FingerpostError:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return FingerpostError(
        f"a fault of Fingerpost ({type(error).__name__}: {error})",
        where=f"{Path(last.filename).name}:{last.lineno}",
        remedy=f"please report it, with what {_DEBUG_VARIABLE}=1 prints",
    )

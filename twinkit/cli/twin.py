"""The command `twin`: finds the sub-command's module and imports no other. No logic. Imports: arguments, errors."""

from __future__ import annotations

import argparse
import errno
import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence

from twinkit.cli.arguments import Parser, any_terminal
from twinkit.errors import TwinkitError

COMMANDS = {
    "serve": "serve twins of services",
    "run": "run a command beside twins that live as long as it",
    "new": "write a new twin from an OpenAPI document",
    "lint": "check a twin's overlay and handlers",
    "coverage": "show how true each operation of a twin is",
    "openapi": "make, update and compare contracts",
    "failures": "list and check failure profiles",
    "faults": "show the faults a running twin has injected",
    "record": "record exchanges with a real service",
    "check": "replay a recording against a twin",
}
"""Sub-command → what it does. The module `twinkit.cli.<command>` has `add(subparsers)` and `run(args) -> int`."""


def available() -> list[str]:
    """The sub-commands whose module is installed."""
    found = importlib.util.find_spec
    return [name for name in COMMANDS if found(f"twinkit.cli.{name}") is not None]


def parser(chosen: str | None = None, *, whole: bool = True) -> argparse.ArgumentParser:
    """The argument parser with every sub-command, or (`whole` false) with the arguments of the chosen one alone."""
    top = Parser(prog="twin", description="Stateful digital twins of external services.")
    top.add_argument("--version", action="store_true", help="print the version and exit")
    sub = top.add_subparsers(dest="command", metavar="command", prog="twin")
    for name in available():
        if whole or name == chosen:
            importlib.import_module(f"twinkit.cli.{name}").add(sub)
        else:
            sub.add_parser(name, help=COMMANDS[name])
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run `twin` with arguments; returns the exit code: 0 done, 1 the work failed, 2 wrong usage."""
    words = list(sys.argv[1:] if argv is None else argv)
    chosen = next((word for word in words if not word.startswith("-")), None)
    said = f"twin {chosen}" if chosen else "twin"
    any_terminal()
    try:
        top = parser(chosen, whole=False)
        args = top.parse_args(words)
        if args.version:
            from importlib.metadata import version

            print(f"twinkit {version('twinkit')}")
            return 0
        if not args.command:
            top.print_help()
            return 2
        code = int(importlib.import_module(f"twinkit.cli.{args.command}").run(args))
        sys.stdout.flush()
        return code
    except TwinkitError as error:
        print(f"{said}: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except OSError as error:
        if error.filename is None and error.errno != errno.ENOSPC:
            raise
        print(f"{said}: {error.filename or 'standard output'}: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())

"""The `twin` command: imports the one sub-command that is used; a UsageError becomes a message and exit code 2."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from twinkit.errors import AuthorError, UsageError

COMMANDS = ("openapi",)


def main(argv: Sequence[str] | None = None) -> int:
    """Run `twin …`; the process's exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(prog="twin", description="Stateful digital twins of external services.")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    wanted = next((word for word in words if not word.startswith("-")), "")
    for name in (wanted,) if wanted in COMMANDS else COMMANDS:
        import_module(f"twinkit.cli.{name}").add(subparsers)
    args = parser.parse_args(words)
    try:
        return int(import_module(f"twinkit.cli.{args.command}").run(args))
    except (UsageError, AuthorError) as error:
        print(f"twin: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 1

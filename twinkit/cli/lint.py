"""`twin lint`: check a twin's overlay, handlers and documents. No logic. Imports: lint, server.catalogue."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from twinkit.lint import lint
from twinkit.server.catalogue import installed_twin


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "lint",
        help="check a twin's overlay and handlers",
        description="Check twins. Exit code 1 when something is to be mended; every line says what to do.",
    )
    parser.add_argument("twin", nargs="+", metavar="TWIN", help="name of an installed twin")
    parser.add_argument("--json", action="store_true", help="findings as JSON")


def run(args: argparse.Namespace) -> int:
    """Print findings; 1 when there are any."""
    found = {name: lint(name, installed_twin) for name in args.twin}
    if args.json:
        print(json.dumps({name: [asdict(finding) for finding in each] for name, each in found.items()}, indent=1))
    else:
        for name, each in found.items():
            for finding in each:
                print(f"{name}: {finding}")
            if not each:
                print(f"{name}: nothing to mend")
    return 1 if any(found.values()) else 0

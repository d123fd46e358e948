"""`twin lint`: check a twin's overlay and handlers, or a document. No logic. Imports: lint, server.catalogue."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from twinkit.errors import UsageError
from twinkit.lint import lint, lint_document
from twinkit.server.catalogue import installed_twin


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "lint",
        help="check a twin's overlay and handlers, or a document",
        description="Check twins and documents. Exit code 1 when something is to be mended, 2 when a document "
        "cannot be read; every line says where and what.",
    )
    parser.add_argument("twin", nargs="*", metavar="TWIN", help="name of an installed twin")
    parser.add_argument(
        "--openapi", action="append", default=[], metavar="FILE",
        help="what of this document is skipped, read otherwise than written, or not understood",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="findings as JSON")


def run(args: argparse.Namespace) -> int:
    """Print findings; 1 when there are any."""
    if not args.twin and not args.openapi:
        raise UsageError("name a twin, or give --openapi FILE")
    found = {name: lint(name, installed_twin) for name in args.twin}
    found |= {source: lint_document(source) for source in args.openapi}
    if args.json:
        print(json.dumps({name: [asdict(finding) for finding in each] for name, each in found.items()}, indent=1))
    else:
        for name, each in found.items():
            for finding in each:
                print(f"{name}: {finding}")
            if not each:
                print(f"{name}: nothing to mend")
    return 1 if any(found.values()) else 0

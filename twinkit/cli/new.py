"""`twin new`: write a new twin from an OpenAPI document. No logic. Imports: templates.scaffold."""

from __future__ import annotations

import argparse
from pathlib import Path

from twinkit.templates.scaffold import plan, scaffold


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "new",
        help="write a new twin from an OpenAPI document",
        description="Write a working twin: contract, overlay with everything inferred, tests, FIDELITY.md. "
        "In a checkout of twinkit it goes to twins/NAME, elsewhere into a package of its own.",
    )
    parser.add_argument("name", metavar="NAME", help="name of the twin: lower-case letters, digits, _")
    parser.add_argument("--openapi", metavar="FILE", required=True, help="the document: file, URL or package:file")
    parser.add_argument("--out", metavar="DIR", type=Path, help="write a package of its own here (NAME-twin)")


def run(args: argparse.Namespace) -> int:
    """Write it and say what to do next."""
    made = scaffold(plan(args.name, args.openapi, args.out, Path.cwd()))
    for path in made.written:
        print(f"wrote {path}")
    install = "pip install -e ." if made.in_place else f"pip install -e {made.top}"
    print(f"\nnext: {install} && twin serve {made.name}\n      twin lint {made.name}; twin coverage {made.name}")
    print(f"      pytest {made.test}")
    return 0

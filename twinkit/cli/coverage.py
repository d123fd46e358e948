"""`twin coverage`: how true each operation of a twin is. No logic. Imports: overlay.coverage, server.catalogue."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from twinkit.behaviour.twin import Twin
from twinkit.errors import UsageError
from twinkit.overlay.coverage import as_json, as_markdown, as_text, matrix, summary
from twinkit.server.catalogue import document_twin, installed_twin


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "coverage",
        help="show how true each operation of a twin is",
        description="What each operation does and how true it is: behaviour, generic or shape.",
    )
    parser.add_argument("twin", nargs="?", metavar="TWIN", help="name of an installed twin")
    parser.add_argument("--openapi", metavar="FILE", help="of this document instead, with everything inferred")
    parser.add_argument("--json", action="store_true", help="the matrix as JSON")
    parser.add_argument("--write", nargs="?", const="", metavar="FILE", help="write it (docs/coverage/TWIN.md)")
    parser.add_argument("--findings", action="store_true", help="what could not be read or inferred, too")


def run(args: argparse.Namespace) -> int:
    """Print or write the matrix."""
    if bool(args.twin) == bool(args.openapi):
        raise UsageError("name a twin, or give --openapi FILE")
    twin = installed_twin(args.twin) if args.twin else document_twin(args.openapi)
    rows = matrix(twin.index, twin.compiled, twin.handlers)
    remarks = twin.compiled.remarks()
    inferred = [line for line in twin.compiled.findings if not noted(line)]
    if args.write is not None:
        file = Path(args.write or f"docs/coverage/{twin.name}.md")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page(twin), encoding="utf-8")
        print(f"{file}: {summary(rows)}")
    elif args.json:
        print(json.dumps({**as_json(twin.name, rows), "findings": [*remarks, *inferred]}, indent=1))
    else:
        print(as_text(rows), end="")
        if not args.findings and (remarks or inferred):
            print(f"findings: {len(remarks)} about the document, {len(inferred)} about what it means (--findings)")
    if args.findings:
        print(*remarks, *inferred, sep="\n", file=sys.stderr)
    return 0


def noted(finding: str) -> bool:
    """Whether a line of the matrix says it already: why an operation keeps nothing."""
    return finding.endswith("[infer.shape]")


def page(twin: Twin) -> str:
    """The page of documentation for a twin."""
    rows = matrix(twin.index, twin.compiled, twin.handlers)
    return as_markdown(twin.name, twin.compiled.options.get("title") or twin.index.title or twin.name, rows)

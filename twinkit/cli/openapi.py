"""`twin openapi strip|add|update|diff`: structure-only contracts and what changes between documents. No logic."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from twinkit import paths


def add(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("openapi", help="make, update and compare contracts")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    strip = verbs.add_parser("strip", help="write a document's structure: no prose, titles, examples")
    strip.add_argument("document", help="file, http(s) URL or package:file; OpenAPI or AsyncAPI, JSON or YAML")
    strip.add_argument("-o", "--output", type=Path, help="file to write (default: standard output)")
    adding = verbs.add_parser("add", help="put a document's structure into the contracts, with its row in SOURCES.toml")
    adding.add_argument("name", help="name of the contract, such as `asana`")
    adding.add_argument("document", help="file, URL or package:file")
    update = verbs.add_parser(
        "update", help="replace a contract by a newer document; say what changed, what it means for its twins"
    )
    update.add_argument("name", help="name of the contract or of an installed twin")
    update.add_argument("document", nargs="?", help="the newer document (default: the source in SOURCES.toml)")
    update.add_argument("--dry-run", action="store_true", help="say what would change, write nothing")
    for verb in (adding, update):
        verb.add_argument(
            "--source", default="", help="where the document is published, when it is read from elsewhere"
        )
        verb.add_argument("--licence", default="", help="such as MIT (default: what the document or the old row says)")
        verb.add_argument(
            "--folder",
            type=Path,
            default=None,
            help="the contracts' folder (default: where the contract is, else openapi/)",
        )
    diff = verbs.add_parser("diff", help="say what differs between two documents; exit code 1 when something does")
    diff.add_argument("old", help="the older document, or the name of a contract")
    diff.add_argument("new", help="the newer document, or the name of a contract")
    for verb in (update, diff):
        verb.add_argument("--breaking", action="store_true", help="only what may break callers of the older one")
    for verb in (adding, update, diff):
        verb.add_argument("--json", action="store_true", help="print JSON")
    for verb in (strip, adding, update):
        verb.add_argument("-q", "--quiet", action="store_true", help="no findings about the document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked; 0, or for `diff` 1 when something (with --breaking: something breaking) differs."""
    return {"strip": _strip, "add": _add, "update": _update, "diff": _diff}[args.verb](args)


def _strip(args: argparse.Namespace) -> int:
    from twinkit.contract.load import read
    from twinkit.contract.strip import dumps, strip

    document = read(args.document)
    _report(args, document)
    text = dumps(strip(document.data))
    if args.output is None:
        sys.stdout.buffer.write(text)
    else:
        args.output.write_bytes(text)
    return 0


def _report(args: argparse.Namespace, document: Any) -> None:
    if args.quiet:
        return
    for finding in document.findings:
        print(f"warning: {finding}", file=sys.stderr)


def _add(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from twinkit.contract.load import read
    from twinkit.contract.sources import save

    document = read(args.document)
    _report(args, document)
    folder = args.folder or paths.data("openapi")
    row = save(folder, args.name, document, source=args.source, licence=args.licence)
    if args.json:
        print(json.dumps(asdict(row)))
    else:
        print(f"{folder / (row.name + '.json')}: {row.format}, version {row.version}, {row.operations} operations")
    return 0


def _update(args: argparse.Namespace) -> int:
    from twinkit.contract.changes import compare
    from twinkit.contract.load import read
    from twinkit.contract.sources import make, same_kind, save
    from twinkit.overlay.drift import drift
    from twinkit.server.catalogue import contract_file, twins_of

    file = contract_file(args.name, args.folder)
    row = _row(file, args.document)
    old = read(file)
    new = read(args.document or row["source"])
    _report(args, new)
    same_kind(old, new)
    source = args.source or (row["source"] if args.document is None else _published(args.document) or row["source"])
    given = {"source": source, "licence": args.licence or row["licence"]}
    text, _ = make(file.stem, new, **given)
    difference = compare(old, new)
    drifts = [drift(folder, file, text, difference) for folder in twins_of(file)]
    if not args.dry_run:
        save(file.parent, file.stem, new, **given)
    if args.json:
        told = {**difference.as_json(), "twins": [each.as_json() for each in drifts], "written": not args.dry_run}
        print(json.dumps(told, ensure_ascii=False))
        return 0
    for line in difference.lines(breaking=args.breaking) if difference else ("nothing changed",):
        print(line)
    for each in drifts:
        print(*each.lines(), sep="\n", end="\n" if any(each.lines()) else "")
    print(f"{file}: {'not written (--dry-run)' if args.dry_run else 'written'}")
    return 0


def _row(file: Path, document: str | None) -> dict[str, str]:
    """Source and licence of a contract; without its row a newer document must be given."""
    from twinkit.contract.sources import read_sources, row_of

    if document is not None and file.stem not in read_sources(file.parent):
        return {"source": "", "licence": ""}
    row = row_of(file.parent, file.stem)
    return {"source": row.source, "licence": row.licence}


def _published(document: str) -> str:
    """Where a document is to be fetched again, if that is known."""
    return document if document.startswith(("http://", "https://")) else ""


def _diff(args: argparse.Namespace) -> int:
    from twinkit.contract.changes import compare
    from twinkit.contract.load import read

    difference = compare(read(_named(args.old)), read(_named(args.new)))
    if args.json:
        print(json.dumps(difference.as_json(), ensure_ascii=False))
    else:
        for line in difference.lines(breaking=args.breaking) if difference else ("no difference",):
            print(line)
    return 1 if (difference.breaking if args.breaking else difference) else 0


def _named(word: str) -> str:
    """A contract by its bare name or that of an installed twin, else the word itself."""
    from twinkit.errors import UsageError
    from twinkit.server.catalogue import contract_file

    if Path(word).exists() or "/" in word or "." in word:
        return word
    try:
        return str(contract_file(word, None))
    except UsageError:
        return word

"""`twin faults`: what a running twin has injected, and how its clients behaved. No logic. Imports: errors."""

from __future__ import annotations

import argparse
import json
import urllib.request
from typing import Any

from twinkit.errors import UsageError


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("faults", help="show the faults a running twin has injected")
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:4010", help="of the twin or of an instance")
    parser.add_argument("--control-token", help="what the twin was started with")
    parser.add_argument("--json", action="store_true", help="as one JSON document")


def run(args: argparse.Namespace) -> int:
    """Print rules with their counts, faults met, and clients that were refused."""
    told = fetch(f"{args.url.rstrip('/')}/_twin/faults", args.control_token)
    if args.json:
        print(json.dumps(told, indent=2))
        return 0
    table("rule", ("profile", "rule", "effect", "matched", "fired"), told.get("rules", []))
    table("fault met", ("fault", "times"), [{"fault": k, "times": v} for k, v in told.get("fired", {}).items()])
    columns = ("client", "bucket", "verdict", "refused", "early", "worst_row")
    table("client refused", columns, told.get("conduct", []))
    return 0


def fetch(url: str, token: str | None) -> dict[str, Any]:
    """The control plane's answer. Raises UsageError when there is none."""
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"say where the twin is, such as http://127.0.0.1:4010, not {url.partition('/_twin/')[0]!r}")
    try:
        request = urllib.request.Request(url, headers={"authorization": f"Bearer {token}"} if token else {})
        with urllib.request.urlopen(request, timeout=10) as reply:
            told: dict[str, Any] = json.load(reply)
            return told
    except (OSError, ValueError) as error:
        raise UsageError(f"no twin answers at {url}: {getattr(error, 'reason', error)}") from None


def table(what: str, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    """Rows under their column names, or one line saying that there are none."""
    if not rows:
        print(f"no {what}")
        return
    cells = [[str(row.get(column, "")) for column in columns] for row in rows]
    widths = [max(len(line[n]) for line in [list(columns), *cells]) for n in range(len(columns))]
    for line in [list(columns), *cells]:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())

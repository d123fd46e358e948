"""`twin run`: a command beside twins that live as long as it. Imports: testing, intercept, when run."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinkit.errors import UsageError

if TYPE_CHECKING:
    from twinkit.intercept.child import Equipment
    from twinkit.testing import Twin, TwinServer

EPILOG = """examples:
  twin run --twin stripe -- pytest -q
  twin run --twin stripe --twin slack --seed 7 -- npm test
  twin run --twin okta --intercept -- node app.js          hard-coded hosts reach the twin, others are refused
"""


def add(subparsers: Any) -> None:
    """Declare the sub-command."""
    parser = subparsers.add_parser(
        "run",
        help="run a command beside twins that live as long as it",
        description="Start twins, export the variables their SDKs read, run a command, stop everything.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="-- COMMAND …", help="the command and its arguments")
    what = parser.add_argument_group("which twins, and how")
    what.add_argument("--twin", action="append", default=[], metavar="NAME", help="an installed twin; may be repeated")
    what.add_argument("--openapi", metavar="FILE", help="a twin of this document, no code")
    what.add_argument("--seed", type=int, help="same seed, same requests: same answers (0)")
    what.add_argument("--clock", help="real, fixed or tick, with an optional start: fixed:2026-11-01T00:00:00Z")
    what.add_argument("--baseline", action="append", default=[], metavar="FILE", help="first records, YAML or JSON")
    what.add_argument(
        "--failures", action="append", default=[], metavar="PROFILE", help="failure profile: name or file"
    )
    what.add_argument("--receiver", action="append", default=[], metavar="URL[,SECRET]", help="send webhooks here")
    what.add_argument("--strict", action="store_true", help="accept only credentials and scopes the twin has issued")
    what.add_argument("--materialise", action="store_true", help="every record asked for by id exists")
    hosts = parser.add_argument_group("hard-coded hosts")
    hosts.add_argument("--intercept", action="store_true", help="calls to the services' own hosts reach the twins")
    hosts.add_argument(
        "--allow", action="append", default=[], metavar="HOST", help="with --intercept: let a host through"
    )
    parser.add_argument("--quiet", action="store_true", help="say nothing but errors")


def run(args: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    words = args.words[1:] if args.words[:1] == ["--"] else args.words
    if not words:
        raise UsageError("say what to run after --: twin run --twin stripe -- pytest")
    if not args.twin and not args.openapi:
        raise UsageError("say which twin: twin run --twin stripe -- …")
    if args.allow and not args.intercept:
        raise UsageError("--allow is about --intercept: without it every host can be reached")

    from twinkit.testing import TwinServer

    clock = args.clock or (None if args.seed is not None else "real")
    with TwinServer(
        *args.twin,
        openapi=args.openapi,
        seed=args.seed or 0,
        clock=clock,
        strict=args.strict,
        materialise=args.materialise,
    ) as server:
        twins = [server.default(name) for name in server.hosted]
        for twin in twins:
            prepare(args, server, twin)
        env = {name: value for twin in twins for name, value in twin.env.items()}
        if not args.quiet:
            tell(twins)
        if args.intercept:
            return run_intercepted(args, server, words, env)
        return start(words, env)


def prepare(args: argparse.Namespace, server: TwinServer, twin: Twin) -> None:
    """Refuse live keys; load baselines, faults and receivers."""
    from twinkit.intercept.keys import refuse_live_keys

    live = server.hosted[twin.name].definition.compiled.options.get("live_credentials", ())
    refuse_live_keys(twin.name, tuple(live), os.environ)
    server.set_up(twin, args.failures, args.receiver, args.baseline)


def tell(twins: list[Twin]) -> None:
    """Say what is there, on standard error: standard output is the command's."""
    for twin in twins:
        print(f"twin run: {twin.name} on {twin.url}", file=sys.stderr)
        for name in twin.env:
            print(f"twin run:   {name}", file=sys.stderr)


def start(words: list[str], env: dict[str, str]) -> int:
    """Run the command with these variables added."""
    from twinkit.testing.command import Command

    return Command(words, {**os.environ, **env}).run()


def run_intercepted(args: argparse.Namespace, server: TwinServer, words: list[str], env: dict[str, str]) -> int:
    """Run the command with its connections led to the twins; report what was refused."""
    from twinkit.intercept.child import equip

    with tempfile.TemporaryDirectory(prefix="twin-run-") as folder:
        equipment: Equipment = equip(Path(folder), server, args.allow)
        code = start(words, {**env, **equipment.environment(os.environ)})
        if not args.quiet:
            for host, count in sorted(equipment.refused().items()):
                print(f"twin run: refused {host} ({count} times); --allow {host} lets it through", file=sys.stderr)
        return code

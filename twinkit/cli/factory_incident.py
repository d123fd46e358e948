"""`factory incident`: what monitoring saw becomes a specification of a bug. Imports: factory, inside the functions."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Common = Callable[..., None]
EPILOG = """examples:
  factory incident alert.json --vault ../vault
  factory incident alert.json --capture stripe.jsonl --request "POST /checkout" --body '{"item": "mug"}'
  FACTORY_ALERTS=… factory incident --listen 0.0.0.0:9096 --secret-variable FACTORY_ALERTS --report
"""


def add(sub: Any, common: Common) -> None:
    """Declare the sub-command."""
    parser = sub.add_parser(
        "incident",
        help="turn an alert or a capture into a specification of the bug and a holdout that fails on base",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "alert", nargs="?", metavar="ALERT", help="JSON of Alertmanager, Sentry or your own; - for standard input"
    )
    common(parser)
    parser.add_argument(
        "--capture", type=Path, metavar="FILE", help="recorded exchanges of a twin, as evidence or alone"
    )
    parser.add_argument("--twin", default="", metavar="NAME", help="the twin of the capture (as the capture says)")
    parser.add_argument("--request", default="", metavar="'METHOD /PATH'", help="what shows the bug, asked of the app")
    parser.add_argument("--body", metavar="JSON", help="the request's body")
    parser.add_argument("--expect", type=status, default=0, metavar="STATUS", help="what the app should answer instead")
    parser.add_argument("--service", default="", metavar="NAME", help="whose bug it is (as the alert says)")
    parser.add_argument("--base", default="", help="the commit that has the bug (main)")
    parser.add_argument("--window", default="1 day", help="an alert belongs to the last merge within (%(default)s)")
    parser.add_argument("--isolation", choices=("auto", "require", "none"), default="auto", help="namespaces per trial")
    parser.add_argument("--listen", metavar="HOST:PORT", help="take alerts by POST until stopped")
    parser.add_argument(
        "--secret-variable", default="", metavar="NAME", help="environment variable with the shared secret"
    )
    parser.add_argument("--report", action="store_true", help="hand it to the tracker that factory.toml names")
    parser.add_argument("--prove", metavar="ID", help="try the candidate scenario of an incident on base again")
    parser.add_argument("--list", action="store_true", help="every incident: how often, open or closed, its scenario")
    parser.set_defaults(run=run_incident)


def status(text: str) -> int:
    """A status code, as an argument's type. Raises ArgumentTypeError."""
    if not (text.isascii() and text.isdigit() and 100 <= int(text) <= 599):
        raise argparse.ArgumentTypeError(f"a status such as 200 is needed, not {text!r}")
    return int(text)


def _desk(args: argparse.Namespace) -> Any:
    import shlex

    from twinkit.factory.durations import seconds
    from twinkit.factory.incidents.intake import Desk
    from twinkit.factory.run.storage import default_state

    return Desk(
        args.project, args.state or default_state(args.project), args.vault, args.base, seconds(args.window),
        args.isolation, tuple(shlex.split(os.environ.get("FACTORY_TWIN_COMMAND", ""))),
    )  # fmt: skip


def run_incident(args: argparse.Namespace) -> int:
    """0 when all is written down (and proven, with a vault); 1 when a scenario stays a candidate."""
    from twinkit.errors import UsageError

    desk = _desk(args)
    if args.list:
        return _list(desk)
    if args.prove:
        return _prove(desk, args.prove)
    if args.listen:
        return _listen(args, desk)
    alerts = _alerts(args)
    if not alerts:
        raise UsageError("this is no alert: nothing is to be done about it")
    code, tracker = 0, _tracker(args, desk)
    for alert in alerts:
        outcome = desk.take(alert)
        _show(desk, outcome)
        if tracker and outcome.id:
            worked, note = desk.report(outcome.id, tracker)
            print(f"- {note}" if note else "- nothing new for the tracker")
            code = max(code, 0 if worked else 1)
        if outcome.todo:
            code = max(code, _prove(desk, outcome.id))
    return code


def _tracker(args: argparse.Namespace, desk: Any) -> Any:
    from twinkit.factory.trackers.build import tracker

    return tracker(desk.config.tracker, desk.project) if args.report else None


def _alerts(args: argparse.Namespace) -> list[Any]:
    """What was given, with what the operator knows better."""
    import json

    from twinkit.errors import UsageError
    from twinkit.factory.incidents import capture, payloads
    from twinkit.factory.incidents.alert import probe, slug
    from twinkit.factory.incidents.intake import overridden

    try:
        body = json.loads(args.body) if args.body is not None else None
    except ValueError as error:
        raise UsageError(f"--body is no JSON: {error}") from None
    if args.alert is None and args.capture is None:
        raise UsageError("name the alert's file (- for standard input), a --capture FILE, or --listen HOST:PORT")
    found = [] if args.alert is None else payloads.read(_raw(args.alert))
    if args.capture is not None and len(found) > 1:
        raise UsageError(f"the file holds {len(found)} alerts and the capture belongs to one; give that one alone")
    if args.capture is not None:
        method, _, target = args.request.strip().partition(" ")
        asked = probe(method, target, body, 0, args.expect) if args.request else None
        found = [capture.attach(found[0] if found else None, args.capture, args.twin, asked, slug(args.service))]
    return [overridden(each, args.service, args.request, body, args.expect) for each in found]


def _raw(name: str) -> bytes:
    from twinkit.errors import UsageError
    from twinkit.factory.incidents.payloads import MAX_BYTES

    if name == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        with Path(name).open("rb") as handle:
            return handle.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from None


def _show(desk: Any, outcome: Any) -> None:
    if outcome.id:
        incident = desk.book.get(outcome.id)
        print(f"{outcome.what}: {incident.spec} ({incident.priority}, seen {incident.count} times, {incident.status})")
    for note in outcome.notes:
        print(f"- {note}")


def _prove(desk: Any, id: str) -> int:
    holds, lines = desk.prove(id)
    print("\n".join(lines))
    return 0 if holds else 1


def _list(desk: Any) -> int:
    for each in desk.book.all():
        flaps = f", came back {len(each.reopened)} times" if each.reopened else ""
        print(
            f"{each.status:6} {each.priority:8} {each.count:4} x{flaps}  {each.scenario or 'no scenario':11} {each.id}"
        )
    return 0


def _listen(args: argparse.Namespace, desk: Any) -> int:
    from twinkit.errors import UsageError
    from twinkit.factory.incidents.listen import Server, address

    if args.alert is not None or args.capture is not None:
        raise UsageError("--listen takes its alerts by POST; leave the file out")
    secret = os.environ.get(args.secret_variable, "") if args.secret_variable else ""
    if args.secret_variable and not secret:
        raise UsageError(f"${args.secret_variable} is empty; put the shared secret there")

    def tell(text: str) -> None:
        print(text, flush=True)

    with Server(address(args.listen, secret), desk, secret, tell, tracker=_tracker(args, desk)) as server:
        host, port = server.server_address[:2]
        tell(f"listening on http://{host!s}:{port}/" + ("" if secret else " (no secret: anybody on this machine)"))
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
    return 0

"""`twin check`: a recording replayed against a twin, and what came out differently. Imports: testing, when run."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

EPILOG = """examples:
  twin check recording.jsonl
  twin check recording.jsonl --allow known.yaml --json
  twin check recording.jsonl --against http://127.0.0.1:4010
"""


def add(subparsers: Any) -> None:
    """Declare the sub-command."""
    parser = subparsers.add_parser(
        "check",
        help="replay a recording against a twin",
        description="Send the requests of a recording to a twin and list where it answers otherwise.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("recording", metavar="RECORDING", help="a file that `twin record` wrote")
    parser.add_argument("--twin", metavar="NAME", help="another twin than the recording names")
    parser.add_argument("--against", metavar="URL", help="a twin that is served already; else one is served for this")
    parser.add_argument("--allow", metavar="FILE", help="known differences: a YAML list of {call, at, kind, because}")
    parser.add_argument("--seed", type=int, default=0, help="seed of the twin (0)")
    parser.add_argument("--json", action="store_true", help="one JSON object for each difference")


def run(args: argparse.Namespace) -> int:
    """Replay; returns 1 when there are differences that the allow-list does not cover."""
    from twinkit.testing import TwinServer, connect
    from twinkit.testing.recording import Recording
    from twinkit.testing.replay import allowances

    recording = Recording.load(Path(args.recording))
    accepted = allowances(Path(args.allow)) if args.allow else []
    if args.against:
        with connect(args.against) as twin:
            return report(args, recording, twin, accepted)
    with TwinServer(args.twin or recording.twin, seed=args.seed) as server:
        return report(args, recording, server.instance(), accepted)


def report(args: argparse.Namespace, recording: Any, twin: Any, accepted: list[Any]) -> int:
    """Print the differences and a closing line."""
    from twinkit.testing.replay import Replay

    replay = Replay(recording, twin.plane.wire, twin.url, twin.authorization, twin.plane.prefix)
    found = list(replay.run())
    open_ones = [each for each in found if not any(allowance.covers(each) for allowance in accepted)]
    for each in open_ones:
        print(json.dumps(asdict(each), ensure_ascii=False) if args.json else each)
    if not args.json:
        count = len(recording.exchanges)
        print(f"{count} exchanges, {len(open_ones)} differences, {len(found) - len(open_ones)} more allowed")
    return 1 if open_ones else 0

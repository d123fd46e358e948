"""`twin check`: recordings replayed against a twin, and what came out differently. Imports: testing, when run."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from twinkit.errors import UsageError

EPILOG = """examples:
  twin check recording.jsonl
  twin check recording.jsonl --allow known.yaml --json
  twin check spec/cassettes/*.yml --twin stripe --summary      cassettes of VCR and its like, HAR files
  twin check recording.jsonl --against http://127.0.0.1:4010
"""


def add(subparsers: Any) -> None:
    """Declare the sub-command."""
    parser = subparsers.add_parser(
        "check",
        help="replay recordings against a twin",
        description="Send the requests of recordings to a twin and list where it answers otherwise.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "recordings", nargs="+", metavar="RECORDING",
        help="files that `twin record` wrote, VCR cassettes (also of vcrpy, Betamax, go-vcr, nock), HAR files",
    )  # fmt: skip
    parser.add_argument("--twin", metavar="NAME", help="another twin than the recording names, or its hosts say")
    parser.add_argument("--against", metavar="URL", help="a twin that is served already; else one is served for this")
    parser.add_argument("--allow", metavar="FILE", help="known differences: a YAML list of {call, at, kind, because}")
    parser.add_argument("--baseline", metavar="FILE", help="records that were there before the recording, YAML or JSON")
    parser.add_argument("--materialise", action="store_true", help="every record asked for by id exists")
    parser.add_argument("--seed", type=int, default=0, help="seed of the twin (0)")
    parser.add_argument(
        "--summary", action="store_true", help="how many exchanges agree, by the first word of the path"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object for each difference")


def run(args: argparse.Namespace) -> int:
    """Replay; returns 1 when there are differences that the allow-list does not cover."""
    from twinkit.testing import TwinServer, connect
    from twinkit.testing.cassettes import load
    from twinkit.testing.replay import allowances

    accepted = allowances(Path(args.allow)) if args.allow else []
    tally = Tally(args, accepted)
    with TwinServer(seed=args.seed, materialise=args.materialise) as server:
        for path in args.recordings:
            cassette = load(Path(path), lambda host: args.twin or _twin_of(host))
            name = args.twin or cassette.recording.twin
            if args.against:
                with connect(args.against) as twin:
                    tally.add(path, cassette, twin)
                continue
            if not name:
                raise UsageError(f"{path} went to {cassette.recording.upstream}; say which twin: --twin NAME")
            server.host(name)
            tally.add(path, cassette, server.instance(name, baseline=args.baseline))
    return tally.close()


class Tally:
    """What the recordings showed, printed as it comes and counted."""

    def __init__(self, args: argparse.Namespace, accepted: list[Any]) -> None:
        self.args = args
        self.accepted = accepted
        self.exchanges = self.open = self.allowed = self.elsewhere = 0
        self.asked: Counter[str] = Counter()
        self.agreed: Counter[str] = Counter()

    def add(self, path: str, cassette: Any, twin: Any) -> None:
        """Replay one recording."""
        from twinkit.testing.replay import Replay, family

        recording = cassette.recording
        replay = Replay(recording, twin.plane.wire, twin.url, twin.authorization, twin.plane.prefix)
        for number, exchange in enumerate(recording.exchanges, 1):
            found = list(replay.one(number, exchange))
            differing = [each for each in found if not any(allowance.covers(each) for allowance in self.accepted)]
            self.asked[family(exchange.path)] += 1
            self.agreed[family(exchange.path)] += not differing
            self.open += len(differing)
            self.allowed += len(found) - len(differing)
            for each in differing:
                self.show(path, each)
        self.exchanges += len(recording.exchanges)
        self.elsewhere += cassette.elsewhere

    def show(self, path: str, difference: Any) -> None:
        """Print one difference; with the file's name where there are several."""
        several = len(self.args.recordings) > 1
        if self.args.json:
            named = {"file": path} if several else {}
            print(json.dumps({**named, **asdict(difference)}, ensure_ascii=False))
        else:
            print(f"{path}: {difference}" if several else difference)

    def close(self) -> int:
        """Print the closing lines; returns the exit code."""
        if self.args.summary:
            for name in sorted(self.asked):
                print(f"{name}: {self.agreed[name]} of {self.asked[name]} agree")
        if not self.args.json:
            beside = f", {self.elsewhere} exchanges with other hosts left out" if self.elsewhere else ""
            print(f"{self.exchanges} exchanges, {self.open} differences, {self.allowed} more allowed{beside}")
        return 1 if self.open else 0


def _twin_of(host: str) -> str:
    """The installed twin that stands for a host, or nothing."""
    from twinkit.intercept.inside import covers
    from twinkit.server.catalogue import installed_twin, names

    for name in names():
        if covers(tuple(installed_twin(name).compiled.options.get("hosts", ())), host):
            return name
    return ""

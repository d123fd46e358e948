"""`twin record`: a command run against the real service through a proxy that writes every exchange down.

Imports: testing, when run.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twinkit.errors import UsageError
from twinkit.files import writable

EPILOG = """examples:
  twin record stripe -- pytest -q                       against the service's own sandbox, with your test key
  twin record stripe --upstream http://127.0.0.1:4010 --out run.jsonl -- npm test
"""
SECRET_WORDS = ("KEY", "TOKEN", "SECRET", "PASSWORD")


def add(subparsers: Any) -> None:
    """Declare the sub-command."""
    parser = subparsers.add_parser(
        "record",
        help="record exchanges with a real service",
        description="Run a command against the real service through a recording proxy; secrets are taken out.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("twin", metavar="TWIN", help="the twin whose service is recorded")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="-- COMMAND …", help="the command and its arguments")
    parser.add_argument("--upstream", metavar="URL", help="where the service is (https:// and the twin's first host)")
    parser.add_argument("--out", metavar="FILE", default="recording.jsonl", help="the recording (%(default)s)")
    parser.add_argument("--redact", action="append", default=[], metavar="TEXT", help="another secret to take out")


def run(args: argparse.Namespace) -> int:
    """Record; returns the command's exit code."""
    from twinkit.intercept.keys import refuse_live_keys
    from twinkit.intercept.routes import is_live, live_message
    from twinkit.server.background import Background, listen
    from twinkit.server.catalogue import installed_twin
    from twinkit.testing.command import Command
    from twinkit.testing.recording import Recorder, Recording, Redactor

    words, args = split(args)
    twin = installed_twin(args.twin)
    options = twin.compiled.options
    live = tuple(options.get("live_credentials", ()))
    refuse_live_keys(args.twin, live, os.environ)
    hosts = options.get("hosts", ())
    upstream = args.upstream or (f"https://{hosts[0]}" if hosts else "")
    if not upstream.startswith(("http://", "https://")):
        raise UsageError("say where the service is: --upstream https://…")
    out = writable(Path(args.out))
    known = [value for name, value in os.environ.items() if any(word in name.upper() for word in SECRET_WORDS)]
    recording = Recording(args.twin, upstream.rstrip("/"))

    def guard(headers: Mapping[str, str]) -> str:
        return live_message(args.twin) if is_live(headers.get("authorization", ""), live) else ""

    with Background() as background:
        bound = listen()
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        background.serve(Recorder(recording, Redactor([*known, *args.redact]), guard), bound)
        env = {
            name: text.format(url=url) for name, text in twin.env.items() if "{url}" in text and text.count("{") == 1
        }
        code = Command(words, {**os.environ, **env}).run()
    recording.save(out)
    print(f"twin record: {len(recording.exchanges)} exchanges with {upstream} in {args.out}", file=sys.stderr)
    return code


def split(args: argparse.Namespace) -> tuple[list[str], argparse.Namespace]:
    """The command after `--`; options may stand before it."""
    at = args.words.index("--") if "--" in args.words else -1
    options = argparse.ArgumentParser(prog="twin record", add_help=False)
    options.add_argument("--upstream")
    options.add_argument("--out")
    options.add_argument("--redact", action="append")
    for name, value in vars(options.parse_args(args.words[: max(at, 0)])).items():
        if value is not None:
            setattr(args, name, value)
    words = args.words[at + 1 :]
    if not words or words[0].startswith("-"):
        raise UsageError("say what to run after --: twin record stripe -- pytest")
    return words, args

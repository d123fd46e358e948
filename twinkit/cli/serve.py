"""`twin serve`: twins on ports until they are told to stop. Imports the serve plane only.

Every option that changes what a twin answers is here; the server itself is `twinkit.server.running`.
"""

from __future__ import annotations

import argparse
import gc
import os
from typing import Any

EPILOG = """examples:
  twin serve stripe                              http://127.0.0.1:4010
  twin serve stripe slack okta --seed 7          one port each: 4010, 4011, 4012
  twin serve --openapi petstore.yaml             any document, no code, stateful
  twin serve stripe --failures flaky --port 0    a free port, with faults
"""


def add(subparsers: Any) -> None:
    """Declare the sub-command."""
    parser = subparsers.add_parser(
        "serve",
        help="serve twins of services",
        description="Serve twins until interrupted. Nothing leaves this machine.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("twins", nargs="*", metavar="TWIN", help="name of an installed twin: stripe, slack, okta, …")
    parser.add_argument("--openapi", action="append", default=[], metavar="FILE", help="serve this document, no code")
    where = parser.add_argument_group("where")
    where.add_argument("--host", help="address to listen on (TWIN_HOST, else 127.0.0.1)")
    where.add_argument("--port", type=int, help="first port, the next twin gets the next one; 0 takes free ones (4010)")
    where.add_argument(
        "--public-url", metavar="URL", help="how callers reach the first twin, when not by host and port"
    )
    what = parser.add_argument_group("what")
    what.add_argument("--seed", type=int, help="same seed, same requests: same answers, byte for byte (0)")
    what.add_argument("--clock", help="real, fixed or tick, with an optional start: fixed:2026-11-01T00:00:00Z")
    what.add_argument("--db", metavar="FILE", help="keep the state in this SQLite file; in memory without it")
    what.add_argument("--baseline", action="append", default=[], metavar="FILE", help="first records, YAML or JSON")
    what.add_argument(
        "--failures", action="append", default=[], metavar="PROFILE", help="failure profile: name or file"
    )
    what.add_argument("--receiver", action="append", default=[], metavar="URL[,SECRET]", help="send webhooks here")
    what.add_argument(
        "--world", metavar="FILE", help="several twins with one seed, clock and snapshot, and records that refer"
    )
    what.add_argument("--strict", action="store_true", help="accept only credentials and scopes the twin has issued")
    what.add_argument("--materialise", action="store_true", help="every record asked for by id exists")
    what.add_argument("--check-replies", action="store_true", help="log replies that do not fit the contract")
    how = parser.add_argument_group("how it tells")
    how.add_argument("--json", action="store_true", help="one machine-readable line on standard output when ready")
    how.add_argument(
        "--ready-file", metavar="FILE", help="write the same JSON to this file when ready (TWIN_READY_FILE)"
    )
    how.add_argument(
        "--control-token", metavar="TOKEN", help="the control plane asks for this token (TWIN_CONTROL_TOKEN)"
    )
    how.add_argument("--quiet", action="store_true", help="no line per request")


def run(args: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM."""
    gc.disable()  # until the twins are ready: what is loaded until then stays, and looking for garbage takes its time
    from twinkit.server.running import serve

    args.host = args.host or os.environ.get("TWIN_HOST") or "127.0.0.1"
    args.control_token = args.control_token or os.environ.get("TWIN_CONTROL_TOKEN")
    args.ready_file = args.ready_file or os.environ.get("TWIN_READY_FILE")
    return serve(args)

"""The command `factory`: arguments, exit codes, no logic. Imports: factory, inside the functions.

Exit codes: 0 eligible or done, 1 not eligible, 2 usage or lint, 3 undetermined, 4 integrity. An exception is never 0.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from twinkit.cli.arguments import Parser, any_terminal
from twinkit.errors import TwinkitError

COMMANDS = (
    "init",
    "lint",
    "steps",
    "run",
    "resume",
    "report",
    "gate",
    "replay",
    "audit",
    "loop",
    "work",
    "ledger",
    "vault",
    "incident",
)
MODULES = ("authoring", "evaluation", "development", "pipeline", "incident")


def common(parser: argparse.ArgumentParser, *, vault: bool = True) -> None:
    """Where things are."""
    parser.add_argument("--project", type=Path, default=Path(), metavar="DIR", help="a git repository (%(default)s)")
    parser.add_argument("--state", type=Path, metavar="DIR", help="the operator's folder (XDG state directory)")
    if vault:
        default = Path(os.environ["FACTORY_VAULT"]) if "FACTORY_VAULT" in os.environ else None
        parser.add_argument("--vault", type=Path, default=default, metavar="DIR", help="scenarios, outside the project")


def parser() -> argparse.ArgumentParser:
    """The whole argument parser."""
    top = Parser(prog="factory", description="Decides by running it whether a change may merge.")
    top.add_argument("--version", action="store_true", help="print the version and exit")
    sub = top.add_subparsers(dest="command", metavar="command")
    for name in MODULES:
        importlib.import_module(f"twinkit.cli.factory_{name}").add(sub, common)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run `factory`; returns the exit code."""
    from twinkit.factory.errors import HarnessError, IntegrityError, Leak, LintError

    any_terminal()
    top = parser()
    args = top.parse_args(argv)
    if args.version:
        from importlib.metadata import version

        print(f"twinkit {version('twinkit')}")
        return 0
    if not args.command:
        top.print_help()
        return 2
    try:
        code = int(args.run(args))
        sys.stdout.flush()
        return code
    except LintError as error:
        for finding in error.findings:
            print(finding, file=sys.stderr)
        return 2
    except (IntegrityError, Leak) as error:
        print(f"integrity: {error}", file=sys.stderr)
        return 4
    except HarnessError as error:
        print(f"undetermined: {error.kind}: {error}", file=sys.stderr)
        return 3
    except TwinkitError as error:
        print(f"factory: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; go on with `factory resume last`", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 3
    except ModuleNotFoundError as error:
        if (error.name or "twinkit").partition(".")[0] in ("twinkit", "twins"):
            traceback.print_exc()
            return 3
        print(f"factory: {error.name} is not installed: pip install 'twinkit[factory]'", file=sys.stderr)
        return 2
    except Exception:
        traceback.print_exc()
        return 3


if __name__ == "__main__":
    sys.exit(main())

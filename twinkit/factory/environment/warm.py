"""Twins forked from a process that has them loaded: a trial's private twins answer in a moment, and share nothing.

Imports: linux; the server and the twins when a trial first wants them. The fork happens inside the trial's namespaces,
so the twins of one trial cannot be reached from another, and no file or argument holds the control token.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from twinkit.factory.environment import linux

_loaded: set[str] = set()


def load(names: Sequence[str]) -> None:
    """Import these twins, and what answering the first request imports; done once per process.

    A twin that cannot be loaded is left to the trial, which then says why.
    """
    for name in names:
        if name not in _loaded:
            _loaded.add(name)
            with contextlib.suppress(Exception):
                _load(name)


def _load(name: str) -> None:
    import uvicorn  # noqa: F401  imported here, once, for every trial

    from twinkit.server import control, running  # noqa: F401
    from twinkit.server.app import TwinApp
    from twinkit.server.background import ask
    from twinkit.server.catalogue import installed_twin
    from twinkit.server.hosting import Hosting

    hosting = Hosting(installed_twin(name))
    app = TwinApp(hosting)
    for target in ("/_twin/info", "/_twin/state", "/_twin/faults", "/_twin/changes", "/_twin/exchanges", "/"):
        asyncio.run(ask(app, "GET", target))
    for module in ("twinkit.faults.injector", "twinkit.webhooks.deliver", "websockets", "uvloop"):
        with contextlib.suppress(ImportError):
            __import__(module)
    if hosting.twin.listeners:
        with contextlib.suppress(ImportError):
            __import__("aiosmtpd.smtp")
    hosting.default.store.close()


def fork(names: Sequence[str], *, seed: int, token: str, clock: str, log: Path, ready: int, fixed: bool = False) -> int:
    """Serve these twins in a child of this process; the ready line goes to the descriptor `ready`. Returns its pid."""
    pid = linux.fork()
    if pid:
        return pid
    code = 1
    try:
        linux.die_with_parent()
        _standard_streams(log, ready)
        code = _serve(names, seed, token, clock, None if fixed else 0)
    except BaseException as error:
        if not isinstance(error, SystemExit):
            traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stderr.flush()
        os._exit(code)


def _standard_streams(log: Path, ready: int) -> None:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(ready, 1)
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 2)
    os.closerange(3, 65536)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False)


def _serve(names: Sequence[str], seed: int, token: str, clock: str, port: int | None) -> int:
    from twinkit.errors import TwinkitError
    from twinkit.server.running import serve

    args = argparse.Namespace(
        twins=list(names), openapi=[], world=None, host="127.0.0.1", port=port, public_url=None, seed=seed, clock=clock,
        db=None, baseline=[], failures=[], receiver=[], strict=False, materialise=False, check_replies=False,
        json=True, ready_file=None, control_token=token, quiet=True,
    )  # fmt: skip
    try:
        return serve(args)
    except TwinkitError as error:
        sys.stderr.write(f"{error}\n")
        return 2

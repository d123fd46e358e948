"""Serving: build each twin's application, bind its port, run them all in one loop, say when they are ready.

Imports: app, hosting, catalogue, instance. Everything heavy is imported where it is used.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from twinkit.behaviour.twin import Twin
from twinkit.clock import Clock, parse_clock
from twinkit.errors import UsageError
from twinkit.files import writable
from twinkit.instance import Options
from twinkit.server.app import TwinApp
from twinkit.server.catalogue import document_twin, installed_twin
from twinkit.server.front import Config, Connection, UvicornServer
from twinkit.server.hosting import Hosting

log = logging.getLogger("twinkit")
if TYPE_CHECKING:
    from twinkit.server.world import WorldFile

FIRST_PORT = 4010
STOPS = (signal.SIGINT, signal.SIGTERM)
LOCAL = ("127.0.0.1", "localhost", "::1")
GRACE = 5
"""Seconds that requests under way get to finish when the server stops."""
PATIENCE = 0.5
"""Seconds after which one who waits for that is told."""


@dataclass(slots=True)
class Served:
    """One twin on its port."""

    hosting: Hosting
    socket: socket.socket
    url: str


class Server(UvicornServer):
    """uvicorn without its own signal handling: one handler stops all twins."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `serve`."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; asked twice nothing is waited for any more, but the stores are closed all the same."""
        telling = asyncio.get_running_loop().call_later(PATIENCE, self._tell)
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # it counts tasks where we speak of requests
        await super().shutdown(sockets)
        telling.cancel()
        if self.force_exit:
            await self.lifespan.shutdown()

    def _tell(self) -> None:
        open_ones = len(self.server_state.connections)
        if open_ones:
            log.warning("waiting up to %d s for %d requests under way; Ctrl-C again ends them", GRACE, open_ones)


def serve(args: argparse.Namespace) -> int:
    """Serve the twins that the arguments name. Raises UsageError before anything is bound."""
    ended_by_signals()
    log_to_stderr(args.quiet)
    check(args)
    documents = [document_twin(source) for source in args.openapi]
    for source, twin in zip(args.openapi, documents, strict=True):
        remarked(source, twin)
    world = read_world_file(args, {twin.name for twin in documents})
    if not args.twins and not args.openapi:
        from twinkit.server.catalogue import names

        raise UsageError(f"name a twin ({', '.join(names())}) or give --openapi FILE")
    twins = [installed_twin(name) for name in args.twins] + documents
    told_apart([twin.name for twin in twins])
    clock = clock_for(args, twins[0]) if world else None
    served = [prepare(args, twin, number, len(twins), clock) for number, twin in enumerate(twins)]
    if world and clock:
        from twinkit.server.world import World

        World(world.name, clock, [each.hosting for each in served]).lay(world)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(run(args, served))
        ended_by_signals()
    return 0


def remarked(source: str, twin: Twin) -> None:
    """Say that a document is not served as it is written."""
    found = twin.compiled.remarked
    if not twin.compiled.bindings:
        log.warning("%s declares no operation: every request is answered with 404", source)
    if found:
        log.info(
            "%s: %d part%s skipped or read otherwise than written; twin lint --openapi lists them",
            source, found, " was" if found == 1 else "s were",
        )  # fmt: skip


def ended_by_signals() -> None:
    """Until the loop listens for signals, and once it does no longer, they end the process without a word."""
    for number in STOPS:
        signal.signal(number, signal.SIG_DFL)


def check(args: argparse.Namespace) -> None:
    """Refuse what could only fail later. Raises UsageError."""
    if args.public_url and not args.public_url.startswith(("http://", "https://")):
        raise UsageError(f"--public-url is a URL such as https://twin.example.com, not {args.public_url!r}")
    if args.ready_file:
        writable(Path(args.ready_file))


def told_apart(names: list[str]) -> None:
    """Refuse twins of the same name: they could not be told apart. Raises UsageError."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise UsageError(
            f"two twins are called {twice!r}; for another state of the same twin POST /_twin/instances, "
            "for another document rename its file"
        )


def loop_factory() -> Any:
    """uvloop's loop where it is installed, else asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def read_world_file(args: argparse.Namespace, loaded: set[str]) -> WorldFile | None:
    """The world that the arguments name; its twins, seed and clock stand where the command line says nothing."""
    if not args.world:
        return None
    from twinkit.server.world import read_world

    world = read_world(Path(args.world))
    args.twins = [*args.twins, *(name for name in world.twins if name not in {*args.twins, *loaded})]
    args.seed = world.seed if args.seed is None else args.seed
    args.clock = args.clock or world.clock
    return world


def prepare(args: argparse.Namespace, twin: Twin, number: int, count: int, clock: Clock | None = None) -> Served:
    """Bind the port of one twin and build its instances; `clock` is the one of its world."""
    bound = bind(args.host, port_for(args.port, number))
    port = bound.getsockname()[1]
    shown = "127.0.0.1" if args.host in ("0.0.0.0", "::", "") else args.host
    shown = f"[{shown}]" if ":" in shown else shown
    url = args.public_url.rstrip("/") if args.public_url and number == 0 else f"http://{shown}:{port}"
    options = Options(args.strict, args.materialise, args.check_replies)
    clock = clock or clock_for(args, twin)
    db = db_for(args.db, twin.name, count)
    hosting = Hosting(twin, seed=args.seed or 0, clock=clock, db=db, options=options, base_url=url)
    hosting.control_token = args.control_token
    hosting.local = args.host in LOCAL
    hosting.listen(args.host, usual=args.port is None)
    hosting.failures = args.failures
    if args.failures or args.receiver or args.baseline:
        from twinkit.server.setup import set_up

        set_up(hosting.default, args.failures, args.receiver, args.baseline)
    return Served(hosting, bound, url)


def port_for(first: int | None, number: int) -> int:
    """The port of the n-th twin."""
    if first == 0:
        return 0
    return (FIRST_PORT if first is None else first) + number


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises UsageError when the port is taken or the address is not ours."""
    if not 0 <= port <= 65535:
        raise UsageError(f"port {port} is outside 0 to 65535")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio then sets TCP_NODELAY
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise UsageError(f"cannot listen on {host}:{port}: {error.strerror}; {advice(error)}") from None
    bound.setblocking(False)
    return bound


def advice(error: OSError) -> str:
    """What to do about an address that cannot be listened on."""
    if error.errno == errno.EADDRINUSE:
        return "stop what listens there, or choose another port with --port (0: any free one)"
    if error.errno == errno.EACCES:
        return "ports below 1024 need privileges; choose another one with --port"
    return "--host takes an address of this machine"


def clock_for(args: argparse.Namespace, twin: Twin) -> Clock:
    """The clock of a twin: as asked; with an explicit seed `tick`, so that runs repeat; else the twin's own or real."""
    if args.clock:
        return parse_clock(args.clock)
    if twin.compiled.clock:
        return parse_clock(twin.compiled.clock)
    return Clock("real" if args.seed is None else "tick")


def db_for(given: str | None, twin: str, count: int) -> Path | None:
    """The state file of a twin; several twins get one each, named after them."""
    if given is None:
        return None
    path = Path(given)
    return path if count == 1 else path.with_name(f"{path.stem}-{twin}{path.suffix}")


async def run(args: argparse.Namespace, served: list[Served]) -> None:
    """Run every server until a signal comes."""
    servers = [Server(config(TwinApp(each.hosting))) for each in served]
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for server in servers:
            server.force_exit = server.should_exit
            server.should_exit = True

    for number in STOPS:
        loop.add_signal_handler(number, stop)
    tasks = [
        asyncio.create_task(server.serve(sockets=[each.socket])) for server, each in zip(servers, served, strict=True)
    ]
    while not all(server.started for server in servers):
        if any(task.done() for task in tasks):
            break
        await asyncio.sleep(0.002)
    else:
        gc.freeze()
        gc.enable()
        announce(args, served)
    await asyncio.gather(*tasks)


def config(app: TwinApp) -> Config:
    """uvicorn's settings: its fastest protocol, no logging of its own, a short grace at the end."""
    return Config(
        app,
        http=Connection,
        ws=web_socket,  # type: ignore[arg-type]  # it is only called
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=GRACE,
        lifespan="on",
    )


def web_socket(**given: Any) -> asyncio.Protocol:
    """The protocol of a WebSocket, loaded when the first one is opened."""
    from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

    return WebSocketsSansIOProtocol(**given)


# what people and programs read ---------------------------------------------------------------------------------------


def ready(served: list[Served]) -> dict[str, Any]:
    """The machine-readable line."""
    twins = {}
    for each in served:
        instance = each.hosting.default
        twins[each.hosting.twin.name] = {
            "url": each.url,
            "port": each.socket.getsockname()[1],
            "env": instance.env(each.url),
            "credentials": instance.credentials(),
        }
    return {"ready": True, "pid": os.getpid(), "twins": twins}


def announce(args: argparse.Namespace, served: list[Served]) -> None:
    """Say that the twins answer: for a program with --json, else for a person."""
    told = ready(served)
    line = orjson.dumps(told).decode()
    if args.ready_file:
        target = Path(args.ready_file)
        half = target.with_name(f".{target.name}.{os.getpid()}")
        half.write_text(line + "\n")
        half.replace(target)
    say(line + "\n" if args.json else "".join(greeting(each) for each in served))
    warn(args)


def say(text: str) -> None:
    """Write to standard output; twins are served whether or not somebody reads it."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        log.warning("cannot write to standard output: %s", error.strerror)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def warn(args: argparse.Namespace) -> None:
    """Say that the twins are open to others, where somebody asked for an address that is."""
    if args.host not in LOCAL and not args.control_token and not os.environ.get("TWIN_HOST"):
        log.warning(
            "whoever reaches this machine on %s reaches the twins and their control plane; "
            "--control-token makes the latter ask for a token", args.host,
        )  # fmt: skip


def greeting(each: Served) -> str:
    """What a person reads when a twin is ready."""
    instance = each.hosting.default
    index = each.hosting.twin.index
    title = f"{index.title} {index.version}".strip()
    lines = [f"{each.hosting.twin.name} twin{f' ({title})' if title else ''} on {each.url}"]
    lines += [f"  export {name}={value}" for name, value in instance.env(each.url).items()]
    lines += [f"  {name}: {value}" for name, value in instance.credentials().items()]
    lines.append(f"  look inside: {each.url}/_twin/ui   stop: Ctrl-C")
    return "\n".join(lines) + "\n"


class Lines(logging.Formatter):
    """Log lines a person can read: time, level where it matters, message."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        mark = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        text = f"{time.strftime('%H:%M:%S')} {mark}{record.getMessage()}"
        return text if not record.exc_info else f"{text}\n{self.formatException(record.exc_info)}"


def log_to_stderr(quiet: bool) -> None:
    """Requests, deliveries and warnings on standard error; with `quiet` only warnings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    top = logging.getLogger("twinkit")
    top.handlers[:] = [handler]
    top.setLevel(logging.WARNING if quiet else logging.INFO)
    top.propagate = False

"""The floor: uvicorn and starlette answering one constant JSON, in the settings the twins are served with."""

from __future__ import annotations

import asyncio
import socket
import sys

import orjson
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

BODY = orjson.dumps({"object": "constant", "id": "floor_1", "data": ["x" * 64] * 4})


async def constant(request: Request) -> Response:
    """The same answer to everything."""
    await request.body()
    return Response(BODY, media_type="application/json")


class Announced(uvicorn.Server):
    """Prints its port when it answers."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say where."""
        await super().startup(sockets)
        assert sockets
        print(orjson.dumps({"ready": True, "twins": {"floor": {"port": sockets[0].getsockname()[1]}}}).decode())
        sys.stdout.flush()


def main() -> None:
    """Serve until killed."""
    app = Starlette(routes=[Route("/{rest:path}", constant, methods=["GET", "POST"])])
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, http="httptools", access_log=False, log_config=None, lifespan="on")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(Announced(config).serve(sockets=[bound]))


if __name__ == "__main__":
    main()

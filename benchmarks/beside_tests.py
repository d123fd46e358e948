"""What a test pays: a private instance, a reset, one call by each way. `python -m benchmarks.beside_tests`."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import requests

from twinkit.intercept import intercepted, routed, transport
from twinkit.testing import TwinServer

ROUNDS = 200
BODY = {"email": "ada@example.com"}
HARD_CODED = "https://api.stripe.com/v1/customers"


def timed(title: str, work: Callable[[], object], rounds: int = ROUNDS) -> None:
    """Print milliseconds of wall and CPU time for one round."""
    work()
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(rounds):
        work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{title:<52} {wall / rounds * 1e3:8.2f} ms   {cpu / rounds * 1e3:8.2f} ms CPU")


def main() -> None:
    """Every figure, one line each."""
    started = time.perf_counter()
    with TwinServer("stripe") as server:
        print(f"{'server started, Stripe loaded':<52} {(time.perf_counter() - started) * 1e3:8.2f} ms")
        twin = server.instance()
        headers = {"authorization": twin.authorization}
        timed("private instance made and removed", lambda: server.remove(server.instance()))
        timed("create, over a socket (httpx)", lambda: twin.client.post("/v1/customers", data=BODY))
        with httpx.Client(transport=transport(server, twin), headers=headers) as inside:
            timed("create, httpx transport in process", lambda: inside.post(HARD_CODED, data=BODY))
        with httpx.Client(headers=headers) as client, routed(server, twin):
            timed("create, httpx by respx in process", lambda: client.post(HARD_CODED, data=BODY))
        with intercepted(server, twin), requests.Session() as session:
            session.headers.update(headers)
            timed("create, requests at connect(), TLS kept open", lambda: session.post(HARD_CODED, data=BODY))
        while len(twin.records("customer")) < 1000:
            twin.create("customer", email="ada@example.com")
        twin.plane.post("snapshot", {"name": "full"})

        def reset_full() -> None:
            twin.plane.post("restore", {"name": "full"})
            begun = time.perf_counter()
            twin.plane.post("reset")
            spent.append(time.perf_counter() - begun)

        spent: list[float] = []
        timed("restore of 1,000 records, then reset", reset_full, 20)
        print(f"{'  of which the reset':<52} {sorted(spent)[len(spent) // 2] * 1e3:8.2f} ms")


if __name__ == "__main__":
    main()

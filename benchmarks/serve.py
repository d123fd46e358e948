"""CPU per request, cold start, reset, growth and memory of served twins, as ratios to a floor of the same run.

python benchmarks/serve.py [--rounds N]     prints a table; the budgets stand beside the figures, nothing is asserted.
python benchmarks/serve.py --only starts    one part: requests, starts, resets or growth

Floor and twin are started alike: the same interpreter, no flags, every module's bytecode compiled beforehand (what pip
does for what it installs, and `make run` for a checkout).
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
FORM = (
    b"name=Jane+Doe&email=jane%40example.com&metadata%5Border%5D=6735&address%5Bcity%5D=Berlin&address%5Bcountry%5D=DE"
)
HEAD = b"Host: localhost\r\nAuthorization: Bearer sk_test_benchmark\r\n"
ROOT = HERE.parent
SERVE = [sys.executable, "-m", "twinkit.cli.twin", "serve", "--port", "0", "--json", "--quiet"]
TWIN = [*SERVE, "stripe"]
FLOOR = [sys.executable, str(HERE / "floor.py")]


@dataclass
class Process:
    """A server under measurement."""

    popen: subprocess.Popen[bytes]
    port: int

    def cpu(self) -> float:
        """Seconds of CPU used so far."""
        tasks = Path(f"/proc/{self.popen.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def memory(self) -> float:
        """Resident memory in MiB."""
        for line in Path(f"/proc/{self.popen.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0.0

    def stop(self) -> None:
        """End it."""
        self.popen.terminate()
        self.popen.wait()


def start(argv: list[str], env: dict[str, str] | None = None) -> Process:
    """Start a server that prints a ready line with its port."""
    popen = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, **(env or {})})
    assert popen.stdout
    ready = json.loads(popen.stdout.readline())
    return Process(popen, next(iter(ready["twins"].values()))["port"])


class Client:
    """A keep-alive connection that sends prepared requests."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, method: bytes, path: bytes, body: bytes = b"") -> tuple[int, bytes]:
        """(status, body) of one request."""
        head = b"%s %s HTTP/1.1\r\n%s" % (method, path, HEAD)
        if body:
            head += b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n" % len(body)
        self.socket.sendall(head + b"\r\n" + body)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.socket.recv(65536)
        top, _, rest = data.partition(b"\r\n\r\n")
        lines = top.lower().split(b"\r\n")
        length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length"))
        while len(rest) < length:
            rest += self.socket.recv(65536)
        return int(top[9:12]), rest

    def must(self, method: bytes, path: bytes, body: bytes = b"") -> Any:
        """The JSON of a reply that must be a success."""
        status, reply = self.send(method, path, body)
        assert status == 200, (status, reply)
        return json.loads(reply)


def batch(process: Process, rounds: int, method: bytes, path: bytes, body: bytes = b"") -> float:
    """Microseconds of server CPU for one request, over a batch."""
    client = Client(process.port)
    for _ in range(rounds // 10):
        client.send(method, path, body)
    before = process.cpu()
    for _ in range(rounds):
        client.send(method, path, body)
    return (process.cpu() - before) / rounds * 1e6


def first_answer(argv: list[str], path: bytes, env: dict[str, str] | None = None) -> tuple[float, float]:
    """Seconds of wall time and of CPU from start to the first real answer."""
    before = time.perf_counter()
    process = start(argv, env)
    Client(process.port).send(b"GET", path)
    wall = time.perf_counter() - before
    cpu = process.cpu()
    process.stop()
    return wall, cpu


def cold_starts(each: dict[str, tuple[list[str], bytes]], rounds: int) -> dict[str, list[tuple[float, float]]]:
    """(wall, CPU) of several starts of each server, in turn, so that all meet the same moods of the machine."""
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in each}
    for _ in range(rounds):
        for name, (argv, path) in each.items():
            figures[name].append(first_answer(argv, path))
    return figures


def line(name: str, value: str, ratio: float | None, budget: str) -> None:
    """One row of the table."""
    shown = f"{ratio:5.2f} x" if ratio is not None else "       "
    print(f"{name:<44}{value:>18}  {shown:>8}  budget {budget}", flush=True)


def requests(rounds: int) -> None:
    """CPU per create, retrieve and list of ten against the floor, batch by batch in turn."""
    base, process = start(FLOOR), start(TWIN)
    client = Client(process.port)
    made = client.must(b"POST", b"/v1/customers", FORM)["id"].encode()
    for _ in range(20):
        client.must(b"POST", b"/v1/customers", FORM)
    for name, method, path, body, budget in (
        ("create a customer", b"POST", b"/v1/customers", FORM, "<= 3.0 x"),
        ("retrieve a customer", b"GET", b"/v1/customers/" + made, b"", "<= 1.5 x"),
        ("list ten customers", b"GET", b"/v1/customers?limit=10", b"", "<= 2.0 x"),
    ):
        pairs = [
            (batch(base, rounds, method, path, body), batch(process, rounds, method, path, body)) for _ in range(7)
        ]
        low, ours = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(mine / floor for floor, mine in pairs)
        line(name, f"{low:.0f} -> {ours:.0f} us", ratio, budget)
    base.stop()
    process.stop()


def starts() -> None:
    """Cold start of the floor, of every twin and of documents, and memory at start."""
    each = {
        "floor": (FLOOR, b"/v1/x"),
        "stripe": (TWIN, b"/v1/customers"),
        "slack": ([*SERVE, "slack"], b"/api/auth.test"),
        "okta": ([*SERVE, "okta"], b"/api/v1/users"),
    }
    documents = [ROOT / "openapi" / name for name in ("slack.json", "okta-management.json", "stripe.json")]
    with tempfile.TemporaryDirectory() as cache:
        for document in documents:
            argv = [*SERVE, "--openapi", str(document)]
            wall, cpu = first_answer(argv, b"/", {"TWINKIT_CACHE": cache})
            size = f"{wall * 1000:.0f} ms, CPU {cpu * 1000:.0f}"
            line(f"first ever start, --openapi {document.name}", size, None, "-")
            first_answer(argv, b"/")
            each[f"--openapi {document.name}"] = (argv, b"/")
    figures = cold_starts(each, 9)
    lows = figures["floor"]
    for name, times in figures.items():
        wall, cpu = (statistics.median(side) * 1000 for side in zip(*times, strict=True))
        ratio = statistics.median(mine[1] / low[1] for mine, low in zip(times, lows, strict=True))
        budget = "-" if name == "floor" else "<= 1.3 x of CPU"
        line(f"cold start to first answer, {name}", f"{wall:.0f} ms, CPU {cpu:.0f}", ratio, budget)
    process = start(TWIN)
    Client(process.port).must(b"GET", b"/v1/customers")
    line("memory at start", f"{process.memory():.0f} MiB", None, "<= 60 MiB")
    process.stop()


def growth(most: int) -> None:
    """Retrieve, list, filter and search with few and with many records."""
    process = start(TWIN)
    client = Client(process.port)
    figures: dict[str, list[float]] = {}
    made = 0
    last = b""
    for size in (10, most):
        while made < size:
            last = client.must(b"POST", b"/v1/customers", b"email=c%d%%40example.com&name=N" % made)["id"].encode()
            made += 1
        for name, path in (
            ("retrieve", b"/v1/customers/" + last),
            ("list", b"/v1/customers?limit=10"),
            ("filter", b"/v1/customers?email=c5%40example.com"),
            ("search", b"/v1/customers/search?query=email%3A%22c5%40example.com%22"),
        ):
            client.send(b"GET", path)
            figures.setdefault(name, []).append(statistics.median(batch(process, 300, b"GET", path) for _ in range(5)))
    for name, (few, many) in figures.items():
        line(f"{name}: 10 -> {most:,} records", f"{few:.0f} -> {many:.0f} us", many / few, "<= 1.5 x")
    process.stop()


def resets() -> None:
    """Reset and first create with 1,000 records before; memory of 100 private instances of 100 records."""
    process = start(TWIN)
    client = Client(process.port)
    times = []
    for _ in range(5):
        for _ in range(1000):
            client.send(b"POST", b"/v1/customers", FORM)
        before = time.perf_counter()
        client.send(b"POST", b"/_twin/reset")
        client.send(b"POST", b"/v1/customers", FORM)
        times.append(time.perf_counter() - before)
    line("reset + first create, 1,000 records before", f"{statistics.median(times) * 1000:.2f} ms", None, "<= 2 ms")
    before_memory = process.memory()
    for number in range(100):
        client.send(b"POST", b"/_twin/instances", json.dumps({"name": f"i{number}"}).encode())
        for _ in range(100):
            client.send(b"POST", b"/i/i%d/v1/customers" % number, FORM)
    each = (process.memory() - before_memory) / 100
    line("memory per private instance of 100 records", f"{each:.2f} MiB", None, "<= 0.3 MiB")
    process.stop()


def main() -> None:
    """Print the whole table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--only", choices=["requests", "starts", "resets", "growth"])
    args = parser.parse_args()
    for package in ("twinkit", "twins"):
        compileall.compile_dir(ROOT / package, quiet=1)
    parts = {
        "requests": lambda: requests(args.rounds),
        "starts": starts,
        "resets": resets,
        "growth": lambda: growth(args.records),
    }
    for name, part in parts.items():
        if args.only in (None, name):
            part()


if __name__ == "__main__":
    main()

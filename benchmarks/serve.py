"""CPU per request, cold start, reset, growth and memory of served twins, as ratios to a floor of the same run.

python benchmarks/serve.py [--rounds N]     prints a table; the budgets stand beside the figures, nothing is asserted.
python benchmarks/serve.py --only starts    one part: requests, starts, resets or growth
python benchmarks/serve.py --awake          keeps every core busy at the lowest priority: a virtual machine gives idle
                                            cores away, and who wakes on one finds its caches cold

Floor and twin are started alike: the same interpreter, no flags, every module's bytecode compiled beforehand (what pip
does for what it installs, and `make run` for a checkout).

The floor is uvicorn and starlette answering a constant (floor.py). CPU time is what the kernel says the server used
(user and system, to the nanosecond), not wall time. Floor and twin take turns on one core, in many short batches, their
client on another; what is compared is the lower quartile of each side's batches, since other work on the machine only
ever adds to a batch.
"""

from __future__ import annotations

import argparse
import compileall
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
FORM = (
    b"name=Jane+Doe&email=jane%40example.com&metadata%5Border%5D=6735&address%5Bcity%5D=Berlin&address%5Bcountry%5D=DE"
)
ROOT = HERE.parent
SERVE = [sys.executable, "-m", "twinkit.cli.twin", "serve", "--port", "0", "--json", "--quiet"]
TWIN = [*SERVE, "stripe"]
PRICE = b"currency=usd&unit_amount=1000&recurring%5Binterval%5D=month&product="
INTENT = b"amount=2000&currency=usd&payment_method_types%5B%5D=card&metadata%5Border%5D=6735&customer="
USER = b'{"profile":{"firstName":"Ada","lastName":"L","email":"u%d@example.com","login":"u%d@example.com"}}'
FLOOR = [sys.executable, str(HERE / "floor.py")]
BATCHES = 16
CREATE, READ, LIST = "<= 3.0 x", "<= 1.5 x", "<= 2.0 x"


@dataclass
class Process:
    """A server under measurement."""

    popen: subprocess.Popen[bytes]
    port: int
    credentials: dict[str, str]

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
    told = next(iter(json.loads(popen.stdout.readline())["twins"].values()))
    return Process(popen, told["port"], told.get("credentials", {}))


class Client:
    """A keep-alive connection for prepared requests; a body that begins with a brace is JSON, any other a form."""

    def __init__(self, port: int, key: str = "Bearer sk_test_benchmark") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.head = b"Host: localhost\r\nAuthorization: %s\r\n" % key.encode()

    def send(self, method: bytes, path: bytes, body: bytes = b"") -> tuple[int, bytes]:
        """(status, body) of one request."""
        head = b"%s %s HTTP/1.1\r\n%s" % (method, path, self.head)
        if body:
            kind = b"application/json" if body[:1] == b"{" else b"application/x-www-form-urlencoded"
            head += b"Content-Type: %s\r\nContent-Length: %d\r\n" % (kind, len(body))
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
        assert status in (200, 201), (status, reply)
        return json.loads(reply)


def batch(process: Process, client: Client, rounds: int, method: bytes, path: bytes, body: bytes = b"") -> float:
    """Microseconds of server CPU for one request, over a batch."""
    for _ in range(10):
        client.send(method, path, body)
    before = process.cpu()
    for _ in range(rounds):
        client.send(method, path, body)
    return (process.cpu() - before) / rounds * 1e6


@contextlib.contextmanager
def awake() -> Iterator[None]:
    """While it lasts no core is idle; what runs on them yields to everything else."""
    loop = ["nice", "-n", "19", sys.executable, "-c", "while True: pass"]
    loops = [subprocess.Popen(loop) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for each in loops:
            each.kill()
            each.wait()


def apart(*servers: Process) -> None:
    """Keep servers on one core and their client on another, where there are two and the system can.

    Left alone, the scheduler now shares a core between both (which then never is idle, and keeps its caches), now does
    not: the quicker batches of one side would be compared with the slower ones of the other.
    """
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    for server in servers if len(cores) > 1 else ():
        os.sched_setaffinity(server.popen.pid, {cores[1]})


@contextlib.contextmanager
def on_one_core() -> Iterator[None]:
    """While it lasts this process stays on the first core that it may use."""
    if not hasattr(os, "sched_getaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def low(batches: list[float]) -> float:
    """The lower quartile."""
    return statistics.quantiles(batches, n=4)[0]


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


Case = tuple[str, bytes, bytes, bytes, str]
"""What is measured: name, method, path, body, budget."""


def stripe_cases(client: Client) -> list[Case]:
    """Records in Stripe, and the requests that are measured on them."""
    customer = product = price = intent = b""
    for _ in range(21):
        customer = client.must(b"POST", b"/v1/customers", FORM)["id"].encode()
        product = client.must(b"POST", b"/v1/products", b"name=Shirt")["id"].encode()
        price = client.must(b"POST", b"/v1/prices", PRICE + product)["id"].encode()
        intent = client.must(b"POST", b"/v1/payment_intents", INTENT + customer)["id"].encode()
    found: list[Case] = [("create a customer", b"POST", b"/v1/customers", FORM, CREATE)]
    for name, path, id in (
        ("customer", b"/v1/customers", customer),
        ("product", b"/v1/products", product),
        ("price", b"/v1/prices", price),
        ("payment intent", b"/v1/payment_intents", intent),
    ):
        found.append((f"retrieve a {name}", b"GET", path + b"/" + id, b"", READ))
        found.append((f"list ten {name}s", b"GET", path + b"?limit=10", b"", LIST))
    found.append(("create a product", b"POST", b"/v1/products", b"name=Shirt", CREATE))
    found.append(("create a price", b"POST", b"/v1/prices", PRICE + product, CREATE))
    found.append(("create a payment intent", b"POST", b"/v1/payment_intents", INTENT + customer, CREATE))
    return found


def slack_cases(client: Client) -> list[Case]:
    """Messages in Slack, and the requests that are measured on them."""
    channel = client.must(b"GET", b"/api/conversations.list")["channels"][0]["id"].encode()
    user = client.must(b"GET", b"/api/users.list")["members"][0]["id"].encode()
    say = b"text=hello&channel=" + channel
    for _ in range(21):
        client.must(b"POST", b"/api/chat.postMessage", say)
    return [
        ("chat.postMessage", b"POST", b"/api/chat.postMessage", say, CREATE),
        ("users.info", b"GET", b"/api/users.info?user=" + user, b"", READ),
        ("conversations.history", b"GET", b"/api/conversations.history?limit=10&channel=" + channel, b"", LIST),
    ]


def okta_cases(client: Client) -> list[Case]:
    """Users in Okta, and the requests that are measured on them."""
    path, user = b"/api/v1/users", b""
    for number in range(21):
        user = client.must(b"POST", path, USER % (number, number))["id"].encode()
    return [
        ("retrieve a user", b"GET", path + b"/" + user, b"", READ),
        ("list ten users", b"GET", path + b"?limit=10", b"", LIST),
    ]


CASES: dict[str, tuple[str, Callable[[Client], list[Case]]]] = {
    "stripe": ("Bearer {secret_key}", stripe_cases),
    "slack": ("Bearer {bot_token}", slack_cases),
    "okta": ("SSWS {api_token}", okta_cases),
}


def requests(rounds: int) -> None:
    """CPU per create, retrieve and list of ten against the floor, batch by batch in turn."""
    base = start(FLOOR)
    plain = Client(base.port)
    for name, (key, cases) in CASES.items():
        process = start([*SERVE, name])
        client = Client(process.port, key.format_map(process.credentials))
        apart(base, process)
        for title, method, path, body, budget in cases(client):
            client.must(method, path, body)
            floor, ours = [], []
            with on_one_core():
                for _ in range(BATCHES):
                    floor.append(batch(base, plain, rounds, method, path, body))
                    ours.append(batch(process, client, rounds, method, path, body))
            figures = f"{low(floor):.0f} -> {low(ours):.0f} us"
            line(f"{name}: {title}", figures, low(ours) / low(floor), budget)
        process.stop()
    base.stop()


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


EARLY = 1_700_000_000


def growing(last: bytes, intent: bytes, owner: bytes) -> list[tuple[str, bytes]]:
    """Requests whose replies are of the same size however many records there are."""
    search = b"/v1/customers/search?limit=5&query="
    customers, intents = b"/v1/customers?limit=5", b"/v1/payment_intents?limit=5"
    return [
        ("retrieve", b"/v1/customers/" + last),
        ("list", customers),
        ("list backwards", customers + b"&ending_before=" + last),
        ("list since", customers + b"&created%%5Bgte%%5D=%d" % EARLY),
        ("filter", customers + b"&email=c5%40example.com"),
        ("list of a customer", intents + b"&customer=" + owner),
        ("list of a customer, backwards", intents + b"&ending_before=" + intent + b"&customer=" + owner),
        ("search", search + b"email%3A%22c5%40example.com%22"),
        ("search, two clauses", search + b"email%3A%22c5%40example.com%22%20AND%20name%3A%22N%22"),
        (
            "search, three clauses",
            search + b"name%%3A%%22N%%22%%20AND%%20created%%3E%d%%20AND%%20-email%%3A%%22x%%22" % EARLY,
        ),
    ]


def growth(most: int) -> None:
    """The same requests with few and with many records."""
    process = start(TWIN)
    client = Client(process.port)
    figures: dict[str, list[float]] = {}
    made = 0
    owner = first = oldest = b""
    for size in (10, most):
        while made < size:
            form = b"email=c%d%%40example.com&name=N" % made
            id = client.must(b"POST", b"/v1/customers", form)["id"].encode()
            owner = owner or id
            payer = owner if made < 10 else id
            intent = client.must(b"POST", b"/v1/payment_intents", INTENT + payer)["id"].encode()
            first, oldest, made = first or id, oldest or intent, made + 1
        for name, path in growing(first, oldest, owner):
            client.must(b"GET", path)
            figures.setdefault(name, []).append(
                low([batch(process, client, 100, b"GET", path) for _ in range(BATCHES)])
            )
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
        before = process.cpu()
        client.send(b"POST", b"/_twin/reset")
        client.send(b"POST", b"/v1/customers", FORM)
        times.append(process.cpu() - before)
    line("reset + first create, 1,000 records before", f"{low(times) * 1000:.2f} ms", None, "<= 2 ms")
    before_memory = process.memory()
    for number in range(100):
        client.send(b"POST", b"/_twin/instances", json.dumps({"name": f"i{number}"}).encode())
        for _ in range(100):
            client.send(b"POST", b"/i/i%d/v1/customers" % number, FORM)
    each = (process.memory() - before_memory) / 100
    line("memory per private instance of 100 records", f"{each:.2f} MiB", None, "<= 0.3 MiB")
    process.stop()


def main() -> None:
    """Print the whole table, or the parts that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300, help="requests in a batch")
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--only", choices=["requests", "starts", "resets", "growth"])
    parser.add_argument("--awake", action="store_true", help="let no core be idle")
    args = parser.parse_args()
    for package in ("twinkit", "twins"):
        compileall.compile_dir(ROOT / package, quiet=1)
    parts = {
        "requests": lambda: requests(args.rounds),
        "starts": starts,
        "resets": resets,
        "growth": lambda: growth(args.records),
    }
    with awake() if args.awake else contextlib.nullcontext():
        for name, part in parts.items():
            if args.only in (None, name):
                part()


if __name__ == "__main__":
    main()

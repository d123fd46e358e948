"""Speed and size of the store: `python benchmarks/store.py`. Prints figures and ratios, asserts nothing.

The floor of a write is the same row put into the same table by bare sqlite3, that of a read the bare SELECT; every
figure is the best of several rounds of CPU time. Sizes are growth of the process's resident memory.
"""

from __future__ import annotations

import gc
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from twinkit.store import Filter, Snapshot, Store
from twinkit.store.ddl import SCRIPT

CUSTOMER: dict[str, Any] = {
    "id": "",
    "object": "customer",
    "address": None,
    "balance": 0,
    "created": 1,
    "currency": None,
    "default_source": None,
    "delinquent": False,
    "description": None,
    "discount": None,
    "email": "jenny.rosen@example.com",
    "invoice_prefix": "0759376C",
    "invoice_settings": {"custom_fields": None, "default_payment_method": None, "footer": None},
    "livemode": False,
    "metadata": {"order": "6735"},
    "name": "Jenny Rosen",
    "next_invoice_sequence": 1,
    "phone": None,
    "preferred_locales": [],
    "shipping": None,
    "tax_exempt": "none",
    "test_clock": None,
}


def customer(number: int) -> dict[str, Any]:
    """A record of about 500 bytes, with an email of its own; the first nine are called Rare, all others Jenny."""
    name = "Rare" if number < 9 else "Jenny Rosen"
    return {**CUSTOMER, "id": f"cus_{number:014d}", "created": number, "name": name, "email": f"e{number}@example.com"}


def fill(store: Store, count: int, start: int = 0) -> None:
    """Insert customers in one transaction."""
    with store.transaction():
        for number in range(start, start + count):
            store.insert("customer", customer(number), created=number)


def create(store: Store, number: int) -> None:
    """What one create request does to a store: ids, record, event, exchange."""
    with store.transaction():
        store.next("ids/customer")
        record = store.insert("customer", customer(number), created=number)
        store.next("ids/event")
        event: dict[str, Any] = {
            "id": f"evt_{number}",
            "object": "event",
            "type": "customer.created",
            "data": {"object": record},
        }
        store.add_event("customer.created", event, id=event["id"], created=number)
    store.record_exchange(
        at=number,
        operation="PostCustomers",
        method="POST",
        path="/v1/customers",
        query="",
        status=200,
        request=b"email=jenny.rosen%40example.com&name=Jenny+Rosen",
        reply=orjson.dumps(record),
        changes=store.take_changes(),
        principal="sk_test",
    )


def micros(call: Callable[[int], Any], rounds: int = 5, calls: int = 2_000) -> float:
    """CPU microseconds of one call, best of the rounds; `call` gets a number that never repeats."""
    best = float("inf")
    for number in range(rounds):
        first = 10_000_000 + number * calls
        began = time.process_time()
        for each in range(first, first + calls):
            call(each)
        best = min(best, (time.process_time() - began) / calls)
    return best * 1e6


def millis(call: Callable[[], Any], rounds: int = 15) -> float:
    """Milliseconds of one call, best of the rounds."""
    best = float("inf")
    for _ in range(rounds):
        began = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - began)
    return best * 1e3


def resident() -> int:
    """KiB of resident memory (Linux)."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Rss")).split()[1])


def line(name: str, value: float, unit: str, floor: float | None = None, budget: str = "") -> None:
    """Print one figure."""
    ratio = f"{value / floor:6.2f} x floor" if floor else " " * 14
    print(f"{name:46}{value:10.2f} {unit:3} {ratio}  {budget}".rstrip())


def floors() -> tuple[float, float]:
    """CPU microseconds of a bare insert and of a bare select, JSON included."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(SCRIPT)
    insert = "INSERT INTO record (resource, id, parent, created, deleted, data) VALUES (?, ?, ?, ?, 0, ?)"
    select = "SELECT data FROM record WHERE resource = ? AND id = ? AND deleted = 0"

    def put(number: int) -> None:
        record = customer(number)
        connection.execute(insert, ("customer", record["id"], "", number, orjson.dumps(record).decode()))

    def take(_: int) -> None:
        orjson.loads(connection.execute(select, ("customer", "cus_00000010000007")).fetchone()[0])

    return micros(put), micros(take)


def single_calls() -> None:
    """Calls on a store in memory that holds 1,000 records."""
    write, read = floors()
    line("floor: bare INSERT with JSON", write, "us")
    line("floor: bare SELECT with JSON", read, "us")
    store = Store.memory()
    fill(store, 1_000)

    def nothing(_: int) -> None:
        with store.transaction():
            pass

    def insert_alone(number: int) -> None:
        store.insert("customer", customer(number))

    def one(number: int) -> str:
        return f"cus_{number % 1_000:014d}"

    line("transaction, empty", micros(nothing), "us", budget="<= 5")
    line("insert, a transaction of its own", micros(insert_alone), "us", write)
    with store.transaction():
        line("insert, in a transaction", micros(lambda n: insert_alone(n + 10**7)), "us", write, "<= 15")
        line("update", micros(lambda n: store.update("customer", one(n), balance=n)), "us", write)
    line("get", micros(lambda n: store.get("customer", one(n))), "us", read, "<= 6")
    line("raw", micros(lambda n: store.raw("customer", one(n))), "us", read)
    line("next (a stream's position)", micros(lambda n: store.next("ids")), "us")
    line("create: ids, record, event, exchange", micros(lambda n: create(store, n + 2 * 10**7)), "us", write)
    with tempfile.TemporaryDirectory() as directory:
        on_file = Store.open(Path(directory) / "a.db", service="stripe")
        line("create, on a file", micros(lambda n: create(on_file, n), rounds=3), "us", write)
        on_file.close()


EITHER = Filter("", "any", [Filter("name", "holds", "rar"), Filter("email", "ends", "e9999@example.com")])
LISTS: list[tuple[str, dict[str, Any]]] = [
    ("page of ten", {"limit": 10}),
    ("page of five from the middle", {"after": True}),
    ("filter, one match", {"where": [Filter("email", "=", "e3@example.com")]}),
    ("filter, nine match, page of five", {"where": [Filter("name", "=", "Rare")]}),
    ("range on created, page of five", {"where": [Filter("created", "<", 9)]}),
    ("sorted, page of five from the middle", {"sort": "created", "after": True}),
    ("narrowed by prefix, one match", {"where": [Filter("email", "prefix", "e3@")]}),
    ("search for a word, one match", {"where": [Filter("email", "words", "E3@example.com")]}),
    ("search for a beginning, one match", {"where": [Filter("email", "starts", "E3@")]}),
    ("search for part of a text, nine match", {"where": [Filter("name", "holds", "RAR")]}),
    ("one of two searches, ten match", {"where": [EITHER]}),
    ("narrowed by in, two match", {"where": [Filter("email", "in", ["e3@example.com", "e4@example.com"])]}),
]


def flatness() -> None:
    """The same lists, of as many rows, at 10 and 100,000 records."""
    small, large = Store.memory(), Store.memory()
    fill(small, 10)
    fill(large, 100_000)
    print(f"\n{'':46}{'10':>10}{'100,000':>11}     ratio         <= 1.5")

    def compare(name: str, call: Callable[[Store, str], Any]) -> None:
        few = micros(lambda _: call(small, "cus_00000000000005"), calls=1_000)
        many = micros(lambda _: call(large, "cus_00000000050000"), calls=1_000)
        print(f"{name:46}{few:10.2f}{many:11.2f} us {many / few:6.2f}")

    compare("get", lambda store, middle: store.get("customer", middle))
    for name, kw in LISTS:
        given = {"limit": 5, **kw}
        cursor = given.pop("after", False)
        for store in (small, large):
            store.list("customer", **given)
        compare(
            name,
            lambda store, middle, cursor=cursor, given=given: store.list(  # type: ignore[misc]
                "customer", after=middle if cursor else None, **given
            ),
        )
    few, many = [Filter("name", "!=", "Rare")], [Filter("email", "prefix", "e99")]
    compare("walked past nine others", lambda store, _: store.list("customer", few, order="oldest", limit=1))
    large.list("customer", many)
    line("narrowed at 100,000, 1,111 match", micros(lambda _: large.list("customer", many), calls=100), "us")
    contains = [Filter("email", "contains", "nobody")]
    line("substring at 100,000, none match", micros(lambda _: large.list("customer", contains), calls=3), "us")

    def found_at_once(number: int) -> None:
        large.insert("customer", customer(number))
        large.list("customer", [Filter("email", "starts", f"e{number}@")], limit=1)

    line("insert into what was searched so", micros(lambda n: large.insert("customer", customer(n + 10**8))), "us")
    line("insert and search for it", micros(found_at_once, calls=200), "us")


def copies() -> None:
    """Forks, snapshots, resets."""
    print()
    line("new store in memory", millis(lambda: Store.memory().close()), "ms")
    for count in (100, 1_000, 10_000):
        store = Store.memory()
        fill(store, count)
        snapshot = store.snapshot()
        budget = "<= 0.3" if count == 100 else ""
        line(f"fork of {count:,} records", millis(lambda s=store: s.fork().close()), "ms", budget=budget)  # type: ignore[misc]
        line(f"restore to {count:,} records", millis(lambda s=store, k=snapshot: s.restore(k)), "ms")  # type: ignore[misc]
    empty = Store.memory().snapshot()
    store = Store.memory()
    best = min(reset(store, empty) for _ in range(7))
    line("reset + first create, 1,000 creates before", best, "ms", budget="<= 2")


def reset(store: Store, pristine: Snapshot) -> float:
    """Milliseconds of a reset and the first create after 1,000 creates."""
    store.restore(pristine)
    for number in range(1_000):
        create(store, number)
    began = time.perf_counter()
    store.restore(pristine)
    create(store, 1)
    return (time.perf_counter() - began) * 1e3


def memory(kind: str) -> None:
    """KiB per store of 200, for one kind; a process of its own."""
    base = Store.memory()
    if kind == "forked":
        fill(base, 100)
    gc.collect()
    before = resident()
    stores = [base.fork() for _ in range(200)]
    for store in stores:
        for number in range(100 if kind == "created" else 1):
            create(store, 1_000 + number)
    gc.collect()
    grown = (resident() - before) / len(stores)
    names = {
        "empty": "memory of a store with one record",
        "forked": "memory of a fork of 100 records",
        "created": "memory of 100 creates (events, exchanges)",
    }
    line(names[kind], grown / 1024, "MiB", budget="<= 0.3")


def main() -> None:
    """Run everything, sizes in processes of their own."""
    if len(sys.argv) > 1:
        memory(sys.argv[1])
        return
    single_calls()
    flatness()
    copies()
    print()
    for kind in ("empty", "forked", "created"):
        subprocess.run([sys.executable, __file__, kind], check=True)


if __name__ == "__main__":
    main()

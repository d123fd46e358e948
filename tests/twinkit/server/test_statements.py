"""What requests cost, by counts: the SQL statements of one request, and that reading writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import orjson
import pytest

from twinkit.server.app import TwinApp
from twinkit.server.catalogue import installed_twin
from twinkit.server.hosting import Hosting

FORM = (b"content-type", b"application/x-www-form-urlencoded")


class Caller:
    """A Stripe twin that is asked in process, and the statements that it ran."""

    def __init__(self, db: Path | None = None) -> None:
        self.hosting = Hosting(installed_twin("stripe"), db=db)
        self.app = TwinApp(self.hosting)
        self.statements: list[str] = []
        self.store = self.hosting.default.store
        self.store._connection.set_trace_callback(self.statements.append)

    def __call__(self, method: str, path: str, **fields: str) -> str:
        """The id of the record (or the kind of list) that a successful reply shows; counts start anew."""
        self.statements.clear()
        headers = [(b"authorization", b"Bearer sk_test_a"), FORM]
        rendered = self.app.at_once(method, path.encode(), headers, urlencode(fields).encode())
        assert rendered is not None and rendered.status == 200, rendered
        shown = orjson.loads(rendered.body)
        return str(shown.get("id") or shown["object"])

    @property
    def words(self) -> Counter[str]:
        """How many statements began with each word."""
        return Counter(statement.split()[0] for statement in self.statements)


@pytest.fixture
def call() -> Iterator[Caller]:
    """A twin in memory with a few records of each kind."""
    caller = Caller()
    yield caller
    caller.store.close()


def test_a_retrieve_is_one_select_and_none_for_what_was_read_lately(call: Caller) -> None:
    customer = call("POST", "/v1/customers", name="Jane")
    product = call("POST", "/v1/products", name="Shirt")
    price = call("POST", "/v1/prices", product=product, currency="usd", unit_amount="100")
    intent = call("POST", "/v1/payment_intents", amount="2000", currency="usd", customer=customer)
    paths = (f"customers/{customer}", f"products/{product}", f"prices/{price}", f"payment_intents/{intent}")
    for path in paths * 2:
        call("GET", f"/v1/{path}")
    for path in paths:
        call("GET", f"/v1/{path}")
        assert call.words == {}, call.statements
        call("POST", f"/v1/{path}", **{"metadata[order]": "1"})
        call("GET", f"/v1/{path}")
        assert call.words == {"SELECT": 1}, call.statements


def test_a_list_is_one_select_and_one_more_for_its_cursor(call: Caller) -> None:
    made = [call("POST", "/v1/customers", name=str(number)) for number in range(12)]
    for path in ("/v1/customers?limit=10", "/v1/customers?email=a%40example.com", "/v1/events?limit=3"):
        call("GET", path)
        call("GET", path)
        assert call.words == {"SELECT": 1}, call.statements
    for cursor in ("starting_after", "ending_before"):
        call("GET", f"/v1/customers?limit=3&{cursor}={made[5]}")
        assert call.words == {"SELECT": 2}, call.statements


def test_a_create_writes_its_record_and_the_event_and_the_logs_later(call: Caller) -> None:
    call("POST", "/v1/customers", name="first")
    call("POST", "/v1/customers", name="Jane", email="jane@example.com")
    tables = Counter(statement.split()[2] for statement in call.statements if statement.startswith("INSERT"))
    assert tables == {"record": 1}
    assert call.words == {"BEGIN": 1, "INSERT": 1, "COMMIT": 1}, call.statements
    call("GET", "/v1/events?limit=1")
    assert [line.split()[:5] for line in call.statements].count(["INSERT", "OR", "IGNORE", "INTO", "record"]) == 2
    call("GET", "/v1/events?limit=1")
    assert call.words == {"SELECT": 1}
    assert [event.type for event in call.store.events()] == ["customer.created"] * 2
    assert [change.resource for change in call.store.changes()[-2:]] == ["customer", "event"]


def test_a_create_on_a_file_writes_everything_in_one_transaction(tmp_path: Path) -> None:
    call = Caller(tmp_path / "state.sqlite")
    call("POST", "/v1/customers", name="first")
    call("POST", "/v1/customers", name="Jane", email="jane@example.com")
    inserted = [statement.partition(" INTO ")[2] for statement in call.statements if statement.startswith("INSERT")]
    tables = Counter(rest.split()[0] for rest in inserted)
    del tables["counter"]
    assert tables == {"record": 2, "event": 1, "change": 2, "exchange": 1}
    assert call.words["BEGIN"] == call.words["COMMIT"] == 1, call.statements
    call.store.close()


def test_a_refused_write_leaves_the_tables_alone(call: Caller) -> None:
    headers = [(b"authorization", b"Bearer sk_test_a"), FORM]
    call.app.at_once("POST", b"/v1/customers", headers, b"nothing=1")
    call.statements.clear()
    rendered = call.app.at_once("POST", b"/v1/customers", headers, b"nothing=1")
    assert rendered is not None and rendered.status == 400
    assert call.statements == []
    assert [exchange.status for exchange in call.store.exchanges()] == [400, 400]


def test_a_file_gets_writes_at_once_and_reads_with_the_next_write(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    call = Caller(path)
    customer = call("POST", "/v1/customers", name="Jane")
    assert call.words["COMMIT"] == 1
    call("GET", f"/v1/customers/{customer}")
    call("GET", f"/v1/customers/{customer}")
    assert call.words == {}
    call("POST", "/v1/customers", name="John")
    logged = [statement for statement in call.statements if statement.startswith("INSERT INTO exchange")]
    assert len(logged) == 3 and call.words["COMMIT"] == 1
    call("GET", f"/v1/customers/{customer}")
    call.hosting.default.store.close()
    again = Caller(path)
    assert [exchange.method for exchange in again.store.exchanges()] == ["POST", "GET", "GET", "POST", "GET"]
    again.store.close()

"""The contracts of the project: what SOURCES.toml says of them is true, and they hold structure only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from twinkit import paths
from twinkit.contract.adapters import canonical
from twinkit.contract.index import Index, compile_index
from twinkit.contract.load import load, read
from twinkit.contract.sources import read_sources
from twinkit.contract.strip import dumps, strip

FOLDER = paths.data("openapi")
ROWS = read_sources(FOLDER)
DATA = ("enum", "default", "pattern", "const")


def test_every_contract_has_its_row() -> None:
    files = {file.stem for file in FOLDER.glob("*.json")}
    assert files == set(ROWS) >= {"stripe", "slack", "slack_events", "okta-management", "okta-oauth", "mail"}


@pytest.mark.parametrize("name", sorted(ROWS))
def test_row_and_file_agree(name: str) -> None:
    row, raw = ROWS[name], (FOLDER / f"{name}.json").read_bytes()
    assert hashlib.sha256(raw).hexdigest() == row.contract_sha256
    assert row.licence != "unknown" and len(row.original_sha256) == 64 and row.source.startswith(("https://", "twins/"))
    data = orjson.loads(raw)
    assert dumps(strip(data)) == raw, "stripping a contract again changes nothing"
    assert not list(_sentences(data))


def _sentences(node: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Texts with blanks in places that are no data of the service."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _sentences(value, (*place, key))
    elif isinstance(node, list):
        for value in node:
            yield from _sentences(value, place)
    elif isinstance(node, str) and " " in node and place[-1] not in DATA and place != ("info", "title"):
        yield place, node


@pytest.mark.parametrize(
    ("name", "operations", "path", "operation"),
    [
        ("stripe", 594, "/v1/customers/cus_1", "GetCustomersCustomer"),
        ("slack", 174, "/api/chat.postMessage", None),
        ("okta-management", 732, "/api/v1/users/me", "getUser"),
        ("okta-oauth", 44, "/oauth2/v1/keys", "oauthKeys"),
        ("okta-idp", 40, "/idp/myaccount/emails", "listEmails"),
    ],
)
def test_contracts_open(name: str, operations: int, path: str, operation: str | None, tmp_path: Path) -> None:
    document = load(FOLDER / f"{name}.json")
    file = tmp_path / "x.index"
    file.write_bytes(compile_index(canonical(document), {}))
    index = Index.open(file)
    assert len([index.operation(id) for id in index.operations()]) == operations == ROWS[name].operations
    for schema in index.schemas():
        index.resolve(index.schema(schema))
    if operation is not None:
        found = index.match("GET", path)
        assert found is not None and found.operation == operation
    else:
        assert index.methods(path) == ("POST",)
    assert not [finding for finding in document.findings if finding.code == "unresolvable-reference"]


def test_stripe_static_before_parameter() -> None:
    index = Index.open(compile_index(canonical(load(FOLDER / "stripe.json")), {}))
    found = index.match("GET", "/v1/customers/search")
    assert found is not None and found.operation == "GetCustomersSearch"
    assert all(
        (match := index.match(op.method, op.path)) and match.operation == op.id
        for op in map(index.operation, index.operations())
    )
    assert index.schema("customer")["properties"]["description"] == {"maxLength": 5000, "type": ["string", "null"]}


def test_slack_errors_survive() -> None:
    index = Index.open(compile_index(canonical(load(FOLDER / "slack.json")), {}))
    found = index.match("POST", "/chat.postMessage")
    assert found is not None
    response = index.operation(found.operation).response(500)
    assert response is not None
    assert b"channel_not_found" in orjson.dumps(dict(response.content))


def test_slack_events_keep_payloads() -> None:
    data = read(FOLDER / "slack_events.json").data
    assert len(data["topics"]) == 66
    assert data["topics"]["app.mention"]["subscribe"]["payload"] == {"$ref": "#/components/schemas/GenericEventWrapper"}
    assert data["components"]["schemas"]["GenericEventWrapper"]["properties"]["event"]["required"] == [
        "type",
        "event_ts",
    ]

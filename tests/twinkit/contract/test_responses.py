"""Replies judged by jsonschema-rs, and the contracts in this repository as the sample."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
import pytest

from tests.judge import Judge, document
from tests.twinkit.contract.small import Small
from twinkit import paths
from twinkit.contract.adapters import canonical
from twinkit.contract.examples import Examples
from twinkit.contract.index import Index, compile_index
from twinkit.contract.load import load
from twinkit.contract.model import Body, Operation, Parameter, Response
from twinkit.contract.responses import KEPT, ResponseChecker

CUSTOMER = {"$ref": "#/components/schemas/customer"}
SCHEMAS: dict[str, Any] = {
    "customer": {
        "type": "object",
        "required": ["id", "secret", "$ref"],
        "properties": {
            "id": {"type": "string", "pattern": "^cus_"},
            "secret": {"type": "string", "writeOnly": True},
            "$ref": {"type": "integer"},
            "made": {"type": "string", "format": "date-time"},
            "parent": {
                "anyOf": [{"type": "string"}, CUSTOMER, {"type": "null"}],
                "x-expansionResources": {"oneOf": [CUSTOMER]},
            },
        },
    }
}
JSON = "application/json"
OPERATIONS = (
    Operation(
        "get",
        "get",
        "/c/{id}.json",
        (
            Parameter("id", "path", {"type": "string"}, required=True, style="simple"),
            Parameter("created", "query", {"properties": {"gte": {"type": "integer"}}}, style="deepObject"),
            Parameter("limit", "query", {"type": "integer", "maximum": 10}),
        ),
        responses=(
            Response("200", {JSON: CUSTOMER}),
            Response("204"),
            Response("4XX", {"application/problem+json": {"type": "object", "required": ["title"]}}),
        ),
    ),
    Operation(
        "post",
        "post",
        "/c",
        body=Body({"application/x-www-form-urlencoded": {"properties": {"n": {"type": "integer"}}, "required": ["n"]}}),
        responses=(Response("200", {"text/csv": {"type": "string"}, JSON: {"type": "array", "items": CUSTOMER}}),),
    ),
)
GOOD = {"id": "cus_1", "$ref": 3, "parent": {"anything": "goes"}}


@pytest.fixture
def contract() -> Small:
    return Small(SCHEMAS, OPERATIONS)


@pytest.mark.parametrize(
    ("operation", "status", "body", "media_type", "expected"),
    [
        ("get", 200, GOOD, None, ""),
        ("get", 200, orjson.dumps(GOOD), "application/json; charset=utf-8", ""),
        ("get", 200, {**GOOD, "parent": None}, None, ""),
        ("get", 200, {**GOOD, "parent": "cus_2"}, None, ""),
        ("get", 200, {**GOOD, "parent": 3}, None, "parent: 3 is not"),
        ("get", 200, {**GOOD, "id": "x"}, None, "id: "),
        ("get", 200, {**GOOD, "made": "today"}, None, "made: "),
        ("get", 200, {"id": "cus_1"}, None, "body: "),
        ("get", 200, b"{", None, "not JSON"),
        ("get", 200, GOOD, "text/html", "media type text/html is not documented"),
        ("get", 204, None, None, ""),
        ("get", 204, GOOD, None, "status 204 is documented without a body"),
        ("get", 404, {"title": "x"}, None, ""),
        ("get", 404, {}, None, "body: "),
        ("get", 500, {}, None, "status 500 is not documented"),
        ("post", 200, [GOOD], None, ""),
        ("post", 200, [1], None, "0: "),
        ("post", 200, b"a,b", "text/csv", ""),
    ],
)
def test_replies_are_checked_by_operation_and_status(
    contract: Small, operation: str, status: int, body: Any, media_type: str | None, expected: str
) -> None:
    messages = ResponseChecker(contract).check(operation, status, body, media_type)
    assert [message.startswith(expected) for message in messages] == ([True] if expected else [])


def test_patterns_that_do_not_compile_and_broken_schemas_do_not_stop_the_checker() -> None:
    broken = {"properties": {"a": {"type": "string", "pattern": "(?"}, "b": {"type": "nonsense"}}}
    operations = tuple(
        Operation(f"o{n}", "get", "/", responses=(Response("200", {JSON: broken}),)) for n in range(KEPT + 2)
    )
    checker = ResponseChecker(Small({}, operations))
    for operation in operations:
        assert checker.check(operation.id, 200, {"a": "x", "b": 1}) == []
    assert len(checker._compiled) == KEPT


def test_the_judge_is_independent_and_reads_nested_forms_and_queries(contract: Small) -> None:
    judge = Judge(contract)
    form = {"content-type": "application/x-www-form-urlencoded"}
    reply = orjson.dumps(GOOD)
    assert judge.exchange("get", path={"id": "1"}, query=b"created[gte]=5&limit=3", reply=reply) == []
    assert judge.exchange("post", headers=form, body=b"n=1", reply=b"[]") == []
    assert len(judge.exchange("get", path={"id": "1"}, query=b"created[gte]=x&limit=30", reply=reply)) > 1
    assert judge.exchange("post", headers=form, body=b"n=x", reply=b"[]") == [
        "request: n: 'x' is not of type 'integer'"
    ]
    assert judge.exchange("post", headers=form, body=b"n=1", reply=b"{}") == ["reply: body: {} is not of type 'array'"]
    assert judge.exchange("get", path={"id": "1"}, status=500, reply=b"{}") == ["status 500 is not documented"]
    assert set(document(contract)["paths"]) == {"/get/{id}", "/post"}


@cache
def published(name: str) -> Index:
    return Index(compile_index(canonical(load(paths.data("openapi") / name)), {}))


@pytest.mark.parametrize(
    "name", ["stripe.json", "slack.json", "okta-management.json", "okta-oauth.json", "okta-idp.json"]
)
def test_every_operation_of_every_contract_has_a_valid_example_of_its_success(name: str) -> None:
    contract = published(name)
    examples, checker = Examples(contract, 7), ResponseChecker(contract)
    wrong: list[tuple[str, list[str]]] = []
    for operation in contract.operations():
        success = contract.operation(operation).success
        for media, schema in list(success.content.items())[:1] if success else ():
            status = int(success.status) if success and success.status.isdigit() else 200
            for value in (examples.example(schema, operation), examples.required_only(schema, operation)):
                messages = checker.check(operation, status, value, media)
                if messages:
                    wrong.append((operation, messages))
    assert wrong == []


def test_the_judge_agrees_on_a_sample_of_stripe() -> None:
    contract = published("stripe.json")
    examples, judge = Examples(contract, 7), Judge(contract)
    for operation in list(contract.operations())[::25]:
        declared = contract.operation(operation)
        assert declared.success is not None
        media, schema = next(iter(declared.success.content.items()))
        path = {parameter.name: "id_1" for parameter in declared.parameters if parameter.location == "path"}
        reply = orjson.dumps(examples.example(schema, operation))
        errors = judge.exchange(operation, path=path, reply=reply, reply_headers={"content-type": media})
        assert [error for error in errors if error.startswith("reply")] == []

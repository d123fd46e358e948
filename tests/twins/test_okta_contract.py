"""Every operation of Okta's three documents answers, and enough of them are modelled."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from twinkit.behaviour.request import Request
from twinkit.clock import Clock
from twinkit.contract.examples import Examples
from twinkit.contract.model import Operation
from twinkit.instance import Instance, Options
from twinkit.server import pipeline
from twins.okta import errors, facts, twin

KNOWN = {"userId": facts.ADMIN, "id": facts.ADMIN, "groupId": facts.EVERYONE, "appId": facts.WEB_CLIENT[0],
         "authServerId": "default", "authorizationServerId": "default", "userIdOrLogin": facts.ADMIN}  # fmt: skip


def request_for(operation: Operation, examples: Examples) -> Request:
    """A request made from the contract, on records that are there where possible."""
    path, query = operation.path, {}
    for parameter in operation.parameters:
        if parameter.location == "path":
            path = path.replace(f"{{{parameter.name}}}", quote(KNOWN.get(parameter.name, "x1"), safe=""))
        elif parameter.location == "query" and parameter.required:
            query[parameter.name] = str(examples.required_only(parameter.schema, f"{operation.id}/{parameter.name}"))
    headers = {"authorization": f"SSWS {facts.API_TOKEN}"}
    body = b""
    content: Mapping[str, Any] = operation.body.content if operation.body else {}
    media = next((name for name in content if "json" in name), None)
    if media is not None:
        body = orjson.dumps(examples.required_only(content[media], operation.id))
        headers["content-type"] = media
    return Request(operation.method.upper(), path, urlencode(query).encode(), headers, body)


def test_every_operation_answers() -> None:
    on = Instance(twin, seed=3, clock=Clock("tick"), options=Options(), base_url="http://127.0.0.1")
    examples = Examples(twin.index, 3, direction="request")
    failed = []
    for name in twin.index.operations():
        operation = twin.index.operation(name)
        rendered = pipeline.execute(on, pipeline.prepare(on, request_for(operation, examples)))
        if rendered.status >= 500 and b"E0000009" in rendered.body:
            failed.append((name, rendered.status, rendered.body[:80]))
    assert failed == []


def test_enough_is_modelled() -> None:
    modelled = [name for name in twin.index.operations() if twin.fidelity(name) == "behaviour"]
    assert len(modelled) >= 280


def test_every_error_has_a_code_a_status_and_a_text() -> None:
    for code, (status, summary) in errors.TABLE.items():
        assert errors.body(code, "x")["errorCode"] == code
        assert 400 <= status < 600
        assert summary


HEAVY = ("xml.sax", "http.client", "html.entities", "cryptography", "twinkit.faults.model", "twinkit.webhooks.receiver")


def test_loading_the_twin_loads_nothing_that_a_start_does_not_need() -> None:
    script = "import sys, twinkit.instance, twins.okta; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "twins.okta.handlers.users" in loaded
    assert [name for name in HEAVY if name in loaded] == []

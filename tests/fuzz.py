"""Requests nobody should send, drawn from a twin's own contract: wrong in every part, or in one alone.

Drawn by a `random.Random`, a thousand a second, so that a number names a request. Most requests name an operation and
carry its own parameters with values of any type, so that they reach the handlers; the rest are wrong on the way there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote_from_bytes

from twinkit.behaviour.twin import Twin
from twinkit.contract.model import Operation
from twinkit.contract.routes import variables

FORM = "application/x-www-form-urlencoded"
TEXTS = (
    "", " ", "0", "-1", "1", "1.5", "1e400", "NaN", "true", "null", "[]", "{}", "a" * 300, "9" * 40, "-" + "9" * 20,
    "\0", "\ud7ff", "é", "日本", "🙂", "\u202e", "\udcff", "a/b", "../..", "%", "%zz", "%00", "'", '"', "\\", "\r\n",
    ";", "&=", "=", "[", "]", "a[b]", "*", "?", "usd", "now", "2026-13-45", "2026-01-01T00:00:00Z", "http://[",
    "a@b", "$ref", "__proto__", 'id eq "', "created>1", "status:'x' AND", "(" * 50, "lastUpdated gt 5 and (",
    "U0TWINHUM01,", "-9" * 9,
)  # fmt: skip
NUMBERS = (0, 1, -1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 2**64, 10**30, 0.1, -0.0, 1e308, 1600000000)
KEYS = ("id", "type", "value", "name", "0", "", "email", "items", "data", "metadata", "a[b]", "\0")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")
MEDIA = (
    FORM, "application/json", "application/json; charset=utf-8", "application/json; charset=nothing",
    "multipart/form-data", "multipart/form-data; boundary=x", "text/plain", "application/xml",
    "application/scim+json", "*/*", ";", "", "application/octet-stream", "application/json;;", "image/png",
)  # fmt: skip
HEADERS = (
    "authorization", "idempotency-key", "stripe-version", "stripe-account", "accept", "cookie", "range",
    "twin-fault", "if-match", "dpop", "accept-language", "x-forwarded-for", "host", "origin", "twin-instance", "x",
)  # fmt: skip
WORDS = (
    "Bearer ",
    "Basic ",
    "Basic YTpi",
    "SSWS ",
    "bearer",
    "Basic ===",
    "x" * 9000,
    "Bearer a.b.c",
    "\xff\xfe",
    "{}",
    "",
)


@dataclass
class Draft:
    """A request as it goes on the wire: a target with its query, headers, body."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Fuzz:
    """Draws requests to one twin."""

    twin: Twin
    random: Random
    headers: Mapping[str, str]
    """Credentials that work."""
    ids: list[str] = field(default_factory=list)
    """Ids of records there are; whoever sends the requests keeps them up to date."""

    def __post_init__(self) -> None:
        self.operations = list(self.twin.index.operations())

    def once_in(self, number: int) -> bool:
        """True one time in so many."""
        return self.random.randrange(number) == 0

    def text(self) -> str:
        """Text of every kind, or the id of a record there is."""
        if self.ids and self.random.randrange(3):
            return self.random.choice(self.ids)
        if self.once_in(3):
            return "".join(chr(self.random.randrange(1, 0x2000)) for _ in range(self.random.randrange(9)))
        return self.random.choice(TEXTS)

    def number(self) -> Any:
        """A number, likely an ordinary one."""
        return self.random.choice(NUMBERS) if self.once_in(3) else self.random.randrange(-3, 5000)

    def anything(self, depth: int = 0) -> Any:
        """A value of any type, nested a little."""
        kind = self.random.randrange(7 if depth < 3 else 5)
        if kind == 5:
            return [self.anything(depth + 1) for _ in range(self.random.randrange(3))]
        if kind == 6:
            return {self.random.choice(KEYS): self.anything(depth + 1) for _ in range(self.random.randrange(3))}
        return (None, self.random.choice((True, False)), self.number(), self.text(), self.random.choice(NUMBERS))[kind]

    def properties(self, schema: Any, depth: int = 0) -> dict[str, Any]:
        """Property name → schema, of an object schema and of its branches."""
        node = self.twin.index.resolve(schema)
        if not isinstance(node, dict) or depth > 3:
            return {}
        found = dict(node.get("properties", {}))
        for word in ("allOf", "anyOf", "oneOf"):
            for branch in node.get(word, ()):
                found.update(self.properties(branch, depth + 1))
        return found

    def fitting(self, schema: Any, depth: int = 0) -> Any:
        """A value of the schema's own type, mostly: what gets past validation."""
        node = self.twin.index.resolve(schema)
        if not isinstance(node, dict) or depth > 4 or self.once_in(14):
            return self.anything()
        branches = node.get("anyOf") or node.get("oneOf")
        if branches:
            return self.fitting(self.random.choice(branches), depth + 1)
        if "enum" in node:
            return self.random.choice(node["enum"])
        kind = node.get("type", "object" if "properties" in node or "allOf" in node else "string")
        kind = kind[0] if isinstance(kind, list) else kind
        if kind == "object":
            known = self.properties(node)
            names = set(self.random.sample(sorted(known), min(len(known), self.random.randrange(4))))
            names |= {name for name in node.get("required", ()) if name in known and not self.once_in(8)}
            return {name: self.fitting(known[name], depth + 1) for name in sorted(names)}
        if kind == "array":
            return [self.fitting(node.get("items", True), depth + 1) for _ in range(self.random.randrange(3))]
        if kind in ("integer", "number"):
            return self.number()
        return self.random.choice((True, False)) if kind == "boolean" else self.text()

    def path(self, operation: Operation) -> str:
        """The operation's path with ids that are there, or are not."""
        path = operation.path
        for name in variables(operation.path):
            path = path.replace(f"{{{name}}}", encoded(self.text()) or "x")
        return path

    def body(self, operation: Operation) -> tuple[str, bytes]:
        """(content type, body) as the operation declares it, or as it does not."""
        declared = operation.body.content if operation.body else {}
        media = self.random.choice([*declared] if declared and not self.once_in(10) else MEDIA)
        if self.once_in(25):
            return media, self.random.randbytes(self.random.randrange(60))
        data = self.fitting(declared.get(media, next(iter(declared.values()), True)))
        if "json" in media:
            return media, json.dumps(data).encode()
        if media.startswith("multipart/"):
            return self.random.choice(("multipart/form-data; boundary=x", media)), multipart(data)
        return media, "&".join(pairs(data if isinstance(data, dict) else {"a": data})).encode()

    def query(self, operation: Operation) -> str:
        """A query string of declared parameters, now and then of others."""
        declared = [parameter for parameter in operation.parameters if parameter.location == "query"]
        chosen = self.random.sample(declared, min(len(declared), self.random.randrange(4)))
        query = {parameter.name: self.fitting(parameter.schema) for parameter in chosen}
        if self.once_in(12):
            query[self.text()] = self.anything()
        return "&".join(pairs(query)) if query else ""

    def request(self) -> Draft:
        """One request to an operation of the twin, wrong somewhere more often than not."""
        operation = self.twin.index.operation(self.random.choice(self.operations))
        method = self.random.choice(METHODS) if self.once_in(20) else operation.method.upper()
        query = self.query(operation)
        headers, body = dict(self.headers), b""
        if method in ("POST", "PUT", "PATCH") or self.once_in(10):
            headers["content-type"], body = self.body(operation)
        if self.once_in(8):
            headers[self.random.choice(HEADERS)] = self.random.choice(WORDS)
        target = self.path(operation)
        return Draft(method, f"{target}?{query}" if query else target, headers, body)


def encoded(value: Any) -> str:
    """Percent-encoded text or JSON, lone surrogates and all."""
    plain = value if isinstance(value, str) else json.dumps(value)
    return quote_from_bytes(plain.encode("utf-8", "surrogatepass"), safe="")


def pairs(data: Any, prefix: str = "") -> list[str]:
    """Data as bracketed fields, encoded."""
    if isinstance(data, dict) and (data or not prefix):
        named = [(f"{prefix}%5B{encoded(name)}%5D" if prefix else encoded(name), value) for name, value in data.items()]
        return [pair for name, value in named for pair in pairs(value, name)]
    if isinstance(data, list) and data:
        return [pair for number, value in enumerate(data) for pair in pairs(value, f"{prefix}%5B{number}%5D")]
    return [f"{prefix}={encoded(data)}"]


def multipart(data: Any) -> bytes:
    """Data as the parts of a form, every other one a file; the boundary is `x`."""
    fields = data if isinstance(data, dict) else {"file": data}
    parts = []
    for number, (name, value) in enumerate(fields.items()):
        file = '; filename="f"\r\nContent-Type: text/plain' if number % 2 else ""
        parts.append(f'--x\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n{value}\r\n')
    return "".join([*parts, "--x--\r\n"]).encode("utf-8", "surrogatepass")

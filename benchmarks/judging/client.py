"""Calls to one twin in process, and requests in the document's own encodings."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

from judging.document import FORM, MULTIPART, Field, Op, OpenDocument


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass
class Call:
    """A request that can be changed before it is sent."""

    op: Op
    values: dict[tuple[str, str], Any] = field(default_factory=dict)
    """Of parameters, by place and name."""
    body: Any = None
    media: str = ""
    raw: bytes | None = None
    content_type: str | None = None
    accept: str = "*/*"
    credentials: bool = True
    method: str = ""
    url: str = ""


class Twin:
    """A twin of a document, called in process."""

    def __init__(self, file: Path, seed: int = 1) -> None:
        from twinkit.clock import Clock
        from twinkit.server.app import TwinApp
        from twinkit.server.catalogue import document_twin
        from twinkit.server.hosting import Hosting

        twin = document_twin(str(file))
        self.base = twin.index.base_path
        self.app = TwinApp(Hosting(twin, seed=seed, clock=Clock("tick"), base_url="http://t"))

    def send(self, method: str, url: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
        """One request."""
        plain, _, query = url.partition("?")
        scope = {
            "type": "http", "method": method.upper(), "path": plain, "raw_path": plain.encode(),
            "query_string": query.encode(), "extensions": {},
            "headers": [(k.lower().encode(), v.encode("latin-1", "replace")) for k, v in [("host", "t"), *headers]],
        }  # fmt: skip
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        with contextlib.suppress(StopIteration):
            self.app(scope, receive, send).send(None)
        start = next(m for m in sent if m["type"] == "http.response.start")
        content = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
        return Answer(start["status"], {k.decode(): v.decode("latin-1") for k, v in start["headers"]}, content)

    def call(self, document: OpenDocument, call: Call) -> Answer:
        """Send a call."""
        return self.send(*wire(document, call))


def wire(document: OpenDocument, call: Call) -> tuple[str, str, list[tuple[str, str]], bytes]:
    """Method, URL, headers and bytes of a call."""
    url, query, headers, cookies = call.url or call.op.url, [], [("accept", call.accept)], []
    for one in call.op.fields:
        value = call.values.get((one.place, one.name))
        if (one.place, one.name) not in call.values:
            continue
        if one.place == "path":
            url = url.replace("{" + one.name + "}", quote(flat(value), safe=""))
        elif one.place == "query":
            query += pairs(one, value)
        elif one.place == "header":
            headers.append((one.name, flat(value)))
        else:
            cookies.append(f"{one.name}={quote(flat(value))}")
    if call.credentials:
        _credentials(document, call.op, query, headers, cookies)
    if cookies:
        headers.append(("cookie", "; ".join(cookies)))
    raw, kind = call.raw, call.content_type
    if raw is None:
        raw, made = encode(call.body, call.media, call.op.body.get(call.media)) if call.media else (b"", None)
        kind = kind or made
    if kind is not None and raw is not None:
        headers.append(("content-type", kind))
    return call.method or call.op.method, url + ("?" + "&".join(query) if query else ""), headers, raw or b""


def _credentials(document: OpenDocument, op: Op, query: list[str], headers: Any, cookies: list[str]) -> None:
    for name in op.security[0] if op.security else ():
        scheme = document.deref(document.schemes.get(name))
        kind = scheme.get("type")
        if kind == "apiKey" and scheme.get("in") == "query":
            query.append(f"{quote_plus(str(scheme.get('name')))}=key")
        elif kind == "apiKey" and scheme.get("in") == "cookie":
            cookies.append(f"{scheme.get('name')}=key")
        elif kind == "apiKey":
            headers.append((str(scheme.get("name")), "key"))
        elif kind == "basic" or str(scheme.get("scheme")).lower() == "basic":
            headers.append(("authorization", "Basic YWRhOnNlY3JldA=="))
        else:
            headers.append(("authorization", "Bearer token"))


def flat(value: Any) -> str:
    """A value as text: lists joined by commas."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(flat(item) for item in value)
    if isinstance(value, dict):
        return ",".join(f"{key},{flat(item)}" for key, item in value.items())
    return "" if value is None else str(value)


def pairs(one: Field, value: Any) -> list[str]:
    """A query parameter as `name=value` pairs."""
    name = quote_plus(one.name, safe="[]$")
    if one.media:
        return [f"{name}={quote_plus(json.dumps(value))}"]
    if isinstance(value, list) and one.explode and one.style != "deepObject":
        return [f"{name}={quote_plus(flat(item))}" for item in value]
    if isinstance(value, list):
        glue = {"spaceDelimited": "%20", "pipeDelimited": "|", "tab": "%09"}.get(one.style, ",")
        return [f"{name}={glue.join(quote_plus(flat(item)) for item in value)}"]
    if isinstance(value, dict) and one.style == "deepObject":
        return [f"{name}[{quote_plus(key)}]={quote_plus(flat(item))}" for key, item in value.items()]
    if isinstance(value, dict) and one.explode:
        return [f"{quote_plus(key)}={quote_plus(flat(item))}" for key, item in value.items()]
    return [f"{name}={quote_plus(flat(value))}"]


def encode(body: Any, media: str, schema: Any = None) -> tuple[bytes, str]:
    """Bytes of a body and its content type."""
    plain = media.partition(";")[0].strip().lower()
    if plain == FORM:
        parts = [p for key, item in body.items() for p in pairs(Field(key, "query", True, {}), item)]
        return "&".join(parts).encode(), plain
    if plain == MULTIPART:
        return _multipart(body, schema), f"{MULTIPART}; boundary=b"
    if "xml" in plain:
        return xml(body, "root"), media
    if "json" in plain or "*" in plain:
        return json.dumps(body).encode(), "application/json" if "*" in plain else media
    return flat(body).encode() or b"x", media


def _multipart(body: Any, schema: Any) -> bytes:
    out = b""
    shown = (schema or {}).get("properties") or {}
    for key, item in body.items():
        node = shown.get(key) if isinstance(shown.get(key), dict) else {}
        file = node.get("x-file") or node.get("format") == "binary"
        for each in item if isinstance(item, list) else [item]:
            text = json.dumps(each) if isinstance(each, dict) else flat(each)
            name = f'name="{key}"' + ('; filename="a.bin"' if file else "")
            out += f"--b\r\nContent-Disposition: form-data; {name}\r\n\r\n{text}\r\n".encode()
    return out + b"--b--\r\n"


def xml(value: Any, name: str) -> bytes:
    """A value as an XML document without any of the document's `xml` hints."""
    return ('<?xml version="1.0"?>' + _element(value, name)).encode()


def _element(value: Any, name: str) -> str:
    if isinstance(value, dict):
        return f"<{name}>{''.join(_element(item, key) for key, item in value.items())}</{name}>"
    if isinstance(value, list):
        return "".join(_element(item, name) for item in value)
    return f"<{name}>{escape(flat(value))}</{name}>"

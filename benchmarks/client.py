"""Calls a twin of a document in process, and checks each reply against the document."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from twinkit.contract.responses import ResponseChecker
from twinkit.server.app import TwinApp
from twinkit.server.catalogue import document_twin
from twinkit.server.hosting import Hosting

AUTH = ((b"authorization", b"Bearer x"), (b"host", b"t"), (b"x-api-key", b"k"), (b"api-key", b"k"))


class Client:
    """One twin, called without a socket."""

    def __init__(self, file: Path) -> None:
        twin = document_twin(str(file))
        self.app = TwinApp(Hosting(twin, seed=1, base_url="http://t"))
        self.index = twin.index
        self.checker = ResponseChecker(twin.index)
        self.replies: Counter[str] = Counter()
        self.invalid: list[str] = []

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        media: str | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> tuple[int, Any, Mapping[str, str]]:
        """(status, decoded body, headers)."""
        raw, headers = encode(body, media)
        headers += [*AUTH, *((name.lower().encode(), value.encode()) for name, value in (extra or {}).items())]
        plain, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": method.upper(),
            "path": plain,
            "raw_path": plain.encode(),
            "query_string": query.encode(),
            "headers": headers,
            "extensions": {},
        }
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": raw, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        with contextlib.suppress(StopIteration):
            self.app(scope, receive, send).send(None)
        return self._read(method, path, sent)

    def _read(self, method: str, path: str, sent: list[Any]) -> tuple[int, Any, Mapping[str, str]]:
        """The reply, and whether it fits the contract."""
        start = next(m for m in sent if m["type"] == "http.response.start")
        content = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
        try:
            decoded = json.loads(content) if content else None
        except ValueError:
            decoded = content
        headers = {k.decode(): v.decode() for k, v in start["headers"]}
        self.replies["all"] += 1
        match = self.index.match(method, path.partition("?")[0])
        if start["status"] >= 500:
            self.replies["5xx"] += 1
            self.invalid.append(f"{method} {path}: {start['status']} {content[:200]!r}")
        if match is not None and (
            start["status"] < 400 or self.index.operation(match.operation).response(start["status"])
        ):
            wrong = self.checker.check(match.operation, start["status"], content, headers.get("content-type"))
            if wrong and start["status"] != 204 and "without a body" not in wrong[0]:
                self.replies["invalid"] += 1
                self.invalid.append(f"{method} {path} {match.operation}: {start['status']} {wrong[0][:160]}")
        return start["status"], decoded, headers


def encode(body: Any, media: str | None) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """The bytes of a body and its headers."""
    if body is None:
        return b"", []
    if media and "x-www-form-urlencoded" in media:
        return urlencode(flat(body)).encode(), [(b"content-type", b"application/x-www-form-urlencoded")]
    if media and "multipart" in media:
        parts = [
            f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v if isinstance(v, str) else json.dumps(v)}\r\n'
            for k, v in (body.items() if isinstance(body, dict) else [("file", body)])
        ]
        return ("".join(parts) + "--b--\r\n").encode(), [(b"content-type", b"multipart/form-data; boundary=b")]
    if media and "json" not in media and "*" not in media and isinstance(body, str):
        return body.encode(), [(b"content-type", media.encode())]
    named = media if media and "*" not in media else "application/json"
    return json.dumps(body).encode(), [(b"content-type", named.encode())]


def flat(body: Any, name: str = "") -> list[tuple[str, str]]:
    """The pairs of a form: `a[b]=…` for objects, `a[0][b]=…` for lists of objects, repeated names for plain lists."""
    if isinstance(body, dict):
        return [pair for k, v in body.items() for pair in flat(v, f"{name}[{k}]" if name else k)]
    if isinstance(body, list):
        placed = [(f"{name}[{n}]" if isinstance(v, (dict, list)) else name, v) for n, v in enumerate(body)]
        return [pair for inner, v in placed for pair in flat(v, inner)]
    return [(name, body if isinstance(body, str) else json.dumps(body))]

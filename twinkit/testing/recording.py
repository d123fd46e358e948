"""Recordings: exchanges with a real service, written down by a loopback proxy with every secret taken out.

A recording is JSON lines: a head, then one exchange each. Imports: errors; httpx when it proxies.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from twinkit.errors import UsageError

Message = MutableMapping[str, Any]
VERSION = 1
KEPT_HEADERS = ("content-type", "location", "link", "retry-after")
"""Reply headers worth comparing; the rest is the transport's."""
UNSENT = re.compile(
    r"authorization|cookie|host|user-agent|content-length|date|origin|referer|expect|te|trailer|connection|keep-alive"
    r"|transfer-encoding|accept-encoding|accept-language|accept-charset|cache-control|pragma|proxy-.*|sec-.*"
    r"|.*-client-user-agent|.*-telemetry"
)
"""Request headers that a replay does not send again: of the transport, of the client, and credentials."""
HOP = {"host", "connection", "keep-alive", "transfer-encoding", "content-length", "accept-encoding", "proxy-connection"}
PATTERNS = re.compile(
    r"(?:sk|rk|pk)_(?:test|live)_\w+|whsec_\w+|\b\w+_secret_\w+|xox[abeoprs]-[\w-]+|xapp-[\w-]+"
    r"|eyJ[\w-]+\.[\w-]+\.[\w-]*|\bSSWS\s+[\w-]+"
)
"""What a credential looks like wherever it stands: API keys, webhook and client secrets, Slack tokens, JWTs."""
NAMES = re.compile(r"(?i)(secret|token|password|passwd|api[_-]?key|private[_-]?key|authorization|assertion)$")
"""Names of properties whose value is a credential."""


def is_sent(header: str) -> bool:
    """Whether a replay sends a request's header again: what the service reads, not what the client says of itself."""
    return UNSENT.fullmatch(header) is None


class Redactor:
    """Replaces secrets by stable placeholders: the same secret is the same placeholder throughout a recording."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._placeholders: dict[str, str] = {}
        for secret in known:
            self.placeholder(secret)

    def placeholder(self, secret: str) -> str:
        """The placeholder of a secret; values too short to be one are given back as they are."""
        if len(secret) < 6 or secret.startswith("{secret-"):
            return secret
        return self._placeholders.setdefault(secret, f"{{secret-{len(self._placeholders) + 1}}}")

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take the credentials of a request's headers as secrets."""
        word, _, rest = headers.get("authorization", "").partition(" ")
        if word.lower() == "basic":
            try:
                for part in base64.b64decode(rest).decode().split(":"):
                    self.placeholder(part)
            except (binascii.Error, UnicodeDecodeError):
                pass
        self.placeholder(rest)
        for part in headers.get("cookie", "").split(";"):
            self.placeholder(part.partition("=")[2])

    def text(self, text: str) -> str:
        """A text without secrets."""
        for secret in sorted(self._placeholders, key=len, reverse=True):
            text = text.replace(secret, self._placeholders[secret])
        return PATTERNS.sub(lambda match: self.placeholder(match[0]), text)

    def data(self, value: Any, name: str = "") -> Any:
        """Nested data without secrets; a property whose name says so is one whatever it looks like."""
        if isinstance(value, Mapping):
            return {key: self.data(inner, str(key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.data(inner, name) for inner in value]
        if isinstance(value, str):
            return self.placeholder(value) if NAMES.search(name) else self.text(value)
        return value

    def body(self, body: bytes, media_type: str) -> Any:
        """A body as data: JSON parsed, a form as text, both without secrets; other bytes as base64."""
        if not body:
            return None
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(body).decode()}
        if "json" in media_type:
            try:
                return {"json": self.data(json.loads(text))}
            except ValueError:
                pass
        if "form-urlencoded" in media_type:
            return {"text": "&".join(self._pair(pair) for pair in text.split("&"))}
        return {"text": self.text(text)}

    def _pair(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        if NAMES.search(unquote(name).rstrip("]")):
            return f"{name}{equals}{self.placeholder(value)}"
        return self.text(pair)


@dataclass(slots=True)
class Recorded:
    """One exchange of a recording; bodies are `{"json": …}`, `{"text": …}`, `{"base64": …}` or None."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any
    status: int
    reply_headers: dict[str, str]
    reply: Any


@dataclass(slots=True)
class Recording:
    """Everything that a suite asked of a service."""

    twin: str
    upstream: str
    exchanges: list[Recorded] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Write it as JSON lines."""
        head = {"twinkit": "recording", "version": VERSION, "twin": self.twin, "upstream": self.upstream}
        lines = [head, *(asdict(each) for each in self.exchanges)]
        path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Recording:
        """Read what `save` wrote. Raises UsageError."""
        try:
            lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
            head = lines[0]
            if head["twinkit"] != "recording" or head["version"] != VERSION:
                raise UsageError(f"{path} is a recording of another version: {head.get('version')}")
            return cls(head["twin"], head["upstream"], [Recorded(**line) for line in lines[1:]])
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}") from None
        except (ValueError, KeyError, IndexError, TypeError):
            raise UsageError(f"{path} is no recording; make one with `twin record`") from None


class Recorder:
    """An ASGI application that passes every request on to `upstream` and writes the exchange down.

    `guard` gets a request's headers and says why it is not passed on, if it is not.
    """

    def __init__(
        self, recording: Recording, redactor: Redactor, guard: Callable[[Mapping[str, str]], str] | None = None
    ) -> None:
        self.recording = recording
        self.redactor = redactor
        self.guard = guard or (lambda headers: "")
        self._client: Any = None

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[None]:
        import httpx

        async with httpx.AsyncClient(base_url=self.recording.upstream, timeout=120, trust_env=True) as client:
            self._client = client
            yield

    async def __call__(self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Any) -> None:
        """Pass one request on."""
        if scope["type"] == "lifespan":
            await receive()
            async with self._connected():
                await send({"type": "lifespan.startup.complete"})
                await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body = await whole(receive)
        refused = self.guard(headers)
        if refused:
            await reply_with(send, 403, [(b"content-type", b"text/plain")], refused.encode())
            return
        target = scope["raw_path"].decode("latin-1").partition("?")[0]
        query = scope["query_string"].decode("latin-1")
        passed = {name: value for name, value in headers.items() if name not in HOP}
        url = target + (f"?{query}" if query else "")
        reply = await self._client.request(scope["method"], url, headers=passed, content=body)
        self.note(scope["method"], target, query, headers, body, reply)
        dropped = HOP | {"content-encoding"}
        kept = [(name, value) for name, value in reply.headers.raw if name.decode().lower() not in dropped]
        await reply_with(send, reply.status_code, kept, reply.content)

    def note(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes, reply: Any) -> None:
        """Write one exchange down, without its secrets."""
        redact = self.redactor
        redact.learn(headers)
        sent = {name: redact.text(value) for name, value in headers.items() if is_sent(name)}
        got = {name: redact.text(reply.headers[name]) for name in KEPT_HEADERS if name in reply.headers}
        self.recording.exchanges.append(
            Recorded(
                method, redact.text(path), redact.text(query), sent,
                redact.body(body, headers.get("content-type", "")), reply.status_code, got,
                redact.body(reply.content, reply.headers.get("content-type", "")),
            )
        )  # fmt: skip


async def reply_with(send: Any, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    """Send a whole reply."""
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


async def whole(receive: Callable[[], Awaitable[Message]]) -> bytes:
    """A request's whole body."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body

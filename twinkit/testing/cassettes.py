"""Recordings that other tools made, read as a `Recording`: VCR cassettes and HAR files.

Cassettes are those of Ruby's VCR and Betamax (`http_interactions`), vcrpy and go-vcr (`interactions`), PHP-VCR and
ExVCR (a list of `request` and `response`) and nock (a list of `scope`), in YAML or JSON; HAR is HTTP Archive 1.2, which
Polly writes as well. Secrets are taken out as `twin record` does.
Imports: recording, files, errors; yaml when it is no JSON.
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from twinkit.errors import UsageError
from twinkit.files import read_text
from twinkit.testing.recording import KEPT_HEADERS, Recorded, Recording, Redactor, is_sent

Known = Callable[[str], str]
"""Host → name of the twin that stands for it, empty when there is none."""


@dataclass(slots=True)
class Interaction:
    """One request and its reply as a cassette has them."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    status: int
    reply_headers: dict[str, str]
    reply: bytes


@dataclass(slots=True)
class Cassette:
    """A recording, and how many of the file's exchanges went to other hosts than those of its twin."""

    recording: Recording
    elsewhere: int = 0
    redactor: Redactor = field(default_factory=Redactor)


def load(path: Path, known: Known = lambda host: "") -> Cassette:
    """Read a recording of `twin record`, a cassette or a HAR file. Raises UsageError."""
    text = read_text(path)
    if text.startswith('{"twinkit"'):
        return Cassette(Recording.load(path))
    try:
        found = list(interactions(_data(text, path)))
    except (KeyError, TypeError, ValueError, AttributeError, EOFError, zlib.error) as error:
        raise UsageError(f"{path} is no recording that can be read: {type(error).__name__}: {error}") from None
    if not found:
        raise UsageError(f"{path} is no recording; make one with `twin record`, or give a VCR cassette or a HAR file")
    return assemble(found, known)


def interactions(data: Any) -> Iterator[Interaction]:
    """The exchanges of a cassette or HAR file that was parsed."""
    if isinstance(data, Mapping) and isinstance(data.get("log"), Mapping):
        yield from (_of_archive(entry) for entry in data["log"].get("entries", ()))
    elif isinstance(data, Mapping):
        for name in ("http_interactions", "interactions"):
            rows = data.get(name) or ()
            yield from (_of_cassette(row) for row in (rows.values() if isinstance(rows, Mapping) else rows))
    elif isinstance(data, list):
        for row in data:
            if isinstance(row, Mapping) and "scope" in row:
                yield _of_nock(row)
            elif isinstance(row, Mapping) and "request" in row:
                yield _of_cassette(row)


def assemble(found: Iterable[Interaction], known: Known) -> Cassette:
    """A recording of what went to the hosts of one twin; of the commonest host, when no twin is known for any."""
    rows = list(found)
    hosts = Counter(urlsplit(row.url).netloc for row in rows)
    names = {host: known(host.partition(":")[0]) for host in hosts}
    chosen = next((host for host, _ in hosts.most_common() if names[host]), hosts.most_common(1)[0][0])
    kept = [row for row in rows if urlsplit(row.url).netloc == chosen or names[urlsplit(row.url).netloc]]
    kept = [row for row in kept if names[urlsplit(row.url).netloc] == names[chosen]]
    scheme = urlsplit(kept[0].url).scheme
    cassette = Cassette(Recording(names[chosen], f"{scheme}://{chosen}"), len(rows) - len(kept))
    cassette.recording.exchanges.extend(_recorded(row, cassette.redactor) for row in kept)
    return cassette


def _recorded(row: Interaction, redact: Redactor) -> Recorded:
    parts = urlsplit(row.url)
    redact.learn(row.headers)
    sent = {name: redact.text(value) for name, value in row.headers.items() if is_sent(name)}
    got = {name: redact.text(row.reply_headers[name]) for name in KEPT_HEADERS if name in row.reply_headers}
    return Recorded(
        row.method.upper(), redact.text(parts.path or "/"), redact.text(parts.query), sent,
        redact.body(row.body, row.headers.get("content-type", "")), row.status, got,
        redact.body(row.reply, row.reply_headers.get("content-type", "")),
    )  # fmt: skip


def _data(text: str, path: Path) -> Any:
    if text.lstrip()[:1] in ("{", "["):
        return json.loads(text)
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        """YAML as Ruby and Python write it: `!binary`, and tags of classes, which are passed over."""

    def plain(loader: Any, suffix: str, node: Any) -> Any:
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return loader.construct_scalar(node)

    Loader.add_constructor("!binary", lambda loader, node: base64.b64decode(loader.construct_scalar(node)))
    Loader.add_multi_constructor("!", plain)
    Loader.add_multi_constructor("tag:yaml.org,2002:python/", plain)
    try:
        return yaml.load(text, Loader)
    except yaml.YAMLError as error:
        raise UsageError(f"{path} is no recording that can be read: {error}") from None


def _of_cassette(row: Mapping[str, Any]) -> Interaction:
    request, response = row["request"], row["response"]
    headers, reply_headers = _headers(request.get("headers")), _headers(response.get("headers"))
    status = response.get("status", response.get("status_code", response.get("code")))
    if isinstance(status, Mapping):
        status = status["code"]
    elif isinstance(status, str):
        status = response.get("code") or status.split()[0]
    return Interaction(
        str(request["method"]), str(request.get("uri") or request["url"]), headers,
        _bytes(request.get("body"), {}), int(status or response["status_code"]), reply_headers,
        _bytes(response.get("body"), reply_headers),
    )  # fmt: skip


def _of_nock(row: Mapping[str, Any]) -> Interaction:
    raw: Any = row.get("rawHeaders") or row.get("headers") or {}
    pairs = zip(raw[::2], raw[1::2], strict=False) if isinstance(raw, list) else raw.items()
    reply_headers = {str(name).lower(): str(value) for name, value in pairs}
    response = row.get("response", "")
    if isinstance(response, list) and response and all(isinstance(part, str) for part in response):
        reply = _decoded(bytes.fromhex("".join(response)), reply_headers)
    else:
        reply = response.encode() if isinstance(response, str) else json.dumps(response).encode()
    if not isinstance(response, str):
        reply_headers.setdefault("content-type", "application/json")
    body = row.get("body", "")
    form = isinstance(body, str)
    headers = {**_headers(row.get("reqheaders"))}
    headers.setdefault("content-type", "application/x-www-form-urlencoded" if form else "application/json")
    content = body.encode() if form else json.dumps(body).encode()
    url = str(row["scope"]).removesuffix(":443") + str(row["path"])
    return Interaction(str(row.get("method", "GET")), url, headers, content, int(row.get("status", 200)),
                       reply_headers, reply)  # fmt: skip


def _of_archive(entry: Mapping[str, Any]) -> Interaction:
    request, response = entry["request"], entry["response"]
    headers = _named(request.get("headers"))
    posted = request.get("postData") or {}
    text = posted.get("text") or urlencode([(each["name"], each.get("value", "")) for each in posted.get("params", ())])
    if posted.get("mimeType"):
        headers.setdefault("content-type", posted["mimeType"])
    content = response.get("content") or {}
    reply = (content.get("text") or "").encode()
    if content.get("encoding") == "base64":
        reply = base64.b64decode(reply)
    reply_headers = _named(response.get("headers"))
    reply_headers.setdefault("content-type", content.get("mimeType", ""))
    return Interaction(request["method"], request["url"], headers, text.encode(), int(response["status"]),
                       reply_headers, reply)  # fmt: skip


def _headers(given: Any) -> dict[str, str]:
    if isinstance(given, list):
        return {str(name).lower(): str(value) for name, value in given}
    return {
        str(name).lower(): ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in (given or {}).items()
    }


def _named(given: Any) -> dict[str, str]:
    return {str(each["name"]).lower(): str(each["value"]) for each in given or () if not each["name"].startswith(":")}


def _bytes(body: Any, headers: Mapping[str, str]) -> bytes:
    if isinstance(body, Mapping):
        for name in ("base64_string", "string", "data", "text"):
            if body.get(name):
                return _bytes(base64.b64decode(body[name]) if name == "base64_string" else body[name], headers)
        return b""
    if body is None:
        return b""
    content = body if isinstance(body, bytes) else str(body).encode()
    return _decoded(content, headers)


def _decoded(content: bytes, headers: Mapping[str, str]) -> bytes:
    """Content without its compression, if it still has it: most tools write it down without."""
    if content[:2] == b"\x1f\x8b":
        return gzip.decompress(content)
    if headers.get("content-encoding") == "deflate" and content[:1] == b"\x78":
        return zlib.decompress(content)
    return content

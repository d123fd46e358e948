"""Reading a document: from a file, an http(s) URL or a package resource; JSON or YAML; leniently.

References to other documents are bundled under `x-external` and stay references; nothing is resolved in place.
At the top only the standard library and orjson: YAML parsers, httpx and prance are imported when needed.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from twinkit.contract.finding import Finding
from twinkit.errors import UsageError

EXTERNAL = "x-external"
MAX_BYTES = 256 * 1024 * 1024
PATIENCE = 60
"""Seconds in which a document must have come whole."""
_OUTSIDE = re.compile(rb"\$ref[\"']?\s*:\s*[\"']?[^#\"'\s{]")
_BOMB = re.compile(r"^(?: {2000}|[ \t]*(?:[-?:][ \t]+){200})", re.MULTILINE)
_ALIAS = re.compile(r"(?<![^\s\[,:{-])\*[\w.-]+")
ALIASES = 20
"""From so many on, aliases are read by the parser that keeps what they stand for once: expanded they may be endless."""
_COMMENT = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_COMMA = re.compile(r'"(?:[^"\\]|\\.)*"|,(\s*[}\]])', re.DOTALL)
_URL = re.compile(r"^https?://", re.IGNORECASE)
_PACKAGE = re.compile(r"^(?:python://)?([A-Za-z_][\w.]*)[:/](?![\\/])(.+)$")


class Unreachable(UsageError):
    """The host of a URL does not answer; asking it again would only take as long again."""


@dataclass
class Document:
    """A parsed document as published, with what was remarked about it."""

    source: str
    data: dict[str, Any]
    findings: list[Finding] = field(default_factory=list)
    sha256: str = ""
    """Of the bytes as read."""
    files: list[str] = field(default_factory=list)
    """Other files it is made of."""


def load(source: str | Path) -> Document:
    """Read an OpenAPI document (2.0, 3.0, 3.1). Raises UsageError with one clear message when it is none."""
    document = read(source)
    kind = _kind(document.data)
    if kind is None:
        other = next((name for key, name in OTHERS.items() if key in document.data), None)
        if other is not None:
            raise UsageError(f"{source}: {other}; an OpenAPI document (2.0, 3.0 or 3.1) is needed here")
        raise UsageError(f"{source}: not an OpenAPI document: it has neither `openapi`, `swagger` nor `paths`")
    if kind == "asyncapi":
        raise UsageError(f"{source}: an AsyncAPI document; an OpenAPI document is needed here")
    return document


def read(source: str | Path) -> Document:
    """Read any JSON or YAML document that is a mapping, its references to other documents bundled."""
    raw, name = fetch(str(source))
    data = parse(raw, str(source))
    if not isinstance(data, dict):
        raise UsageError(f"{source}: not an OpenAPI document: {_instead(raw)}")
    document = Document(str(source), data, sha256=hashlib.sha256(raw).hexdigest())
    if _OUTSIDE.search(raw):
        from twinkit.contract.bundle import bundle

        skipped, document.files = bundle(data, name)
        document.findings.extend(skipped)
    return document


OTHERS = {
    "swaggerVersion": "a Swagger 1 document",
    "arazzo": "an Arazzo document",
    "overlay": "an OpenAPI Overlay document",
    "item": "a Postman collection",
    "log": "a HAR recording",
    "$schema": "a JSON schema",
}
"""What other documents are known by, and what they are."""


def _instead(raw: bytes) -> str:
    """What a source holds in place of a document."""
    head = raw.removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    if not head:
        return "it is empty"
    if head.startswith((b"<!doctype html", b"<html")):
        return "it is an HTML page"
    if set(head) & set(range(1, 9)):
        return "it is no text"
    return "it is XML" if head.startswith(b"<?xml") else "the top level is no mapping"


def _kind(data: dict[str, Any]) -> str | None:
    for key in ("openapi", "swagger", "asyncapi"):
        if key in data:
            return key
    return "openapi" if isinstance(data.get("paths"), dict) else None


def fetch(source: str) -> tuple[bytes, str]:
    """The bytes of a source and its absolute name (path or URL). Raises UsageError when it cannot be read."""
    if _URL.match(source):
        return _fetch_url(source)
    path = Path(source.removeprefix("file://"))
    try:
        if path.is_file():
            if path.stat().st_size > MAX_BYTES:
                raise UsageError(f"{source}: larger than {MAX_BYTES // 1024 // 1024} MB")
            return path.read_bytes(), str(path.absolute())
    except (OSError, ValueError) as error:
        raise UsageError(f"{source}: cannot be read: {error}") from error
    package = _PACKAGE.match(source)
    if package is not None and not path.exists():
        return _fetch_package(source, *package.groups())
    raise UsageError(f"{source}: {'a folder, not a file' if path.is_dir() else 'no such file'}")


def _fetch_url(url: str) -> tuple[bytes, str]:
    """The bytes and the URL they came from at last, which is what references are relative to."""
    import time

    import httpx

    end = time.monotonic() + PATIENCE
    found = bytearray()
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=20) as reply:
            if reply.is_error:
                raise UsageError(f"{url}: cannot be fetched: {reply.status_code} {reply.reason_phrase}")
            for piece in reply.iter_bytes():
                found += piece
                if len(found) > MAX_BYTES:
                    raise UsageError(f"{url}: larger than {MAX_BYTES // 1024 // 1024} MB")
                if time.monotonic() > end:
                    raise Unreachable(f"{url}: cannot be fetched: not whole after {PATIENCE} seconds")
            return bytes(found), str(reply.url)
    except httpx.TransportError as error:
        raise Unreachable(f"{url}: cannot be fetched: {error}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UsageError(f"{url}: cannot be fetched: {error}") from error


def _fetch_package(source: str, package: str, name: str) -> tuple[bytes, str]:
    from importlib.util import find_spec

    import prance.util.url as remote

    try:
        if find_spec(package) is None:
            raise UsageError(f"{source}: no such file, and no package {package!r}")
        text, _ = remote.fetch_url_text(remote.absurl(f"python://{package}/{name}"))  # type: ignore[no-untyped-call]
    except (OSError, ImportError, LookupError, ValueError) as error:
        raise UsageError(f"{source}: cannot be read from package {package!r}: {error}") from error
    return text.encode(), f"python://{package}/{name}"


def parse(raw: bytes, source: str) -> Any:
    """JSON or YAML (1.2 first, then leniently 1.1) as plain JSON values. Raises UsageError when it is neither."""
    raw = unpacked(raw, source).removeprefix(b"\xef\xbb\xbf")
    if raw.lstrip()[:1] in (b"{", b"[") or raw.lstrip()[:2] in (b"//", b"/*"):
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            reason = str(error)
        for text in (decoded(raw), uncommented(decoded(raw))):
            try:
                return _plain(json.loads(text, strict=False), source)
            except (ValueError, RecursionError):
                continue
        return _plain(_parse_yaml(decoded(raw), source, reason), source)
    return _plain(_parse_yaml(decoded(raw), source, ""), source)


def unpacked(raw: bytes, source: str) -> bytes:
    """The bytes, unpacked when they are gzip. Raises UsageError for what is none, or larger than a document may be."""
    if raw[:2] != b"\x1f\x8b":
        return raw
    import zlib

    unzip = zlib.decompressobj(wbits=31)
    try:
        plain = unzip.decompress(raw, MAX_BYTES)
    except zlib.error as error:
        raise UsageError(f"{source}: gzip that cannot be unpacked: {error}") from None
    if unzip.unconsumed_tail:
        raise UsageError(f"{source}: unpacks to more than {MAX_BYTES // 1024 // 1024} MB")
    if not unzip.eof:
        raise UsageError(f"{source}: gzip that ends too early")
    return plain


def uncommented(text: str) -> str:
    """JSON without `//` and `/* */` comments and without commas before a closing bracket."""
    bare = _COMMENT.sub(lambda match: match[0] if match[0][0] == '"' else " ", text)
    return _COMMA.sub(lambda match: match[0] if match[0][0] == '"' else match[1], bare)


def decoded(raw: bytes) -> str:
    """The text of a document: UTF-8 or UTF-16, else Latin-1."""
    encodings = ["utf-8-sig"]
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings.append("utf-16")
    elif raw[:1] == b"\0" or raw[1:2] == b"\0":
        encodings.insert(0, "utf-16-be" if raw[:1] == b"\0" else "utf-16-le")
    for encoding in encodings:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def _parse_yaml(text: str, source: str, reason: str) -> Any:
    if _BOMB.search(text):  # the parsers recurse in native code: they must not see it
        raise UsageError(f"{source}: neither JSON nor YAML: nested too deeply")
    import yaml12

    if "<<:" not in text and len(_ALIAS.findall(text)) < ALIASES:
        try:
            return yaml12.parse_yaml(text)
        except Exception:  # whatever the parser raises: the lenient one decides
            pass
    from twinkit.contract.yaml11 import parse_lenient

    try:
        return parse_lenient(text)
    except ValueError as error:
        raise UsageError(f"{source}: neither JSON nor YAML: {reason or error}") from error


class _TooMany(ValueError):
    """A document that is a bomb."""


def _plain(value: Any, source: str) -> Any:
    """Only what JSON has: text keys, no dates, tags, surrogates, NaN or huge integers. Raises UsageError on a bomb."""
    budget = [5_000_000]
    try:
        return _plain_node(value, budget, 0)
    except _TooMany:
        raise UsageError(f"{source}: expands to more than five million nodes") from None


def _plain_node(value: Any, budget: list[int], depth: int) -> Any:
    budget[0] -= 1
    if budget[0] < 0:
        raise _TooMany
    kind = type(value)
    if kind is str:
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if kind is dict:
        if depth > 400:
            return {}
        return {_key(key): _plain_node(item, budget, depth + 1) for key, item in value.items()}
    if kind is list or kind is tuple or kind is set:
        return [] if depth > 400 else [_plain_node(item, budget, depth + 1) for item in value]
    if kind is int:
        return value if -(2**63) <= value < 2**64 else float(str(value)) if len(str(value)) < 300 else str(value)
    if kind is float:
        return value if value - value == 0 else None
    if value is None or kind is bool:
        return value
    return _plain_node(value.value, budget, depth + 1) if hasattr(value, "value") else str(value)


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key if key.isascii() else key.encode("utf-8", "replace").decode()
    if isinstance(key, bool):
        return "true" if key else "false"
    return "null" if key is None else str(getattr(key, "value", key))

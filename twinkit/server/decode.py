"""From the wire to plain data, by the request's own content type. Imports: contract.wire, behaviour (request)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from twinkit.behaviour.request import Request
from twinkit.contract.multipart import parse_multipart
from twinkit.contract.wire import parse_form, parse_json, parse_query
from twinkit.contract.xmlbody import parse_xml

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
READ = re.compile("json|form|xml|^text/", re.IGNORECASE)
"""Media types whose content is read; any other is kept as bytes, however it is encoded."""


class UnsupportedMediaType(ValueError):
    """The operation takes no body of this content type."""


def decode_query(request: Request) -> dict[str, Any]:
    """The query string by the operation's declared styles. Raises WireError."""
    if not request.raw_query:
        return {}
    assert request.operation is not None
    return parse_query(request.raw_query, request.operation.bracketed)


def decode_body(request: Request, options: Mapping[str, Any]) -> tuple[str | None, Any]:
    """(media type, data) of the body; (None, None) when there is none. Raises WireError, UnsupportedMediaType.

    The overlay's option `content_types` names media types every operation takes besides its declared ones.
    """
    if not request.raw:
        return None, None
    operation = request.operation
    assert operation is not None
    given = request.headers.get("content-type", "")
    media_type = given.partition(";")[0].strip().lower()
    declared = operation.body.content if operation.body else {}
    admitted = choose(media_type, declared, options.get("content_types", ()))
    if admitted is None:
        if not declared:
            return None, None
        expected = ", ".join(declared)
        raise UnsupportedMediaType(f"content type {media_type or '(none)'} is not supported here; send {expected}")
    encoding = request.headers.get("content-encoding")
    if encoding is not None and encoding.lower() != "identity" and READ.search(admitted):
        raise UnsupportedMediaType(f"content encoding {encoding} is not supported here; send the body as it is")
    return admitted, parse(admitted, given, request)


def choose(media_type: str, declared: Mapping[str, Any], extra: Sequence[str]) -> str | None:
    """The declared media type (or one of `extra`) that admits the given one; None when there is none."""
    if not media_type:
        return next(iter(declared), None)
    for candidate in (*declared, *extra):
        name = candidate.partition(";")[0].strip().lower()
        if name == media_type or name == "*/*":
            return candidate if name == media_type else media_type
        if name.endswith("/*") and media_type.startswith(name[:-1]):
            return media_type
        if name.endswith("+json") and media_type == "application/json":
            return candidate
    return None


def parse(media_type: str, content_type: str, request: Request) -> Any:
    """The body as plain data; XML as its root element, text as str, anything unknown as bytes."""
    name = media_type.partition(";")[0].strip().lower()
    body = request.operation.body if request.operation else None
    whole = body.bracketed.get(media_type, ()) if body else ()
    if name == FORM:
        return parse_form(request.raw, body.encoding.get(media_type) if body else None, whole=whole)
    if name == MULTIPART:
        return parse_multipart(request.raw, content_type, whole=whole)
    if name == "application/json" or name.endswith("+json") or name == "text/json":
        return parse_json(request.raw)
    if name.endswith(("/xml", "+xml")):
        return parse_xml(request.raw)
    if name.startswith("text/"):
        return request.raw.decode("utf-8", "replace")
    if ("json" in name or "form" in name) and request.raw.lstrip()[:1] in (b"{", b"["):
        return parse_json(request.raw)  # types that nobody registered: `application/form-data`
    return request.raw

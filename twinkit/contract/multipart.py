"""Multipart bodies: `multipart/form-data` as nested fields and uploads. Imports: contract.wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from twinkit.contract.wire import MAX_DEPTH, MAX_PARAMETERS, Upload, WireError, apply_encoding, nest

_BOUNDARY = re.compile(r'boundary=(?:"([^"]+)"|([^;,\s]+))', re.IGNORECASE)
_ATTRIBUTE = re.compile(r';\s*([\w*-]+)=(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))')


def parse_multipart(
    body: bytes,
    content_type: str,
    encoding: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    whole: tuple[str, ...] = (),
    max_depth: int = MAX_DEPTH,
    max_parameters: int = MAX_PARAMETERS,
) -> dict[str, Any]:
    """Fields as text, files as `Upload`, names nested as in forms. Raises WireError when it is malformed."""
    found = _BOUNDARY.search(content_type)
    if not found:
        raise WireError("malformed", "body", "multipart without a boundary")
    mark = b"--" + (found[1] or found[2]).encode()
    pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise WireError("malformed", "body", "multipart without its closing boundary")
    parts = pieces[1:-1]
    if len(parts) > max_parameters:
        raise WireError("too_many", "body")
    form = nest([_part(part) for part in parts], whole=whole, max_depth=max_depth)
    return apply_encoding(form, encoding) if encoding else form


def _part(part: bytes) -> tuple[str, str | Upload]:
    head, separator, data = part.partition(b"\r\n\r\n")
    if not separator:
        raise WireError("malformed", "body", "a part without headers")
    try:
        lines = head.decode().split("\r\n")
    except UnicodeDecodeError:
        raise WireError("malformed", "body", "part headers are not UTF-8") from None
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    attributes = _attributes(headers.get("content-disposition", ""))
    name = attributes.get("name")
    if name is None:
        raise WireError("malformed", "body", "a part without a name")
    filename = _filename(attributes)
    if filename is not None:
        return name, Upload(filename, headers.get("content-type", "application/octet-stream"), data)
    try:
        return name, data.decode()
    except UnicodeDecodeError:
        return name, Upload("", headers.get("content-type", "application/octet-stream"), data)


def _attributes(disposition: str) -> dict[str, str]:
    return {
        key.lower(): (re.sub(r"\\(.)", r"\1", quoted) if quoted else plain)
        for key, quoted, plain in _ATTRIBUTE.findall(disposition)
    }


def _filename(attributes: Mapping[str, str]) -> str | None:
    extended = attributes.get("filename*")
    if extended is not None:
        return unquote(extended.rpartition("'")[2])
    return attributes.get("filename")

"""Twins of documents written in a test, over HTTP."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from twinkit.testing import TwinServer


@contextlib.contextmanager
def document_server(folder: Path, document: dict[str, Any] | str) -> Iterator[httpx.Client]:
    """A client of the twin of a document; what needs credentials has them."""
    file = folder / "service.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    with TwinServer(openapi=file) as server:
        twin = server.default()
        with httpx.Client(base_url=server.hosted["service"].url, timeout=30) as client:
            yield client
        twin.close()


def content(media: str, schema: Any) -> dict[str, Any]:
    """`content` of one media type."""
    return {"content": {media: {"schema": schema}}}


TEXT: dict[str, Any] = {"type": "string"}
WHOLE: dict[str, Any] = {"type": "integer"}


def thing(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    """An object schema."""
    return {"type": "object", "required": list(required), "properties": properties}


def json_content(schema: Any) -> dict[str, Any]:
    """Content of a body or reply."""
    return content("application/json", schema)


def collection(
    path: str,
    param: str,
    shown: Any,
    *,
    body: Any = None,
    made: Any = None,
    wrap: Any = lambda schema: schema,
    listed: Any = None,
    above: tuple[str, ...] = (),
    kind: Any = TEXT,
) -> dict[str, Any]:
    """POST and GET on a path; GET, PUT and DELETE on its items."""
    parameters = [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in above]
    own = {"name": param, "in": "path", "required": True, "schema": kind}
    gone = {"404": {"description": ""}}
    body = json_content(body if body is not None else shown)
    made = json_content(made if made is not None else wrap(shown))
    listed = json_content(listed if listed is not None else {"type": "array", "items": shown})
    return {
        path: {
            "parameters": parameters,
            "get": {"responses": {"200": {"description": "", **listed}}},
            "post": {"requestBody": body, "responses": {"201": {"description": "", **made}}},
        },
        f"{path}/{{{param}}}": {
            "parameters": [*parameters, own],
            "get": {"responses": {"200": {"description": "", **json_content(wrap(shown))}, **gone}},
            "put": {
                "requestBody": body,
                "responses": {"200": {"description": "", **json_content(wrap(shown))}, **gone},
            },
            "delete": {"responses": {"204": {"description": ""}, **gone}},
        },
    }


def changed(body: Any) -> Any:
    """The same body with another title."""
    if isinstance(body, dict):
        return {name: "b" if name.lower().endswith("title") else changed(value) for name, value in body.items()}
    return [changed(value) for value in body] if isinstance(body, list) else body


def at(value: Any, place: str) -> Any:
    """What stands at a dotted place; numbers count elements."""
    for part in place.split(".") if place else ():
        value = value[int(part)] if part.isdecimal() else value[part]
    return value

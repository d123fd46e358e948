"""Error answers in the form that an operation documents: its media type, and a body that fits its schema.

The body comes from a skeleton made when the contract was compiled; where the words put into it do not fit (an enum, a
pattern, one branch of several), a valid body is made and keeps of the words what it can. Imports: contract.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from twinkit.contract.model import Schema
from twinkit.contract.validate import accepts
from twinkit.errors import ServiceError

if TYPE_CHECKING:
    from twinkit.behaviour.ctx import Ctx


def documented_error(ctx: Ctx, name: str, status: int, body: Any, media: str) -> ServiceError:
    """The error with this body, mended where it does not fit its schema, written in its media type."""
    operation = ctx.request.operation if ctx.request else None
    response = operation.response(status) if operation else None
    schema = response.content.get(media) if response else None
    if schema is not None and operation is not None and not accepts(ctx.twin.index, schema, body):
        made = ctx.twin.examples(ctx.seed).required_only(schema, f"error/{operation.id}/{status}")
        body = mended(ctx, schema, made, body)
    told, headers = written(ctx, body, media, schema)
    if response is not None and response.required_headers and ctx.request is not None:
        from twinkit.behaviour.generic.replies import required_headers

        headers = {**required_headers(ctx, ctx.request, status), **headers}
    return ServiceError(status, told, headers, name=name)


def mended(ctx: Ctx, schema: Schema, made: Any, words: Any) -> Any:
    """A valid body with as many of the words as it admits."""
    if not isinstance(made, dict) or not isinstance(words, Mapping):
        return made
    for key, value in words.items():
        trial = {**made, key: value}
        if value not in (None, "", [], {}) and accepts(ctx.twin.index, schema, trial):
            made = trial
    return made


def written(ctx: Ctx, body: Any, media: str, schema: Schema | None) -> tuple[Any, dict[str, str]]:
    """The body as the media type has it, and its header."""
    name = media.partition(";")[0].strip().lower()
    if "*" in name:
        return body, {"content-type": "application/json" if not isinstance(body, str) else "text/plain; charset=utf-8"}
    headers = {"content-type": media}
    if "json" in name:
        return (orjson.dumps(body) if isinstance(body, str) else body), headers
    if name.endswith("xml"):
        from twinkit.behaviour.xml import to_xml

        return to_xml(body, "error", ctx.twin.index, True if schema is None else schema), headers
    return (body if isinstance(body, str) else orjson.dumps(body)), headers

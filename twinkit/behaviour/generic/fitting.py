"""The last look at a reply of generic behaviour: what does not fit the document is made to fit it.

For twins whose overlay says `replies: fit`, and for documents without an overlay. Records keep what callers sent, also
where a reply's schema is narrower (an id chosen in the path, a null that was stored); the reply shows what it may.
Imports: behaviour (ctx), contract.
"""

from __future__ import annotations

from typing import Any

import orjson

from twinkit.behaviour.ctx import Ctx
from twinkit.behaviour.generic.project import NOTHING, fit, shape_of
from twinkit.behaviour.request import RawJSON, Reply, Request, to_json
from twinkit.behaviour.twin import properties_of
from twinkit.contract.model import Schema
from twinkit.contract.validate import accepts


def fitted(ctx: Ctx, request: Request, reply: Reply) -> Reply:
    """The reply, its body mended where its schema refuses it."""
    schema = _schema(request, reply)
    if schema is None or schema is True:
        return reply
    raw = isinstance(reply.body, RawJSON)
    if isinstance(reply.body, bytes) and not raw:
        return reply
    value = orjson.loads(to_json(reply.body))
    if accepts(ctx.twin.index, schema, value):
        return reply
    value = mended(ctx, schema, value, f"{request.operation.id}/{request.url_path}" if request.operation else "")
    reply.body = RawJSON(orjson.dumps(value)) if raw or isinstance(value, str) else value
    return reply


def mended(ctx: Ctx, schema: Schema, value: Any, stream: str) -> Any:
    """The value with as much of it as the schema admits, else one made from the schema; where the schema contradicts
    itself, so that none can be made, the value as it is.
    """
    close = fit(ctx, schema, value)
    if close is not NOTHING and not _fewer(value, close):
        return close
    if isinstance(value, list):
        items = shape_of(ctx.twin, schema).items
        return [mended(ctx, items[0].schema, item, stream) for item in value] if items else value
    if isinstance(close, dict) and isinstance(value, dict):
        known = properties_of(ctx.twin.index, schema)
        return {n: mended(ctx, known[n], value[n], stream) if _fewer(value[n], v) else v for n, v in close.items()}
    examples = ctx.twin.examples(ctx.seed)
    made = examples.required_only(schema, f"fit/{stream}")
    if made in (None, [], {}) and not accepts(ctx.twin.index, schema, made):
        made = examples.example(schema, f"fit/{stream}")
    if isinstance(made, dict) and isinstance(value, dict):
        for name, item in value.items():
            trial = {**made, name: item}
            if accepts(ctx.twin.index, schema, trial):
                made = trial
    return made if accepts(ctx.twin.index, schema, made) else value


def _fewer(value: Any, close: Any) -> bool:
    """Whether a list lost elements: a record that does not fit is shown nevertheless."""
    if isinstance(value, list) and isinstance(close, list):
        return len(close) < len(value)
    if isinstance(value, dict) and isinstance(close, dict):
        return any(_fewer(item, close[name]) for name, item in value.items() if name in close)
    return False


def _schema(request: Request, reply: Reply) -> Schema | None:
    """The documented schema of a reply's JSON body; None when nothing is said of it."""
    response = request.operation.response(reply.status) if request.operation else None
    if response is None or reply.body is None:
        return None
    media = reply.media_type or "application/json"
    if "json" not in media:
        return None
    if media in response.content:
        return response.content[media]
    return next((schema for name, schema in response.content.items() if "json" in name or "*" in name), None)

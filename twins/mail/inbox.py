"""Taking a message in, however it came. Imports: parse, twinkit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twinkit import Ctx
from twins.mail import parse


def keep(ctx: Ctx, raw: bytes, sender: str, recipients: Sequence[str]) -> dict[str, Any]:
    """A message and its source as records; receivers hear `message.received`. Returns the record."""
    record = ctx.create("message", {**parse.fields(raw, sender, recipients), "received": ctx.now})
    ctx.store.insert("source", {"id": record["id"], "raw": parse.packed(raw)})
    ctx.emit("message.received", ctx.show("message", dict(record)))
    return record


def complete(record: dict[str, Any], ctx: Ctx) -> None:
    """What a message given by a few fields (a baseline) has beside them: the same as one that was sent."""
    if record.get("headers") or not (record.get("from") or record.get("to")):
        return
    given: Mapping[str, Any] = {**record, "from": record.get("from") or "nobody@example.test"}
    raw, sender, recipients = parse.compose(given)
    record.update(parse.fields(raw, sender, recipients))
    record["received"] = record.get("received") or ctx.now

"""Messages: list, read, send over HTTP, delete, their source and attachments. Imports: inbox, parse, the twin."""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Reply, Request
from twins.mail import inbox, parse, twin

BAD_NAME = str.maketrans("", "", '"\\\r\n')


@twin.handler("listMessages")
def list_messages(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Newest first. `to` is any recipient, `from` the sender, `subject` part of the subject; case does not matter."""
    limit = int(request.query.get("limit") or 100)
    after = request.query.get("after")
    if after and ctx.store.find("message", str(after)) is None:
        raise ctx.error("invalid_cursor", cursor=str(after))
    found: list[dict[str, Any]] = []
    passed = not after
    for record in ctx.store.select("message"):
        if passed and fits(record, request.query):
            found.append(record)
        passed = passed or record["id"] == after
        if len(found) > limit:
            break
    return {"messages": [ctx.show("message", record) for record in found[:limit]], "has_more": len(found) > limit}


def fits(record: dict[str, Any], query: Any) -> bool:
    """Whether a message is among those asked for."""
    to, sender, subject = (str(query.get(name) or "").lower() for name in ("to", "from", "subject"))
    return (
        (not to or to in [each.lower() for each in record["to"]])
        and (not sender or sender == str(record["from"]).lower())
        and subject in str(record["subject"]).lower()
    )


@twin.handler("sendMessage")
def send_message(ctx: Ctx, request: Request) -> Reply:
    """The same as sending it by SMTP."""
    raw, sender, recipients = parse.compose(request.body)
    return Reply(201, ctx.show("message", inbox.keep(ctx, raw, sender, recipients)))


@twin.handler("deleteMessage")
def delete_message(ctx: Ctx, request: Request) -> Reply:
    """One message and its source."""
    _forget(ctx, ctx.store.get("message", request.path["id"]))
    return Reply(204, None)


@twin.handler("deleteMessages")
def delete_messages(ctx: Ctx, request: Request) -> Reply:
    """Every message, or every message to one address."""
    for record in list(ctx.store.select("message")):
        if fits(record, {"to": request.query.get("to")}):
            _forget(ctx, record)
    return Reply(204, None)


def _forget(ctx: Ctx, record: dict[str, Any]) -> None:
    ctx.store.delete("message", record["id"])
    if ctx.store.find("source", record["id"]) is not None:
        ctx.store.delete("source", record["id"])


def source(ctx: Ctx, id: str) -> bytes:
    """The bytes of a message as they came; of one from a baseline, composed of its fields."""
    record = ctx.store.get("message", id)
    kept = ctx.store.find("source", id)
    return parse.unpacked(kept["raw"]) if kept is not None else parse.compose(record)[0]


@twin.handler("getMessageSource")
def get_source(ctx: Ctx, request: Request) -> Reply:
    """The message as it came (message/rfc822)."""
    return Reply(200, source(ctx, request.path["id"]), {"content-type": "message/rfc822"})


@twin.handler("getAttachment")
def get_attachment(ctx: Ctx, request: Request) -> Reply:
    """The content of an attachment, with its own type and name."""
    found = parse.attachments(parse.read(source(ctx, request.path["id"])))
    index = int(request.path["index"])
    if index >= len(found):
        raise ctx.error("not_found", id=f"{request.path['id']} with attachment {index}")
    name, kind, content = found[index]
    shown = name.translate(BAD_NAME)
    headers = {"content-type": kind, "content-disposition": f'attachment; filename="{shown}"'}
    return Reply(200, content, headers)


@twin.before("message", "create")
def before_create(ctx: Ctx, request: Request | None, record: dict[str, Any]) -> None:
    """First records may say as little as sender, recipients and text."""
    inbox.complete(record, ctx)


@twin.credentials
def credentials(ctx: Ctx) -> dict[str, Any]:
    """A user name and password of this instance: on any SMTP port of the twin they lead to it."""
    return {"smtp_user": ctx.own_credential("user"), "smtp_password": ctx.own_credential("password")}

"""What an app answers to an interaction, a command or a verification, and what `response_url`s do.

Sources: https://docs.slack.dev/interactivity/handling-user-interaction, /surfaces/modals. Imports: messages, modals.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from twinkit import Ctx, ServiceError
from twins.slack import dialogs, messages, modals, people, places, stamps
from twins.slack.args import Args
from twins.slack.failing import fail

USES = 5
LIFE = 30 * 60
"""Seconds in which a `response_url` works."""


def parse(body: bytes) -> Any:
    """The JSON of an answer; its text where it is none, None where there is nothing."""
    if not body.strip():
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")


def take(ctx: Ctx, event: Mapping[str, Any], ok: bool, answer: Any, *, late: bool = False) -> None:
    """Note an answer and do what it asks for; who ran a command that got none is told so, also that it came `late`."""
    if ctx.store.find("interaction", str(event["id"])) is not None:
        return
    note = {"id": event["id"], "type": event["type"], "ok": ok, "answer": answer, "app": event.get("app"), "errors": {}}
    if ok:
        try:
            note.update(_act(ctx, event, answer) or {})
        except ServiceError as error:
            note["error"] = error.body
    elif event["type"] == "slash_command":
        note["shown"] = _failed(ctx, event["body"], "operation_timeout" if late else "dispatch_failed")
    ctx.store.insert("interaction", note)


def _failed(ctx: Ctx, body: Mapping[str, Any], reason: str) -> str:
    """Tell who ran a command that its app did not take it."""
    text = f'{body["command"]} failed with the error "{reason}"'
    said = {"type": "message", "user": "USLACKBOT", "text": text, "team": body["team_id"]}
    places.whisper(ctx, str(body["channel_id"]), str(body["user_id"]), said)
    return text


def _act(ctx: Ctx, event: Mapping[str, Any], answer: Any) -> dict[str, Any] | None:
    body = event["body"]
    kind = str(event["type"])
    if kind == "url_verification":
        given = answer.get("challenge") if isinstance(answer, Mapping) else answer
        return {"verified": str(given or "").strip().removeprefix("challenge=") == body["challenge"]}
    if kind == "slash_command" and answer:
        payload = answer if isinstance(answer, Mapping) else {"text": str(answer)}
        respond(ctx, response_record(ctx, str(body["response_url"])), payload)
    if kind == "view_submission":
        return modals.submitted(ctx, event, answer if isinstance(answer, Mapping) else {})
    if kind == "dialog_submission":
        return dialogs.answered(ctx, event, answer)
    if kind == "interactive_message" and isinstance(answer, Mapping):
        respond(ctx, response_record(ctx, str(body["response_url"])), {"replace_original": True, **answer})
    if kind == "block_suggestion" and isinstance(answer, Mapping):
        return {"options": answer.get("options") or answer.get("option_groups")}
    return None


# response_url --------------------------------------------------------------------------------------------------------


def new_response_url(
    ctx: Ctx, app: str, channel: str, user: str, *, message_ts: str = "", ephemeral: bool = False, kind: str = "actions"
) -> str:
    """An address at which an app can say more about what somebody did."""
    team = str(ctx.store.get("channel", channel)["team"])
    path = f"/{kind}/{team}/{ctx.token('digits', 13)}/{ctx.token('alnum', 24)}"
    record = {
        "id": path, "app": app, "channel": channel, "user": user, "message_ts": message_ts, "ephemeral": ephemeral,
        "uses": 0, "expires": ctx.now + LIFE,
    }  # fmt: skip
    ctx.store.insert("response_url", record)
    return f"{ctx.base_url}{path}"


def response_record(ctx: Ctx, url: str) -> dict[str, Any]:
    """The record of a `response_url`."""
    path = url[url.index("/", url.index("//") + 2) :] if "//" in url else url
    found = ctx.store.find("response_url", path) or ctx.store.find("response_url", "/" + path.split("/", 3)[-1])
    if found is None:
        raise fail("no_service")
    return found


def use(ctx: Ctx, record: dict[str, Any], payload: Mapping[str, Any]) -> None:
    """Take a request to a `response_url`. Raises `used_url`, `expired_url`."""
    if ctx.now >= record["expires"]:
        raise fail("expired_url")
    if record["uses"] >= USES:
        raise fail("used_url")
    ctx.store.update("response_url", record["id"], uses=record["uses"] + 1)
    respond(ctx, record, payload)


def respond(ctx: Ctx, record: dict[str, Any], payload: Mapping[str, Any]) -> None:
    """Say, replace or delete, as the payload asks."""
    channel = ctx.store.get("channel", record["channel"])
    original = messages.find(ctx, channel["id"], record["message_ts"]) if record["message_ts"] else None
    if payload.get("delete_original"):
        if original is not None:
            messages.delete(ctx, channel, original[1])
        elif record["ephemeral"]:
            _forget(ctx, record)
        return
    said = {**_author(ctx, record, channel), **messages.content(Args(payload), ctx)}
    if payload.get("replace_original") and (original is not None or record["ephemeral"]):
        if original is None:
            _forget(ctx, record)
            _whisper(ctx, record, said, record["message_ts"])
        else:
            gone: dict[str, Any] = {"blocks": None, "attachments": None}
            edited = {"user": said["user"], "ts": stamps.new_ts(ctx)}
            content = {name: said[name] for name in ("text", *gone) if name in said}
            messages.change(ctx, channel, original[1], {**gone, **content, "edited": edited})
    elif payload.get("response_type") == "in_channel":
        messages.post(ctx, channel, said, thread_ts=str(payload.get("thread_ts") or ""))
    else:
        _whisper(ctx, record, said, "")


def _author(ctx: Ctx, record: Mapping[str, Any], channel: Mapping[str, Any]) -> dict[str, Any]:
    for bot in ctx.store.select("bot"):
        if bot["app_id"] == record["app"] and bot["team_id"] == channel["team"]:
            return {
                "user": bot["user_id"], "bot_id": bot["id"], "app_id": bot["app_id"], "team": channel["team"],
                "bot_profile": people.bot_profile(bot), "type": "message",
            }  # fmt: skip
    return {"user": "", "team": channel["team"], "type": "message"}


def _forget(ctx: Ctx, record: Mapping[str, Any]) -> None:
    id = f"{record['channel']} {record['message_ts']}"
    if ctx.store.find("ephemeral", id) is not None:
        ctx.store.delete("ephemeral", id)


def _whisper(ctx: Ctx, record: Mapping[str, Any], said: dict[str, Any], ts: str) -> None:
    places.whisper(ctx, str(record["channel"]), str(record["user"]), said, ts)

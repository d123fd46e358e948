"""Envelopes of Socket Mode: kept with what caused them, sent again until they are acknowledged.

Sources: https://docs.slack.dev/apis/events-api/using-socket-mode (acknowledging). That events are repeated as over HTTP
(at once, after a minute, after five, also when no socket was open), with `retry_attempt` and `retry_reason`:
https://github.com/slackapi/bolt-js/issues/2487, https://github.com/vercel/chat/issues/666. Imports: answers, webhooks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twinkit import Ctx, Filter
from twins.slack import answers, twin, webhooks

KINDS = {"event": "events_api", "interaction": "interactive", "command": "slash_commands"}
ANSWERABLE = frozenset({"view_submission", "block_suggestion", "slash_command"})
PATIENCE = 3
"""Seconds in which an envelope has to be acknowledged."""
WAITS = (0, 60, 300)
"""Seconds before each further attempt."""
LISTENERS: list[Callable[[Ctx, bool], None]] = []
"""What takes pending envelopes to the sockets, now or after the request; the module of sockets puts itself here."""


def keep(ctx: Ctx, app: str, event: Mapping[str, Any]) -> None:
    """Keep an envelope for an app, to be sent after the request; once for each event."""
    id = f"{event['id']} {app}"
    if ctx.store.find("envelope", id) is not None:
        return
    record = {"id": id, "app": app, "event": dict(event), "attempt": 0, "reason": ""}
    ctx.store.insert("envelope", {**record, **_ready(ctx, id)})
    _tell(ctx, now=False)


def _ready(ctx: Ctx, id: str) -> dict[str, Any]:
    timer = ctx.schedule("envelope", {"id": id, "step": "look"}, after=PATIENCE)
    return {"envelope": ctx.new_id("{uuid}"), "state": "pending", "timer": timer}


def _tell(ctx: Ctx, *, now: bool) -> None:
    for listener in LISTENERS:
        listener(ctx, now)


def pending(ctx: Ctx) -> list[dict[str, Any]]:
    """Envelopes that wait for a socket, oldest first."""
    return list(ctx.store.select("envelope", [Filter("state", "=", "pending")], order="oldest"))


def packed(ctx: Ctx, record: Mapping[str, Any]) -> dict[str, Any]:
    """An envelope as it goes over the socket."""
    event = record["event"]
    app = ctx.store.get("app", str(record["app"]))
    payload = webhooks.wrapped(ctx, app, event) if event["kind"] == "event" else event["body"]
    found = {
        "envelope_id": record["envelope"], "payload": payload, "type": KINDS[event["kind"]],
        "accepts_response_payload": event["type"] in ANSWERABLE,
    }  # fmt: skip
    again = {"retry_attempt": record["attempt"], "retry_reason": record["reason"]}
    return {**found, **again} if event["kind"] == "event" else found


def acknowledged(ctx: Ctx, message: Mapping[str, Any]) -> None:
    """Take an acknowledgement, with the answer in it."""
    where = [Filter("envelope", "=", str(message.get("envelope_id")))]
    record = next(ctx.store.select("envelope", where), None)
    if record is None or record["state"] in ("acknowledged", "failed"):
        return
    ctx.cancel(record["timer"])
    ctx.store.update("envelope", record["id"], state="acknowledged")
    if record["event"]["kind"] != "event":
        answers.take(ctx, record["event"], True, message.get("payload"))


@twin.timer("envelope")
def look(ctx: Ctx, data: dict[str, Any]) -> None:
    """Nobody acknowledged in time: events are sent again, what a person did has failed."""
    record = ctx.store.find("envelope", data["id"])
    if record is None or record["state"] in ("acknowledged", "failed"):
        return
    if data["step"] == "send":
        _again(ctx, record)
    elif record["event"]["kind"] != "event":
        ctx.store.update("envelope", record["id"], state="failed")
        answers.take(ctx, record["event"], False, None, late=True)
    elif record["attempt"] >= len(WAITS):
        ctx.store.update("envelope", record["id"], state="failed")
    elif WAITS[record["attempt"]]:
        timer = ctx.schedule("envelope", {"id": record["id"], "step": "send"}, after=WAITS[record["attempt"]])
        ctx.store.update("envelope", record["id"], state="waiting", timer=timer)
    else:
        _again(ctx, record)


def _again(ctx: Ctx, record: Mapping[str, Any]) -> None:
    more = {"attempt": record["attempt"] + 1, "reason": "timeout"}
    ctx.store.update("envelope", str(record["id"]), **more, **_ready(ctx, str(record["id"])))
    _tell(ctx, now=True)

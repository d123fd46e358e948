"""A page on which a person is somebody in the workspace: reads, posts, clicks, submits, reacts.

`GET /client` is the page, `GET /client/state` what it shows; what a person does goes to the controls of `human` and
`using`. It is the twin's own and looks like no page of the service. Imports: modals, places.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from twinkit import Ctx, Reply, Request
from twins.slack import dialogs, messages, modals, people, places, richtext, stamps, twin, webhooks, world
from twins.slack.incoming import fields

PAGE = Path(__file__).parent / "client.html"
SHOWN = 60
"""Messages of a conversation on the page."""


@cache
def page() -> bytes:
    """The page."""
    return PAGE.read_bytes()


@twin.page("GET", "/client", tool=True)
def client(ctx: Ctx, request: Request) -> Reply:
    """The workspace as somebody sees it."""
    return Reply(200, page(), media_type="text/html; charset=utf-8")


@twin.page("GET", "/client/state", tool=True)
def state(ctx: Ctx, request: Request) -> Reply:
    """Everything the page shows to `user` in `channel`, with the thread `thread`."""
    asked = fields(request.raw_query)
    me = people.named(ctx, asked.get("user") or "ana") or ctx.store.get("user", world.ANA)
    team = ctx.store.get("team", me["team_id"])
    known = [_listed(ctx, channel, me["id"]) for channel in _conversations(ctx, me)]
    chosen = asked.get("channel") or team["general"]
    channel = next((each for each in known if each["id"] == chosen), known[0] if known else None)
    view = next(reversed(modals.stack(ctx, me["id"])), None)
    dialog = dialogs.opened(ctx, me["id"])
    found = {
        "now": ctx.now, "team": {"id": team["id"], "name": team["name"]}, "me": me["id"],
        "users": {user["id"]: _person(user) for user in ctx.store.select("user", order="oldest")},
        "channels": known, "channel": channel, "apps": [_app(ctx, app, me) for app in webhooks.apps(ctx)],
        "messages": _said(ctx, channel["id"], me["id"]) if channel else [],
        "thread": _thread(ctx, channel["id"], asked.get("thread", "")) if channel else [],
        "view": _pane(view) if view else None, "dialog": dialog["dialog"] if dialog else None,
    }  # fmt: skip
    return Reply(200, found)


def _person(user: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": user["id"], "name": user["name"], "real_name": user["real_name"], "color": user["color"],
        "bot": user["is_bot"], "deleted": user["deleted"], "team": user["team_id"],
    }  # fmt: skip


def _app(ctx: Ctx, app: Mapping[str, Any], me: Mapping[str, Any]) -> dict[str, Any]:
    home = modals.home(ctx, str(me["id"]), str(app["id"]))
    return {"id": app["id"], "name": app["name"], "home": _pane(home) if home else None}


def _conversations(ctx: Ctx, me: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What somebody finds in the list at the side: channels of the workspace that are seen, and direct messages."""
    found = ctx.store.select("channel", order="oldest")
    return [channel for channel in found if channel["team"] == me["team_id"] and places.sees(ctx, channel, me["id"])]


def _listed(ctx: Ctx, channel: dict[str, Any], me: str) -> dict[str, Any]:
    member = places.membership(ctx, channel["id"], me)
    newest = ctx.store.list("message", parent=channel["id"], limit=1).ids
    last = newest[0].partition(" ")[2] if newest else places.NEVER
    unread = member is not None and stamps.micros_of(last) > stamps.micros_of(member["last_read"])
    name = channel["name"]
    if channel["kind"] == "im":
        name = (ctx.store.find("user", places.other(ctx, channel, me)) or {}).get("real_name", "")
    return {
        "id": channel["id"], "name": name, "kind": channel["kind"], "topic": channel["topic"]["value"],
        "archived": channel["is_archived"], "member": member is not None, "unread": unread,
    }  # fmt: skip


def _said(ctx: Ctx, channel: str, me: str) -> list[dict[str, Any]]:
    rows = ctx.store.list("message", parent=channel, order="newest", sort="@created", limit=SHOWN).rows
    whispered = (note for note in ctx.store.select("ephemeral", parent=me) if note["channel"] == channel)
    found = [*(orjson.loads(row) for row in rows), *whispered]
    return [_painted(message) for message in sorted(found, key=lambda message: stamps.micros_of(message["ts"]))]


def _thread(ctx: Ctx, channel: str, ts: str) -> list[dict[str, Any]]:
    if not ts or messages.find(ctx, channel, ts) is None:
        return []
    rows = ctx.store.list("reply", parent=messages.key(channel, ts), order="oldest", sort="@created", limit=SHOWN).rows
    parent = messages.need(ctx, channel, ts)
    return [_painted(parent), *(_painted(orjson.loads(row)) for row in rows)]


# texts as elements, which is all that the page can draw --------------------------------------------------------------


def rich(text: Any) -> list[dict[str, Any]]:
    """A text, or a text object, as the elements of rich text."""
    if isinstance(text, Mapping):
        plain = text.get("type") == "plain_text"
        words = str(text.get("text") or "")
        words = richtext.escaped(words) if plain else richtext.stored(words)
        return list(richtext.block(words, lambda: "", mrkdwn=not plain)["elements"]) if words else []
    words = str(text or "")
    return list(richtext.block(words, lambda: "")["elements"]) if words else []


def _block(block: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(block)
    if block["type"] in ("section", "header") and block.get("text"):
        made["rich"] = rich(block["text"])
    if block["type"] == "section":
        made["fields"] = [rich(field) for field in block.get("fields") or ()]
    if block["type"] == "context":
        made["elements"] = [
            element if element.get("type") == "image" else {"rich": rich(element)} for element in block["elements"]
        ]
    if block["type"] == "markdown":
        made["rich"] = rich({"type": "mrkdwn", "text": block.get("text", "")})
    return made


def _painted(message: Mapping[str, Any]) -> dict[str, Any]:
    made = messages.shown(message)
    made["blocks"] = [_block(block) for block in message.get("blocks") or ()]
    if not made["blocks"]:
        made["rich"] = rich(message.get("text"))
    made["attachments"] = [
        {
            **each, "rich": rich(each.get("text")), "blocks": [_block(block) for block in each.get("blocks") or ()],
            "fields": [{**field, "rich": rich(str(field.get("value") or ""))} for field in each.get("fields") or ()],
        }
        for each in message.get("attachments") or ()
    ]  # fmt: skip
    return made


def _pane(view: Mapping[str, Any]) -> dict[str, Any]:
    return {**modals.shown(view), "blocks": [_block(block) for block in view["blocks"]]}

"""Records of a baseline file of which little was said, completed as they are stored. Imports: the twin, world, places.

One name makes an app with its bot and its tokens, a workspace with its #general, a user, a channel.
"""

from __future__ import annotations

import re
from typing import Any

from twinkit import Ctx, Request, UsageError
from twins.slack import people, places, twin, world


def _complete(record: dict[str, Any], whole: dict[str, Any]) -> None:
    for name, value in whole.items():
        if record.get(name) in (None, "", 0, {}, []):
            record[name] = value


@twin.before("user", "create")
def complete_user(ctx: Ctx, request: Request | None, record: dict[str, Any]) -> None:
    """A user of whom little was said: a name will do."""
    name = str(record.get("name") or record["id"]).lower()
    real = str(record.get("real_name") or name.title())
    whole = people.new_user(str(record.get("team_id") or world.TEAM), record["id"], name, real, ctx.now)
    profile = {key: value for key, value in (record.get("profile") or {}).items() if value}
    record["profile"] = {**whole["profile"], **profile}
    _complete(record, whole)


@twin.before("channel", "create")
def complete_channel(ctx: Ctx, request: Request | None, record: dict[str, Any]) -> None:
    """A channel of which little was said: a name will do; `members` are names or ids, `kind` is public or private."""
    members = record.pop("members", None) or []
    nothing = {"value": "", "creator": "", "last_set": 0}
    private = bool(record.get("is_private") or record.get("is_group"))
    for key in [key for key in record if key.startswith("is_") and key not in ("is_archived", "is_general")]:
        del record[key]
    whole = {
        "kind": "private" if private else "public", "name": record["id"].lower(), "creator": world.ANA,
        "created": ctx.now, "is_archived": False, "is_general": False, "previous_names": [], "team": world.TEAM,
        "updated": ctx.micros // 1000,
    }  # fmt: skip
    for name in ("topic", "purpose"):
        given = record.get(name)
        record[name] = {**nothing, "value": given} if isinstance(given, str) else {**nothing, **(given or {})}
    _complete(record, whole)
    found = [people.named(ctx, str(member)) for member in members]
    if None in found:
        raise UsageError(f"channel {record['name']}: nobody is called {members[found.index(None)]!r}")
    places.add(ctx, record, [str(user["id"]) for user in found if user])


@twin.before("token", "create")
def complete_token(ctx: Ctx, request: Request | None, record: dict[str, Any]) -> None:
    """A token of which little was said: its text, and for a person's the `user`; all scopes unless they are given."""
    text = str(record.get("token", ""))
    kind = {"xoxb": "bot", "xoxp": "user", "xapp": "app"}.get(text[:4])
    if kind is None:
        raise UsageError(f"a token begins with xoxb-, xoxp- or xapp-, not {text!r}")
    user = people.named(ctx, str(record.get("user") or ("ana" if kind == "user" else world.BOT_USER)))
    scopes = {"bot": world.BOT_SCOPES, "user": world.USER_SCOPES, "app": ("connections:write",)}[kind]
    whole = {
        "kind": kind, "app": world.APP, "team": world.TEAM, "revoked": False, "expires": 0, "scopes": list(scopes),
        "bot": world.BOT if kind == "bot" else "",
    }  # fmt: skip
    record["user"] = "" if kind == "app" or user is None else user["id"]
    _complete(record, whole)


def _word(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "app"


@twin.before("app", "create")
def complete_app(ctx: Ctx, request: Request | None, record: dict[str, Any]) -> None:
    """An app of which little was said: a name will do. It is installed, with `xoxb-<name>` and `xapp-<name>`.

    `installed: false` leaves its bot and tokens out; `team` is the workspace.
    """
    name = str(record.get("name") or record["id"])
    word = _word(name)
    team = str(record.pop("team", "") or world.TEAM)
    installed = record.pop("installed", True) is not False
    whole = {
        "name": name, "client_id": f"{word}.client", "client_secret": f"{word}-client-secret",
        "signing_secret": f"{word}-signing-secret", "verification_token": f"{word}-verification-token",
        "bot_scopes": list(world.BOT_SCOPES), "user_scopes": [], "redirect_uris": [], "token_rotation": False,
        "request_url": "", "commands": {}, "webhooks": {}, "unfurl_domains": ["*"],
    }  # fmt: skip
    record.setdefault("events", ["*"])
    _complete(record, whole)
    if installed:
        _install(ctx, record, team, word)


def _install(ctx: Ctx, app: dict[str, Any], team: str, word: str) -> None:
    bot, user = ctx.new_id("bot"), ctx.new_id("user")
    people.add_bot(ctx, team, app["id"], bot, user, word, app["name"])
    common = {"app": app["id"], "team": team, "revoked": False, "expires": 0}
    scopes = list(app["bot_scopes"])
    held = {**common, "kind": "bot", "user": user, "bot": bot, "scopes": scopes}
    world.add_token(ctx, {**held, "token": f"xoxb-{word}"})
    own = {**common, "kind": "app", "user": "", "bot": "", "scopes": ["connections:write", "authorizations:read"]}
    world.add_token(ctx, {**own, "token": f"xapp-{word}"})


@twin.before("team", "create")
def complete_team(ctx: Ctx, request: Request | None, record: dict[str, Any]) -> None:
    """A workspace of which little was said: a name will do. It has a #general."""
    name = str(record.get("name") or record["id"])
    general = ctx.new_id("channel")
    whole = {
        "name": name, "domain": _word(name), "email_domain": f"{_word(name)}.test", "created": ctx.now, "plan": "plus",
        "icon": people.team_icon(), "general": general,
        "primary_owner": {"id": "", "email": ""},
    }  # fmt: skip
    _complete(record, whole)
    organisation = next(ctx.store.select("enterprise", order="oldest"), None)
    if organisation is not None and not record.get("enterprise_id"):
        record.update(
            enterprise_id=organisation["id"], enterprise_name=organisation["name"],
            enterprise_domain=organisation["domain"],
        )  # fmt: skip
    if record["general"] == general:
        places.new_channel(ctx, general, "general", "", record["id"], is_general=True)

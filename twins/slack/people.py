"""User and bot records, and how replies show them. Imports: the kit's public names, failing.

Source: https://docs.slack.dev/reference/objects/user-object.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import Any

import orjson

from twinkit import Ctx, Filter
from twins.slack.failing import fail

AVATARS = "https://a.slack-edge.com/twinkit"
SIZES = (24, 32, 48, 72, 192, 512)


def team_icon() -> dict[str, Any]:
    """The icon of a workspace that has set none."""
    sizes = {f"image_{size}": f"{AVATARS}/team_{size}.png" for size in (34, 44, 68, 88, 102, 132)}
    return {"image_default": True, **sizes}


def new_user(team: str, id: str, name: str, real_name: str, now: int, **special: Any) -> dict[str, Any]:
    """A user record."""
    first, _, last = real_name.partition(" ")
    digest = sha256(id.encode()).hexdigest()
    profile: dict[str, Any] = {
        "title": "", "phone": "", "skype": "", "real_name": real_name, "real_name_normalized": real_name,
        "display_name": name, "display_name_normalized": name, "fields": {}, "status_text": "", "status_emoji": "",
        "status_emoji_display_info": [], "status_text_canonical": "", "huddle_state": "default_unset",
        "huddle_state_expiration_ts": 0, "status_expiration": 0, "avatar_hash": digest[:12],
        "email": f"{name}@twinkit.test", "first_name": first,
        "last_name": last, "team": team,
    }  # fmt: skip
    profile.update({f"image_{size}": f"{AVATARS}/{digest[:12]}_{size}.png" for size in SIZES})
    user = {
        "id": id, "team_id": team, "name": name, "deleted": False, "color": digest[:6], "real_name": real_name,
        "tz": "Europe/Lisbon", "tz_label": "Western European Time", "tz_offset": 0, "profile": profile,
        "is_admin": False, "is_owner": False, "is_primary_owner": False, "is_restricted": False,
        "is_ultra_restricted": False, "is_bot": False, "is_app_user": False, "updated": now, "is_email_confirmed": True,
        "who_can_share_contact_card": "EVERYONE", "presence": "away", "locale": "en-US",
    }  # fmt: skip
    user.update(special)
    return user


def add_bot(ctx: Ctx, team: str, app: str, bot: str, user: str, name: str, real_name: str) -> dict[str, Any]:
    """Store a bot and its user; returns the bot's record."""
    icons = {f"image_{size}": f"{AVATARS}/bot_{size}.png" for size in (36, 48, 72)}
    record = {
        "id": bot, "deleted": False, "name": name, "updated": ctx.now, "app_id": app, "user_id": user, "icons": icons,
        "team_id": team,
    }  # fmt: skip
    ctx.store.insert("bot", record)
    owner = new_user(team, user, name, real_name, ctx.now, is_bot=True, presence="active")
    owner["profile"].update({"bot_id": bot, "api_app_id": app, "always_active": True})
    owner["profile"].pop("email")
    ctx.store.insert("user", owner)
    return record


GONE = (
    "color", "real_name", "tz", "tz_label", "tz_offset", "is_admin", "is_owner", "is_primary_owner", "is_restricted",
    "is_ultra_restricted", "is_email_confirmed", "who_can_share_contact_card",
)  # fmt: skip
"""What nobody is told of somebody deactivated, as recorded in https://github.com/slack-ruby/slack-ruby-client."""


def shown(user: dict[str, Any], *, locale: bool = False, email: bool = True) -> dict[str, Any]:
    """A user as a reply shows it."""
    hidden = {"presence", "dnd", "manual_away"} | (set() if locale else {"locale"})
    found = {key: value for key, value in user.items() if key not in hidden}
    if user["deleted"]:
        for key in GONE:
            found.pop(key, None)
    without = {"fields"} if email else {"fields", "email"}
    found["profile"] = {key: value for key, value in user["profile"].items() if key not in without}
    return found


def told(user: dict[str, Any]) -> dict[str, Any]:
    """A user as events tell it: with locale and the fields of the profile."""
    found = shown(user, locale=True)
    found["profile"] = {**found["profile"], "fields": user["profile"].get("fields", {})}
    return found


def profile(user: dict[str, Any]) -> dict[str, Any]:
    """A profile as the methods of profiles show it: with its fields, without the workspace."""
    return {key: value for key, value in user["profile"].items() if key != "team"}


def find(ctx: Ctx, id: str, error: str = "user_not_found") -> dict[str, Any]:
    """A user by id. Raises `error`."""
    user = ctx.store.find("user", id)
    if user is None:
        raise fail(error)
    return user


def named(ctx: Ctx, name: str) -> dict[str, Any] | None:
    """A user by id or by name, with or without the at sign."""
    plain = name.removeprefix("@")
    found = ctx.store.find("user", plain)
    if found is not None:
        return found
    rows = ctx.store.list("user", [Filter("name", "=", plain)], limit=1).ids
    return ctx.store.get("user", rows[0]) if rows else None


@lru_cache(maxsize=256)
def voice(raw: bytes) -> dict[str, Any]:
    """What a stored bot puts on its messages; nobody changes it."""
    bot = orjson.loads(raw)
    return {"bot_id": bot["id"], "app_id": bot["app_id"], "bot_profile": bot_profile(bot)}


@lru_cache(maxsize=2048)
def card(raw: bytes, *, locale: bool, email: bool) -> tuple[str, orjson.Fragment]:
    """The workspace of a stored user, and how a reply shows the user."""
    user = orjson.loads(raw)
    return user["team_id"], orjson.Fragment(orjson.dumps(shown(user, locale=locale, email=email)))


def bot_profile(bot: dict[str, Any]) -> dict[str, Any]:
    """The part of a bot that its messages show."""
    return {key: bot[key] for key in ("id", "deleted", "name", "updated", "app_id", "user_id", "icons", "team_id")}

"""users.* and users.profile.*. Source: https://docs.slack.dev/reference/methods. Imports: people, paging."""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Filter
from twins.slack import emoji, people, realtime, twin, webhooks
from twins.slack.call import Call, method
from twins.slack.failing import fail
from twins.slack.paging import page

RESERVED = ("id", "team", "email_confirmed", "avatar_hash", "bot_id", "api_app_id")
ADMIN_ONLY = ("email",)
MAX_STATUS = 100
LARGEST_PAGE = 1000


def _shown(call: Call, user: dict[str, Any]) -> dict[str, Any]:
    email = "users:read.email" in call.scopes or user["id"] == call.user
    return people.shown(user, locale=call.args.flag("include_locale"), email=email)


def changed(ctx: Ctx, user: dict[str, Any], *, status: bool = False) -> None:
    """Tell the apps that somebody's record is another, and the status if that changed."""
    shown = {"user": people.told(user), "cache_ts": ctx.now}
    for type in ("user_change", "user_profile_changed", *(("user_status_changed",) if status else ())):
        webhooks.notify(ctx, user["team_id"], type, shown)


@method("users.info")
def info(call: Call) -> dict[str, Any]:
    """One person."""
    id = call.args.text("user")
    raw = call.ctx.store.raw("user", id)
    if raw is None:
        raise fail("user_not_found")
    email = "users:read.email" in call.scopes or id == call.user
    team, card = people.card(raw, locale=call.args.flag("include_locale"), email=email)
    if team != call.team:
        raise fail("user_not_visible")
    return {"user": card}


@method("users.list")
def list_users(call: Call) -> dict[str, Any]:
    """Everybody, the deactivated too, oldest first; all at once where no `limit` is given."""
    rows = list(call.ctx.store.select("user", [Filter("team_id", "=", call.team)], order="oldest"))
    most = LARGEST_PAGE if "limit" in call.args else max(len(rows), 1)
    shown, metadata = page(call.args, rows, lambda row: str(row["id"]), "user", default=most, maximum=most)
    members = [_shown(call, row) for row in shown]
    return {"members": members, "cache_ts": call.ctx.now, "response_metadata": metadata}


@method("users.lookupByEmail")
def by_email(call: Call) -> dict[str, Any]:
    """The person with an address."""
    email = call.args.text("email").lower()
    for user in call.ctx.store.select("user", [Filter("team_id", "=", call.team)]):
        if str(user["profile"].get("email", "")).lower() == email and email and not user["deleted"]:
            return {"user": _shown(call, user)}
    raise fail("users_not_found")


@method("users.identity")
def identity(call: Call) -> dict[str, Any]:
    """Who signed in."""
    user = call.ctx.store.get("user", call.user)
    found: dict[str, Any] = {"name": user["real_name"], "id": user["id"]}
    if "identity.email" in call.scopes:
        found["email"] = user["profile"].get("email", "")
    return {"user": found, "team": {"id": call.team}}


@method("users.getPresence")
def get_presence(call: Call) -> dict[str, Any]:
    """Whether somebody is there."""
    user = people.find(call.ctx, call.args.text("user") or call.user)
    found: dict[str, Any] = {"presence": user["presence"]}
    if user["id"] == call.user:
        online = user["presence"] == "active"
        found.update(
            online=online, auto_away=False, manual_away=bool(user.get("manual_away")), connection_count=int(online)
        )
    return found


@method("users.setPresence")
def set_presence(call: Call) -> dict[str, Any]:
    """Be away, or as one is."""
    wanted = call.args.text("presence")
    if wanted not in ("auto", "away"):
        raise fail("invalid_presence")
    presence = "away" if wanted == "away" else "active"
    call.ctx.store.update("user", call.user, presence=presence, manual_away=wanted == "away")
    realtime.presence(call.ctx, call.user, call.team, presence)
    return {}


@method("users.setActive")
def set_active(call: Call) -> dict[str, Any]:
    """Be there."""
    call.ctx.store.update("user", call.user, presence="active")
    realtime.presence(call.ctx, call.user, call.team, "active", by_hand=False)
    return {}


# profiles ------------------------------------------------------------------------------------------------------------


@method("users.profile.get")
def get_profile(call: Call) -> dict[str, Any]:
    """Somebody's profile."""
    user = people.find(call.ctx, call.args.text("user") or call.user)
    return {"profile": people.profile(user)}


@method("users.profile.set")
def set_profile(call: Call) -> dict[str, Any]:
    """Change one's profile, or, as an admin, another's."""
    target = call.args.text("user") or call.user
    user = people.find(call.ctx, target)
    if target != call.user and not call.is_admin:
        raise fail("not_admin")
    if target != call.user and (user["is_admin"] or user["is_owner"]):
        raise fail("cannot_update_admin_user")
    changes = _profile_changes(call)
    for name in changes:
        if name in RESERVED:
            raise fail("reserved_name")
        if name in ADMIN_ONLY and not call.is_admin:
            raise fail("not_admin")
    if len(str(changes.get("status_text", ""))) > MAX_STATUS:
        raise fail("profile_set_failed")
    _check_status_emoji(call, str(changes.get("status_emoji") or ""))
    profile = {**user["profile"], **changes}
    if "real_name" not in changes and {"first_name", "last_name"} & set(changes):
        profile["real_name"] = f"{profile['first_name']} {profile['last_name']}".strip()
    profile["real_name_normalized"] = profile["real_name"]
    profile["display_name_normalized"] = profile["display_name"]
    after = call.ctx.store.update("user", target, profile=profile, real_name=profile["real_name"], updated=call.ctx.now)
    expires = int(profile.get("status_expiration") or 0)
    if expires > call.ctx.now:
        call.ctx.schedule("status", {"user": target, "at": expires}, at=expires)
    changed(call.ctx, after, status=any(name.startswith("status_") for name in changes))
    return {"username": after["name"], "profile": people.profile(after)}


def _check_status_emoji(call: Call, given: str) -> None:
    """The emoji of a status is one between colons. Raises `profile_status_set_failed_…`."""
    name = given.strip(":").partition("::")[0]
    if given and given != f":{given.strip(':')}:":
        raise fail("profile_status_set_failed_not_emoji_syntax")
    if given and not (emoji.code_points(name) or call.ctx.store.find("emoji", name)):
        raise fail("profile_status_set_failed_not_valid_emoji")


@twin.timer("status")
def clear_status(ctx: Ctx, data: dict[str, Any]) -> None:
    """A status has had its time, unless it was set anew."""
    user = ctx.store.find("user", data["user"])
    if user is None or int(user["profile"].get("status_expiration") or 0) != data["at"]:
        return
    profile = {**user["profile"], "status_text": "", "status_emoji": "", "status_expiration": 0}
    changed(ctx, ctx.store.update("user", user["id"], profile=profile, updated=ctx.now), status=True)


def _profile_changes(call: Call) -> dict[str, Any]:
    name = call.args.text("name")
    if name:
        return {name: call.args.text("value")}
    profile = call.args.json("profile", "invalid_profile")
    if not isinstance(profile, dict) or not profile:
        raise fail("invalid_profile")
    return profile


@method("users.setPhoto")
def set_photo(call: Call) -> dict[str, Any]:
    """Another picture of oneself."""
    image = call.args.data.get("image")
    data = getattr(image, "data", image)
    if isinstance(data, str):
        data = data.encode("latin-1", "replace")
    if not data:
        raise fail("not_found")
    if not bytes(data).startswith((b"\x89PNG", b"\xff\xd8", b"GIF8")):
        raise fail("bad_image")
    digest = call.ctx.token("hex", 12)
    return {"profile": _picture(call, digest, True)}


@method("users.deletePhoto")
def delete_photo(call: Call) -> dict[str, Any]:
    """No picture."""
    _picture(call, call.ctx.token("hex", 12), False)
    return {}


def _picture(call: Call, digest: str, custom: bool) -> dict[str, Any]:
    user = call.ctx.store.get("user", call.user)
    profile = {**user["profile"], "avatar_hash": digest, "is_custom_image": custom}
    profile.update({f"image_{size}": f"{people.AVATARS}/{digest}_{size}.png" for size in people.SIZES})
    after = call.ctx.store.update("user", call.user, profile=profile, updated=call.ctx.now)
    changed(call.ctx, after)
    return profile


@method("users.discoverableContacts.lookup")
def discoverable(call: Call) -> dict[str, Any]:
    """Whether somebody outside is known by an address."""
    call.args.need("email")
    return {"is_discoverable": False}

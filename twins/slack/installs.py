"""Installing apps: codes, tokens, refresh tokens, what `oauth.v2.access` tells. Imports: people, pkce, world, failing.

Sources: https://docs.slack.dev/authentication/installing-with-oauth, /authentication/using-token-rotation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter
from twins.slack import enterprises, people, pkce, webhooks, world
from twins.slack.failing import fail

ROTATION = 43_200
"""Seconds that a token lives when the app rotates its tokens."""
CODE_LIFE = 600
MOST_ACTIVE = 2
"""Tokens that expire and have not, of one owner."""


def new_code(ctx: Ctx, app: Mapping[str, Any], user: str, asked: Mapping[str, str]) -> str:
    """A code that stands for somebody's consent."""
    team = ctx.store.get("user", user)["team_id"]
    code = f"{ctx.token('digits', 13)}.{ctx.token('digits', 13)}.{ctx.token('hex', 64)}"
    record = {
        "id": code, "kind": "code", "app": app["id"], "user": user, "team": team, "scope": asked.get("scope", ""),
        "user_scope": asked.get("user_scope", ""), "redirect_uri": asked.get("redirect_uri", ""),
        "explicit": bool(asked.get("redirect_uri")), "expires": ctx.now + CODE_LIFE, "nonce": asked.get("nonce", ""),
        "challenge": asked.get("code_challenge", ""), "challenge_method": asked.get("code_challenge_method", ""),
    }  # fmt: skip
    ctx.store.insert("grant", record)
    return code


def install(ctx: Ctx, app: Mapping[str, Any], grant: Mapping[str, Any]) -> dict[str, Any]:
    """Tokens of what somebody consented to; those of a program on somebody's machine expire. Raises `no_scopes`."""
    if pkce.desktop(app, str(grant["redirect_uri"])):
        app = {**app, "token_rotation": True, "public": True}
    scopes = _words(str(grant["scope"]))
    user_scopes = _words(str(grant["user_scope"]))
    if not scopes and not user_scopes:
        raise fail("no_scopes")
    team = ctx.store.get("team", str(grant["team"]))
    found: dict[str, Any] = {"app_id": app["id"], "authed_user": {"id": grant["user"]}}
    if scopes:
        found.update(_bot_part(ctx, app, grant, scopes))
    if user_scopes:
        user = {"user": grant["user"], "bot": "", "kind": "user", "team": grant["team"], "scopes": user_scopes}
        found["authed_user"].update({"scope": ",".join(user_scopes), **issue(ctx, app, user)})
    if "incoming-webhook" in scopes:
        found["incoming_webhook"] = _webhook(ctx, app, team, str(grant["user"]))
    return {
        **found, "team": {"id": team["id"], "name": team["name"]}, "enterprise": enterprises.told(team),
        "is_enterprise_install": False,
    }  # fmt: skip


def _words(text: str) -> list[str]:
    return [word for word in text.replace(" ", ",").split(",") if word]


def _bot_part(ctx: Ctx, app: Mapping[str, Any], grant: Mapping[str, Any], scopes: list[str]) -> dict[str, Any]:
    team = str(grant["team"])
    bot = next((b for b in ctx.store.select("bot") if b["app_id"] == app["id"] and b["team_id"] == team), None)
    if bot is None:
        name = "".join(letter for letter in str(app["name"]).lower() if letter.isalnum()) or "bot"
        id, user = ctx.new_id("bot"), ctx.new_id("user")
        bot = people.add_bot(ctx, team, str(app["id"]), id, user, name, str(app["name"]))
    owner = {"user": bot["user_id"], "bot": bot["id"], "kind": "bot", "team": team, "scopes": scopes}
    return {"scope": ",".join(scopes), "bot_user_id": bot["user_id"], **issue(ctx, app, owner)}


def issue(ctx: Ctx, app: Mapping[str, Any], owner: Mapping[str, Any], old: str = "") -> dict[str, Any]:
    """A new token, with a refresh token where the app rotates them; its first use ends the `old` one."""
    kind = str(owner["kind"])
    secret = f"{ctx.token('digits', 12)}-{ctx.token('digits', 13)}-{ctx.token('alnum', 24)}"
    rotating = bool(app.get("token_rotation"))
    prefix = "xoxb" if kind == "bot" else "xoxp"
    token = f"xoxe.{prefix}-1-{secret}" if rotating else f"{prefix}-{secret}"
    expires = ctx.now + ROTATION if rotating else 0
    world.add_token(ctx, {**owner, "token": token, "app": app["id"], "revoked": False, "expires": expires})
    found: dict[str, Any] = {"access_token": token, "token_type": kind}
    if rotating:
        refresh = f"xoxe-1-{ctx.token('alnum', 140)}"
        ctx.store.insert(
            "grant",
            {"id": refresh, "kind": "refresh", "app": app["id"], "token": token, "old": old, **_refresh_of(ctx, app)},
        )
        found.update(expires_in=ROTATION, refresh_token=refresh)
    return found


def _refresh_of(ctx: Ctx, app: Mapping[str, Any]) -> dict[str, Any]:
    """How long a refresh token lives, and whether it is good without the client's secret."""
    life = {"expires": ctx.now + pkce.REFRESH_LIFE} if app.get("pkce") else {}
    return {**life, "public": bool(app.get("public"))}


def refreshed(ctx: Ctx, app: Mapping[str, Any], refresh: str) -> dict[str, Any]:
    """New tokens for a refresh token, which is used up. Raises `invalid_refresh_token`."""
    found = ctx.store.find("grant", refresh)
    if found is None or found["kind"] != "refresh" or found["app"] != app["id"]:
        raise fail("invalid_refresh_token")
    if found.get("expires", ctx.now + 1) <= ctx.now:
        raise fail("invalid_refresh_token")
    ctx.store.delete("grant", refresh)
    if found.get("old"):
        ctx.store.update("token", found["old"], revoked=True)
    token = ctx.store.get("token", found["token"])
    done = exchanged(ctx, {**app, "token_rotation": True, "public": found.get("public")}, token)
    _end_oldest(ctx, token)
    return done


def _end_oldest(ctx: Ctx, owner: Mapping[str, Any]) -> None:
    """Revoke all but the two newest tokens of one owner that expire and have not."""
    where = [Filter(name, "=", owner[name]) for name in ("app", "team", "user")]
    alive = [
        token["token"] for token in ctx.store.select("token", where, order="oldest")
        if token.get("expires", 0) > ctx.now and not token["revoked"] and token["kind"] == owner["kind"]
    ]  # fmt: skip
    for token in alive[:-MOST_ACTIVE]:
        ctx.store.update("token", token, revoked=True)


def exchanged(ctx: Ctx, app: Mapping[str, Any], token: Mapping[str, Any], old: str = "") -> dict[str, Any]:
    """A new token of the same owner with the same scopes."""
    owner = {name: token[name] for name in ("user", "bot", "kind", "team", "scopes")}
    team = ctx.store.get("team", str(token["team"]))
    found = {
        **issue(ctx, {**app, "token_rotation": True}, owner, old), "scope": ",".join(token["scopes"]),
        "app_id": app["id"], "team": {"id": team["id"], "name": team["name"]}, "enterprise": enterprises.told(team),
        "is_enterprise_install": False,
    }  # fmt: skip
    if token["kind"] == "bot":
        found["bot_user_id"] = token["user"]
    return found


def _webhook(ctx: Ctx, app: Mapping[str, Any], team: Mapping[str, Any], user: str) -> dict[str, Any]:
    path = f"/services/{team['id']}/{ctx.new_id('bot')}/{ctx.token('alnum', 24)}"
    channel = str(team["general"])
    hooks = {**app["webhooks"], path: {"channel": channel, "team": team["id"], "user": user}}
    ctx.store.update("app", str(app["id"]), webhooks=hooks)
    name = ctx.store.get("channel", channel)["name"]
    return {
        "channel": f"#{name}", "channel_id": channel, "url": f"{ctx.base_url}{path}",
        "configuration_url": f"https://{team['domain']}.slack.com/services/{path.split('/')[3]}",
    }  # fmt: skip


def app_by_client(ctx: Ctx, client_id: str) -> dict[str, Any] | None:
    """The app of a client id."""
    return next((app for app in webhooks.apps(ctx) if app["client_id"] == client_id), None)

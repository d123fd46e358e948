"""OAuth: codes for tokens, rotation, OpenID. Source: https://docs.slack.dev/authentication/installing-with-oauth.

Imports: call, installs, pkce.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from twins.slack import installs, openid, pkce, webhooks, wire, world
from twins.slack.call import Call, method
from twins.slack.failing import fail


def client(call: Call) -> dict[str, Any]:
    """The app that a client id and secret belong to; a public client proves itself otherwise.

    Raises `invalid_client_id`, `bad_client_secret`.
    """
    id, secret = call.args.text("client_id"), call.args.text("client_secret")
    word, _, rest = call.request.headers.get("authorization", "").partition(" ")
    if word.lower() == "basic":
        try:
            id, _, secret = base64.b64decode(rest).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise fail("invalid_client_id") from None
    app = next((app for app in webhooks.apps(call.ctx) if app["client_id"] == id), None)
    if app is None:
        raise fail("invalid_client_id")
    if app["client_secret"] != secret and (secret or not _public(call, app)):
        raise fail("bad_client_secret")
    return app


def _public(call: Call, app: Mapping[str, Any]) -> bool:
    """Whether a call without a secret carries its own proof: a code's verifier, or a refresh token of a program."""
    if not app.get("pkce"):
        return False
    refreshing = call.args.text("grant_type") == "refresh_token"
    held = call.ctx.store.find("grant", call.args.text("refresh_token" if refreshing else "code")) or {}
    return bool(held.get("public")) if refreshing else bool(held.get("challenge") and call.args.text("code_verifier"))


def grant(call: Call, app: dict[str, Any], mismatch: str = "invalid_code_verifier") -> dict[str, Any]:
    """What a code stands for; it works once. Raises `invalid_code`, `bad_redirect_uri`, or what a wrong verifier is."""
    found = call.ctx.store.find("grant", call.args.text("code"))
    if found is None or found["kind"] != "code" or found["app"] != app["id"] or found["expires"] <= call.ctx.now:
        raise fail("invalid_code")
    given = call.args.text("redirect_uri")
    if found["redirect_uri"] and given != found["redirect_uri"] and (given or found["explicit"]):
        raise fail("bad_redirect_uri")
    pkce.prove(app, found, call.args.text("code_verifier"), mismatch)
    call.ctx.store.delete("grant", found["id"])
    return found


@method("oauth.v2.access")
def access(call: Call) -> dict[str, Any]:
    """Tokens for a code, or for a refresh token."""
    app = client(call)
    kind = call.args.text("grant_type", "authorization_code")
    if kind == "refresh_token":
        return installs.refreshed(call.ctx, app, call.args.text("refresh_token"))
    if kind != "authorization_code":
        raise fail("invalid_grant_type")
    return installs.install(call.ctx, app, grant(call, app))


@method("oauth.v2.exchange")
def exchange(call: Call) -> dict[str, Any]:
    """A token that expires beside one that does not, which ends when the new one is first refreshed."""
    app = client(call)
    token = call.ctx.store.find("token", wire.given_token(call.request))
    if token is None or token["revoked"] or token["app"] != app["id"]:
        raise fail("invalid_token")
    if token.get("expires") or token.get("exchanged"):
        raise fail("token_already_exchanged")
    call.ctx.store.update("token", token["token"], exchanged=True)
    return installs.exchanged(call.ctx, app, token, old=str(token["token"]))


@method("oauth.access", "oauth.token")
def classic(call: Call) -> dict[str, Any]:
    """Tokens for a code, as apps of old get them."""
    app = client(call)
    found = installs.install(call.ctx, app, grant(call, app))
    user = found["authed_user"]
    return {
        "access_token": user.get("access_token") or found.get("access_token", ""), "scope": user.get("scope", ""),
        "user_id": user["id"], "team_name": found["team"]["name"], "team_id": found["team"]["id"],
        "enterprise_id": None,
        "bot": {"bot_user_id": found.get("bot_user_id", ""), "bot_access_token": found.get("access_token", "")},
    }  # fmt: skip


@method("openid.connect.token")
def openid_token(call: Call) -> dict[str, Any]:
    """An access token with which one asks who signed in."""
    app = client(call)
    if call.args.text("grant_type") == "refresh_token":
        told = installs.refreshed(call.ctx, app, call.args.text("refresh_token"))
        names = ("access_token", "refresh_token", "expires_in")
        return {"token_type": "Bearer", **{name: told[name] for name in names}}
    agreed = grant(call, app, "invalid_grant")
    user = installs.install(call.ctx, app, agreed)["authed_user"]
    token = str(user.get("access_token", ""))
    signed = openid.id_token(call.ctx, user["id"], app["client_id"], token, str(agreed.get("nonce") or ""))
    more = {name: user[name] for name in ("refresh_token", "expires_in") if name in user}
    return {"access_token": token, "token_type": "Bearer", "id_token": signed, **more}


@method("openid.connect.userInfo")
def userinfo(call: Call) -> dict[str, Any]:
    """Who signed in."""
    return openid.claims(call.ctx, call.user)


@method("tooling.tokens.rotate")
def rotate(call: Call) -> dict[str, Any]:
    """A new configuration token."""
    given = call.args.text("refresh_token")
    if not given.startswith("xoxe-"):
        raise fail("invalid_refresh_token")
    now = call.ctx.now
    token = f"xoxe.xoxp-1-{call.ctx.token('alnum', 40)}"
    owner = call.ctx.store.get("token", world.CONFIG_TOKEN)
    world.add_token(call.ctx, {**owner, "token": token, "expires": now + installs.ROTATION})
    return {
        "token": token, "refresh_token": f"xoxe-1-{call.ctx.token('alnum', 40)}",
        "team_id": owner["team"], "user_id": owner["user"], "iat": now, "exp": now + installs.ROTATION,
    }  # fmt: skip


@method("migration.exchange")
def migration(call: Call) -> dict[str, Any]:
    """Ids of users before and after a move to an organisation, which this workspace is not part of."""
    if len(call.args.names("users")) > 400:
        raise fail("too_many_users")
    raise fail("not_enterprise_team")

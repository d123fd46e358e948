"""auth.*, api.test, bots.info. Source: https://docs.slack.dev/reference/methods. Imports: call, people."""

from __future__ import annotations

from typing import Any

from twins.slack.call import Call, method
from twins.slack.failing import fail
from twins.slack.paging import page
from twins.slack.webhooks import notify


@method("api.test")
def api_test(call: Call) -> dict[str, Any]:
    """The arguments come back; `error` asks for that error."""
    args = {name: value for name, value in call.args.data.items() if name != "token"}
    error = call.args.text("error")
    if error:
        raise fail(error, args=args)
    return {"args": args} if args else {}


@method("auth.test")
def auth_test(call: Call) -> dict[str, Any]:
    """Who the token belongs to."""
    team = call.ctx.store.get("team", call.team)
    if call.token["kind"] == "app":
        return {"app_name": call.ctx.store.get("app", call.app)["name"], "app_id": call.app}
    user = call.ctx.store.get("user", call.user)
    found = {
        "url": f"https://{team['domain']}.slack.com/", "team": team["name"], "user": user["name"], "team_id": call.team,
        "user_id": call.user,
    }  # fmt: skip
    if call.is_bot:
        found["bot_id"] = call.bot
    if call.token.get("expires"):
        found["expires_in"] = int(call.token["expires"]) - call.ctx.now
    enterprise = team.get("enterprise_id")
    if enterprise:
        found["enterprise_id"] = enterprise
    if call.token.get("enterprise"):
        url = f"https://{team['enterprise_domain']}.enterprise.slack.com/"
        found.update(url=url, team=team["enterprise_name"], team_id=enterprise)
    return {**found, "is_enterprise_install": bool(call.token.get("enterprise"))}


@method("auth.revoke")
def auth_revoke(call: Call) -> dict[str, Any]:
    """The token stops working, unless this is a test."""
    if call.args.flag("test"):
        return {"revoked": False}
    call.ctx.store.update("token", call.token["token"], revoked=True)
    kind = "bot" if call.is_bot else "oauth"
    notify(call.ctx, call.team, "tokens_revoked", {"tokens": {kind: [call.user]}}, app=call.app)
    return {"revoked": True}


@method("auth.teams.list")
def auth_teams(call: Call) -> dict[str, Any]:
    """The workspaces that the token's app is installed in."""
    bots = [bot for bot in call.ctx.store.select("bot", order="oldest") if bot["app_id"] == call.app]
    ids = list(dict.fromkeys([call.team, *(bot["team_id"] for bot in bots)]))
    teams = [call.ctx.store.get("team", id) for id in ids]
    shown, metadata = page(call.args, teams, lambda team: str(team["id"]), "team")
    return {"teams": [{"id": team["id"], "name": team["name"]} for team in shown], "response_metadata": metadata}


@method("bots.info")
def bots_info(call: Call) -> dict[str, Any]:
    """A bot by its id."""
    bot = call.ctx.store.find("bot", call.args.text("bot") or call.bot)
    if bot is None or bot["team_id"] != call.team:
        raise fail("bot_not_found")
    names = ("id", "deleted", "name", "updated", "app_id", "user_id", "icons")
    return {"bot": {name: bot[name] for name in names}}

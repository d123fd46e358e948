"""Organisations over workspaces: a baseline with a record of `enterprise` puts the workspaces into one. Imports: world.

Source: https://docs.slack.dev/enterprise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.slack import twin, world

ORG_ONLY = ("admin.skills:read", "admin.skills:write")
"""Scopes that only installations for all of an organisation get."""
LETTERS = re.compile(r"[^a-z0-9]+")


@twin.before("enterprise", "create")
def complete(ctx: Ctx, request: Request | None, record: dict[str, Any]) -> None:
    """An organisation of which a name was said: workspaces without one join it; `xoxp-<name>-org` is for them all."""
    name = str(record.setdefault("name", record["id"]))
    word = LETTERS.sub("-", name.lower()).strip("-") or "org"
    record.setdefault("domain", word)
    joining = [team["id"] for team in ctx.store.select("team", order="oldest") if not team.get("enterprise_id")]
    for id in joining:
        joined = {"enterprise_id": record["id"], "enterprise_name": name, "enterprise_domain": record["domain"]}
        team = ctx.store.update("team", id, **joined)
        for user in list(ctx.store.select("user", [Filter("team_id", "=", id)])):
            ctx.store.update("user", user["id"], enterprise_user=member(user, team, [id]))
    token = {
        "token": f"xoxp-{word}-org", "kind": "user", "user": world.ANA, "bot": "", "app": world.APP, "team": world.TEAM,
        "revoked": False, "expires": 0, "scopes": [*world.USER_SCOPES, *ORG_ONLY], "enterprise": record["id"],
    }  # fmt: skip
    world.add_token(ctx, token)


def id_of(ctx: Ctx, team: str) -> str | None:
    """The organisation of a workspace, if it is in one."""
    found: str | None = (ctx.store.find("team", team) or {}).get("enterprise_id")
    return found


def told(team: Mapping[str, Any]) -> dict[str, Any] | None:
    """An organisation as payloads name it; None for a workspace on its own."""
    if not team.get("enterprise_id"):
        return None
    return {"id": team["enterprise_id"], "name": team["enterprise_name"]}


def teams(ctx: Ctx, team: str) -> list[str]:
    """The workspaces of a workspace's organisation, or just the workspace, oldest first."""
    own = id_of(ctx, team)
    if own is None:
        return [team]
    return [row["id"] for row in ctx.store.select("team", order="oldest") if row.get("enterprise_id") == own]


def member(user: Mapping[str, Any], team: Mapping[str, Any], shared: list[str]) -> dict[str, Any]:
    """`enterprise_user` of somebody: https://docs.slack.dev/reference/objects/user-object."""
    flags = {name: bool(user.get(name)) for name in ("is_admin", "is_owner", "is_primary_owner")}
    return {
        "id": user["id"], "enterprise_id": team["enterprise_id"], "enterprise_name": team["enterprise_name"], **flags,
        "teams": shared,
    }  # fmt: skip

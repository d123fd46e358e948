"""What an org notes about a user besides the profile: classification and risk.

Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/UserClassification/ and …/UserRisk/.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Reply, Request
from twins.okta import people, twin
from twins.okta.times import iso


def noted(ctx: Ctx, request: Request, kind: str) -> tuple[str, dict[str, Any] | None]:
    """The id of a request's user, and what is noted of them. Raises E0000007."""
    user = str(people.get(ctx, request.path["userId"])["id"])
    return user, ctx.store.find(kind, user)


def note(ctx: Ctx, kind: str, user: str, row: dict[str, Any]) -> bool:
    """Note something; whether that is the first time."""
    if ctx.store.find(kind, user) is not None:
        ctx.store.replace(kind, user, row)
        return False
    ctx.store.insert(kind, row, id=user, created=ctx.micros)
    return True


@twin.handler("getUserClassification")
def get_classification(ctx: Ctx, request: Request) -> dict[str, Any]:
    """STANDARD, unless it was changed."""
    user, row = noted(ctx, request, "user_classification")
    return row or {"type": "STANDARD", "lastUpdated": people.get(ctx, user)["created"]}


@twin.handler("replaceUserClassification")
def classify(ctx: Ctx, request: Request) -> dict[str, Any]:
    """STANDARD or LITE."""
    user, _ = noted(ctx, request, "user_classification")
    row = {"type": (request.body or {}).get("type", "STANDARD"), "lastUpdated": iso(ctx)}
    note(ctx, "user_classification", user, row)
    return row


@twin.handler("getUserRisk")
def get_risk(ctx: Ctx, request: Request) -> dict[str, Any]:
    """NONE, unless it was set."""
    user, row = noted(ctx, request, "user_risk")
    return {**(row or {"riskLevel": "NONE"}), "_links": _links(ctx, user)}


@twin.handler("upsertUserRisk")
def set_risk(ctx: Ctx, request: Request) -> Reply:
    """A level and why: 201 the first time, 200 afterwards."""
    user, body = noted(ctx, request, "user_risk")[0], request.body or {}
    row = {"riskLevel": body.get("riskLevel"), "reason": body.get("riskReason") or "Admin override risk reason"}
    return Reply(201 if note(ctx, "user_risk", user, row) else 200, {**row, "_links": _links(ctx, user)})


def _links(ctx: Ctx, user: str) -> dict[str, Any]:
    at = f"{ctx.base_url}/api/v1/users/{user}"
    return {"self": {"href": f"{at}/risk", "hints": {"allow": ["GET", "PUT"]}}, "user": {"href": at}}

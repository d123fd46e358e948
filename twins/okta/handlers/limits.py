"""Rate limits as settings: what administrators are told, how clients are held, and the share of one principal.

Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/RateLimitSettings/ and
…/tag/PrincipalRateLimit/. They are kept; the published buckets count whatever they say.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Filter, Reply, Request
from twins.okta import errors, facts, listing, twin
from twins.okta.handlers.org import keep, setting
from twins.okta.times import iso

SETTINGS: dict[str, dict[str, Any]] = {
    "admin-notifications": {"notificationsEnabled": True},
    "per-client": {"defaultMode": "ENFORCE"},
    "warning-threshold": {"warningThreshold": 90},
}
"""Last part of the path → what a workforce org has."""
ATTACKS: dict[str, dict[str, Any]] = {
    "user-lockout-settings": {"preventBruteForceLockoutFromUnknownDevices": False},
    "authenticator-settings": {"verifyKnowledgeSecondWhen2faRequired": False},
}
MEDIATED = "principalRateLimitMediated"
UNFILTERED = 'The provided filter parameter did not contain the required attrbute filter "principalType"'


def kept(ctx: Ctx, request: Request, usual: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A group of settings after the request; PUT changes what it names."""
    name = request.url_path.rpartition("/")[2]
    if request.method == "PUT":
        body = request.body or {}
        known = {*usual[name], *(("useCaseModeOverrides",) if name == "per-client" else ())}
        keep(ctx, f"limits/{name}", {each: body[each] for each in known if each in body})
    return setting(ctx, f"limits/{name}", usual[name])


@twin.handler(
    "getRateLimitSettingsAdminNotifications", "replaceRateLimitSettingsAdminNotifications",
    "getRateLimitSettingsPerClient", "replaceRateLimitSettingsPerClient",
    "getRateLimitSettingsWarningThreshold", "replaceRateLimitSettingsWarningThreshold",
)  # fmt: skip
def settings(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Settings of rate limits."""
    return kept(ctx, request, SETTINGS)


@twin.handler(
    "getUserLockoutSettings", "replaceUserLockoutSettings", "getAuthenticatorSettings", "replaceAuthenticatorSettings"
)
def attacks(ctx: Ctx, request: Request) -> Any:
    """Settings of attack protection."""
    return kept(ctx, request, ATTACKS)


# principals ----------------------------------------------------------------------------------------------------------


def moment(ctx: Ctx) -> str:
    """Now, without the thousandths."""
    return iso(ctx).replace(".000Z", "Z")


def of(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The principal's share of a request. Raises E0000007."""
    found = ctx.store.find("principal_rate_limit", request.path["principalRateLimitId"])
    if found is None:
        raise errors.missing("principal_rate_limit", request.path["principalRateLimitId"])
    return found


@twin.handler("listPrincipalRateLimitEntities")
def list_principals(ctx: Ctx, request: Request) -> Reply:
    """The shares of principals of a type; the filter must name one."""
    text = str(request.query.get("filter") or "")
    if "principalType" not in text:
        raise errors.validation(MEDIATED, UNFILTERED)
    _, check = listing.filtered(text, frozenset({"principalType", "principalId"}), frozenset({"eq"}))
    return listing.page(ctx, request, "principal_rate_limit", check=check)


@twin.handler("createPrincipalRateLimitEntity")
def create(ctx: Ctx, request: Request) -> Reply:
    """A new share, half of each limit unless it says otherwise; one for a principal."""
    body, now = request.body or {}, moment(ctx)
    where = [Filter("principalId", "=", body.get("principalId"))]
    if any(
        row["principalType"] == body.get("principalType") for row in ctx.store.select("principal_rate_limit", where)
    ):
        raise errors.validation(MEDIATED)
    row = {"id": ctx.new_id("prl{alnum:17}"), "orgId": facts.ORG_ID, "principalId": body.get("principalId"),
           "principalType": body.get("principalType"), **shares(body, SHARES), "lastUpdate": now,
           "lastUpdatedBy": facts.ADMIN, "createdDate": now, "createdBy": facts.ADMIN}  # fmt: skip
    ctx.store.insert("principal_rate_limit", row, id=str(row["id"]), created=ctx.micros)
    return Reply(201, row)


SHARES = {"defaultPercentage": 50, "defaultConcurrencyPercentage": 50}


def shares(body: dict[str, Any], held: dict[str, Any]) -> dict[str, int]:
    """The percentages that a body gives, else those that were there."""
    return {name: int(body.get(name) or held[name]) for name in SHARES}


@twin.handler("getPrincipalRateLimitEntity")
def get(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them."""
    return of(ctx, request)


@twin.handler("replacePrincipalRateLimitEntity")
def replace(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new share."""
    row = of(ctx, request)
    changes = {**shares(request.body or {}, row), "lastUpdate": moment(ctx), "lastUpdatedBy": facts.ADMIN}
    return ctx.store.update("principal_rate_limit", row["id"], **changes)

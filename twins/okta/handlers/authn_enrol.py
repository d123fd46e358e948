"""Enrolling a factor on the way in by the Authentication API: choose, enrol, send again, activate, go back, skip.

Source: https://developer.okta.com/docs/reference/api/authn/#enroll-factor, #activate-factor,
#previous-transaction-state and #skip-transaction-state (not part of the published documents).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Request
from twins.okta import errors, factors, people, twin
from twins.okta.handlers import authn
from twins.okta.handlers.factors import noted, push_shown, pushed
from twins.okta.idx.authenticators import FACTORS, enrollable
from twins.okta.times import iso

BACK = {"MFA_ENROLL_ACTIVATE": "MFA_ENROLL", "MFA_CHALLENGE": "MFA_REQUIRED"}


def of(ctx: Ctx, request: Request, *statuses: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Body, transaction and user of a request. Raises E0000011, E0000079."""
    body = authn.body_of(request)
    held = authn.resume(ctx, body, *statuses)
    return body, held, people.get(ctx, held["user"])


@twin.page("POST", "/api/v1/authn/factors")
def enrol(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new factor; most kinds are activated next. Raises E0000001 for one that is not offered."""
    body, held, user = of(ctx, request, "MFA_ENROLL")
    kind, provider = str(body.get("factorType") or ""), str(body.get("provider") or "OKTA")
    if (kind, provider) not in offered(ctx, user):
        raise errors.validation("factorType", "factorType: Does not match required pattern")
    factor = factors.enroll(ctx, user, body, activate=False)
    if factor["status"] == "ACTIVE":
        return _enrolled(ctx, held, user, factor)
    more: dict[str, Any] = {"status": "MFA_ENROLL_ACTIVATE", "factor": factor["id"]}
    if kind == "push":
        pushed(ctx, user["id"], factor)
        more |= {"push": next(iter(ctx.store.select("push_transaction", order="newest")))["id"], "result": "WAITING"}
    return authn.shown(ctx, ctx.store.update("authn_transaction", held["id"], **more))


@twin.page("POST", "/api/v1/authn/factors/{factor}/lifecycle/activate")
def activate(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A pending factor is proved. Raises E0000068."""
    body, held, user = of(ctx, request, "MFA_ENROLL_ACTIVATE")
    factor = factors.get(ctx, user["id"], request.path["factor"])
    if factor["factorType"] != "push":
        factors.prove(ctx, factor, body)
    elif (result := push_shown(ctx, ctx.store.get("push_transaction", held["push"]))["factorResult"]) != "SUCCESS":
        return authn.shown(ctx, ctx.store.update("authn_transaction", held["id"], result=result))
    factor = ctx.store.update("user_factor", factor["id"], status="ACTIVE", lastUpdated=iso(ctx))
    return _enrolled(ctx, held, user, factor)


@twin.page("POST", "/api/v1/authn/factors/{factor}/lifecycle/resend")
@twin.page("POST", "/api/v1/authn/factors/{factor}/verify/resend")
def resend(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Another code. Raises E0000109, E0000118, E0000133 when one was sent a moment ago."""
    _, held, user = of(ctx, request, *BACK)
    factors.send(ctx, factors.get(ctx, user["id"], request.path["factor"]))
    return authn.shown(ctx, held)


@twin.page("POST", "/api/v1/authn/previous")
def previous(ctx: Ctx, request: Request) -> dict[str, Any]:
    """To the choice of factors again; one that was to be activated is dropped."""
    _, held, _ = of(ctx, request, *BACK)
    if held["status"] == "MFA_ENROLL_ACTIVATE":
        ctx.store.delete("user_factor", held["factor"])
    return authn.shown(ctx, ctx.store.update(
        "authn_transaction", held["id"], status=BACK[held["status"]], factor=None, push=None, result=None
    ))  # fmt: skip


@twin.page("POST", "/api/v1/authn/skip")
def skip(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Go on without what is optional: a factor, or a new password before the old one is too old. Raises E0000079."""
    _, held, user = of(ctx, request, "MFA_ENROLL", "PASSWORD_WARN")
    if held["status"] == "MFA_ENROLL" and not may_skip(ctx, user):
        raise errors.error("E0000079")
    ctx.store.delete("authn_transaction", held["id"])
    return authn.success(ctx, user, held.get("amr") or ["pwd"])


def offered(ctx: Ctx, user: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """The factors a user may enrol: (type, provider) → REQUIRED or OPTIONAL."""
    required, optional = enrollable(ctx, user)
    found = {}
    for word, choices in (("REQUIRED", required), ("OPTIONAL", optional)):
        for each in choices:
            found.update({(kind, provider): word for kind, provider, _ in FACTORS.get(each.key, ())})
    if ("token:software:totp", "OKTA") in found:
        found["push", "OKTA"] = found["token:software:totp", "OKTA"]
    return found


def may_skip(ctx: Ctx, user: Mapping[str, Any]) -> bool:
    """Whether enough is enrolled: a factor, and all that the policy requires."""
    return bool(factors.of_user(ctx, str(user["id"]), "ACTIVE")) and "REQUIRED" not in offered(ctx, user).values()


def choices(ctx: Ctx, user: Mapping[str, Any], base: str) -> list[dict[str, Any]]:
    """What can be enrolled, as a transaction shows it."""
    found = []
    for (kind, provider), word in offered(ctx, user).items():
        links: dict[str, Any] = {"enroll": {"href": f"{base}/factors", "hints": {"allow": ["POST"]}}}
        if kind == "question":
            at = f"{ctx.base_url}/api/v1/users/{user['id']}/factors/questions"
            links = {"questions": {"href": at, "hints": {"allow": ["GET"]}}, **links}
        one = {"factorType": kind, "provider": provider, "vendorName": provider, "_links": links,
               "status": "NOT_SETUP", "enrollment": word}  # fmt: skip
        listed = {"sms": "phones", "call": "phones", "email": "emails"}.get(kind)
        found.append(one | ({"_embedded": {listed: []}} if listed else {}))
    return found


def _enrolled(
    ctx: Ctx, held: Mapping[str, Any], user: dict[str, Any], factor: dict[str, Any]
) -> dict[str, Any]:  # fmt: skip
    noted(ctx, user, factor, "user.mfa.factor.activate", "Enroll or activate factor for user")
    if "REQUIRED" in offered(ctx, user).values():
        again = {"status": "MFA_ENROLL", "factor": None, "push": None, "result": None}
        return authn.shown(ctx, ctx.store.update("authn_transaction", held["id"], **again))
    return authn.proved(ctx, held, user)

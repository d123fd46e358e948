"""Factor operations: enrol, activate, challenge, verify, poll, and the human's part as control calls.

Source: https://developer.okta.com/docs/reference/api/factors/.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Filter, Reply, Request
from twins.okta import errors, factors, lifecycle, people, syslog, totp, twin
from twins.okta.times import iso


def of(ctx: Ctx, request: Request) -> tuple[dict[str, Any], dict[str, Any]]:
    """User and factor of a request. Raises E0000007."""
    user = people.get(ctx, request.path["userId"])
    return user, factors.get(ctx, user["id"], request.path["factorId"])


@twin.handler("listFactors")
def list_factors(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The factors of a user."""
    user = people.get(ctx, request.path["userId"])
    return [factors.shown(ctx, row) for row in factors.of_user(ctx, user["id"])]


@twin.handler("listSupportedFactors")
def catalog(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """What a user may enrol."""
    user = people.get(ctx, request.path["userId"])
    held = {(row["factorType"], row["provider"]): row["status"] for row in factors.of_user(ctx, user["id"])}
    base = f"{ctx.base_url}/api/v1/users/{user['id']}/factors"
    return [
        {
            "factorType": kind, "provider": provider, "vendorName": provider, "enrollment": "OPTIONAL",
            "status": held.get((kind, provider), "NOT_SETUP"),
            "_links": {"enroll": {"href": base, "hints": {"allow": ["POST"]}}},
        }
        for kind, providers in factors.KINDS.items()
        for provider in providers
    ]  # fmt: skip


@twin.handler("listSupportedSecurityQuestions")
def questions(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The questions a user may choose from."""
    people.get(ctx, request.path["userId"])
    return [{"question": name, "questionText": text} for name, text in factors.QUESTIONS.items()]


@twin.handler("enrollFactor")
def enroll(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new factor."""
    user = people.get(ctx, request.path["userId"])
    if user["status"] not in lifecycle.ALIVE:
        raise errors.error("E0000038")
    factor = factors.enroll(ctx, user, request.body or {}, activate=bool(request.query.get("activate")))
    noted(ctx, user, factor, "user.mfa.factor.activate", "Enroll or activate factor for user")
    return factors.shown(ctx, factor, secrets=True)


def noted(ctx: Ctx, user: dict[str, Any], factor: dict[str, Any], type: str, text: str) -> None:
    """Note what became of a factor."""
    syslog.write(ctx, type, text, syslog.person(user), syslog.target(factor["id"], "AuthenticatorEnrollment"))


@twin.handler("getFactor")
def get(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A factor."""
    return factors.shown(ctx, of(ctx, request)[1])


@twin.handler("unenrollFactor")
def unenroll(ctx: Ctx, request: Request) -> Reply:
    """A factor goes."""
    user, factor = of(ctx, request)
    ctx.store.delete("user_factor", factor["id"])
    noted(ctx, user, factor, "user.mfa.factor.deactivate", "Reset factor for user")
    return Reply(204)


@twin.handler("activateFactor")
def activate(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A pending factor is proved."""
    user, factor = of(ctx, request)
    if factor["status"] == "ACTIVE":
        raise errors.error("E0000107")
    factors.prove(ctx, factor, request.body or {})
    factor = ctx.store.update("user_factor", factor["id"], status="ACTIVE", lastUpdated=iso(ctx))
    noted(ctx, user, factor, "user.mfa.factor.activate", "Enroll or activate factor for user")
    return factors.shown(ctx, factor)


@twin.handler("resendEnrollFactor")
def resend(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Another code for a pending factor."""
    _, factor = of(ctx, request)
    factors.send(ctx, factor)
    return factors.shown(ctx, factor)


@twin.handler("verifyFactor")
def verify(ctx: Ctx, request: Request) -> Any:
    """Send a challenge (no code given, or push), or check a code."""
    user, factor = of(ctx, request)
    body = request.body if isinstance(request.body, dict) else {}
    if factor["status"] != "ACTIVE":
        raise errors.error("E0000107")
    kind = factor["factorType"]
    if kind in factors.SENT and not body.get("passCode"):
        factors.send(ctx, factor)
        return {"factorResult": "CHALLENGE", "_links": factors.shown(ctx, factor)["_links"]}
    if kind == "push":
        return Reply(201, pushed(ctx, user["id"], factor))
    if kind in ("webauthn", "u2f") and not body.get("clientData"):
        return {"factorResult": "CHALLENGE", "_embedded": {"challenge": {"challenge": f"challenge-{factor['id']}"}}}
    factors.prove(ctx, factor, body)
    noted(ctx, user, factor, "user.authentication.auth_via_mfa", "Authentication of user via MFA")
    return {"factorResult": "SUCCESS"}


def pushed(ctx: Ctx, user: str, factor: dict[str, Any]) -> dict[str, Any]:
    """A push that waits for its human."""
    id = ctx.new_id("v2mst.{alnum:22}")
    row = {"id": id, "user": user, "factor": factor["id"], "result": "WAITING", "expires": ctx.now + 300}
    ctx.store.insert("push_transaction", row, id=id, created=ctx.micros)
    return push_shown(ctx, row)


def push_shown(ctx: Ctx, row: dict[str, Any]) -> dict[str, Any]:
    """A push as it stands."""
    result = "TIMEOUT" if row["result"] == "WAITING" and row["expires"] <= ctx.now else row["result"]
    at = f"{ctx.base_url}/api/v1/users/{row['user']}/factors/{row['factor']}"
    links = {"poll": {"href": f"{at}/transactions/{row['id']}", "hints": {"allow": ["GET"]}}}
    found: dict[str, Any] = {"factorResult": result}
    return found | ({"expiresAt": iso(ctx, 300), "_links": links} if result == "WAITING" else {})


@twin.handler("getFactorTransactionStatus")
def poll(ctx: Ctx, request: Request) -> dict[str, Any]:
    """How a push stands."""
    of(ctx, request)
    held = ctx.store.find("push_transaction", request.path["transactionId"])
    if held is None:
        raise errors.missing("push_transaction", request.path["transactionId"])
    return push_shown(ctx, held)


@twin.control("push")
def control_push(ctx: Ctx, payload: Any) -> dict[str, str]:
    """The human's part: {user} approves the newest push, with {reject: true} refuses it."""
    user = people.get(ctx, str(payload["user"]))["id"]
    where = [Filter("user", "=", user), Filter("result", "=", "WAITING")]
    held = next(iter(ctx.store.select("push_transaction", where, order="newest")), None)
    if held is None:
        return {"result": "none"}
    result = "REJECTED" if payload.get("reject") else "SUCCESS"
    ctx.store.update("push_transaction", held["id"], result=result)
    return {"result": result}


@twin.control("factor_code")
def control_code(ctx: Ctx, payload: Any) -> dict[str, Any]:
    """What the human reads: {user, factorType} → the code that was sent, or that the app shows now."""
    user = people.get(ctx, str(payload["user"]))["id"]
    if payload.get("factorType", "email") == "email":
        for row in ctx.store.select("idx_transaction", [Filter("user", "=", user)], order="newest"):
            if row["sent"]:
                return {"code": row["sent"]["code"]}
        for row in ctx.store.select("my_challenge", parent=user, order="newest"):
            return {"code": row["code"]}
    for row in factors.of_user(ctx, user):
        if row["factorType"] == payload.get("factorType", row["factorType"]):
            if "~secret" in row:
                return {"code": totp.code(row["~secret"], ctx.now // totp.STEP)}
            return {"code": (row.get("~sent") or {}).get("code")}
    return {"code": None}

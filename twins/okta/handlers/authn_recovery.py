"""A forgotten password and a locked account by the Authentication API: mail, text message or call, then the question.

Source: https://developer.okta.com/docs/reference/api/authn/#recovery-operations (not part of the published documents).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Request
from twins.okta import credentials, errors, factors, people, policies, syslog, twin
from twins.okta.handlers import authn
from twins.okta.handlers.lifecycle import recovery

PHONES = ("SMS", "CALL")


@twin.page("POST", "/api/v1/authn/recovery/password")
def recover(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Begin with a forgotten password; the reply does not tell whether the user is known. Raises E0000097, E0000119."""
    body = authn.body_of(request)
    user, kind = people.find(ctx, str(body.get("username") or "")), str(body.get("factorType") or "EMAIL").upper()
    if user is not None and user["status"] == "LOCKED_OUT":
        raise errors.error("E0000119")
    known = user is not None and user["status"] in ("ACTIVE", "PASSWORD_EXPIRED", "RECOVERY")
    return _challenge(ctx, user if known else None, kind, "PASSWORD", body)


@twin.page("POST", "/api/v1/authn/recovery/unlock")
def unlock(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Begin to unlock an account where the password policy lets people do so. Raises E0000034, E0000097."""
    body = authn.body_of(request)
    user, kind = people.find(ctx, str(body.get("username") or "")), str(body.get("factorType") or "EMAIL").upper()
    if user is not None and not policies.self_service(ctx, user, "selfServiceUnlock"):
        raise errors.error("E0000034")
    known = user is not None and user["status"] == "LOCKED_OUT"
    return _challenge(ctx, user if known else None, kind, "UNLOCK", body)


def _challenge(
    ctx: Ctx, user: dict[str, Any] | None, kind: str, purpose: str, body: Mapping[str, Any]
) -> dict[str, Any]:  # fmt: skip
    relayed = {"relayState": body["relayState"]} if body.get("relayState") else {}
    told = {"status": "RECOVERY_CHALLENGE", **relayed, "factorType": kind, "recoveryType": purpose}
    if kind not in PHONES:
        if user is not None:
            recovery(ctx, user, purpose.lower())
        return {"factorResult": "WAITING", **told}
    if user is None:
        return told
    phone = next(
        (each for each in factors.of_user(ctx, user["id"], "ACTIVE") if each["factorType"] == kind.lower()), None
    )
    if phone is None:
        raise errors.error("E0000097")
    factors.send(ctx, phone)
    row = authn.begin(ctx, user, "RECOVERY_CHALLENGE", factor=phone["id"], kind=kind, purpose=purpose, **relayed)
    return {**authn.shown(ctx, row), **told}


@twin.page("POST", "/api/v1/authn/recovery/factors/{kind}/verify")
def verify(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The code of a message or call. Raises E0000068."""
    body = authn.body_of(request)
    held = authn.resume(ctx, body, "RECOVERY_CHALLENGE")
    user = people.get(ctx, held["user"])
    factors.prove(ctx, factors.get(ctx, user["id"], held["factor"]), body)
    return _go_on(ctx, held, user)


@twin.page("POST", "/api/v1/authn/recovery/factors/{kind}/resend")
def resend(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Another message or call. Raises E0000109, E0000133."""
    held = authn.resume(ctx, authn.body_of(request), "RECOVERY_CHALLENGE")
    factors.send(ctx, factors.get(ctx, held["user"], held["factor"]))
    return authn.shown(ctx, held)


@twin.page("POST", "/api/v1/authn/recovery/token")
def redeem(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A recovery token opens a transaction; it works once. Raises E0000105."""
    body = authn.body_of(request)
    token = str(body.get("recoveryToken") or "")
    held = ctx.store.find("recovery_token", token) if token else None
    if held is None or held["expires"] <= ctx.now:
        raise errors.error("E0000105")
    ctx.store.delete("recovery_token", token)
    user = people.get(ctx, held["user"])
    purpose = "UNLOCK" if held["kind"] == "unlock" else "PASSWORD"
    return _go_on(ctx, authn.begin(ctx, user, "RECOVERY", purpose=purpose), user)


def _go_on(ctx: Ctx, held: Mapping[str, Any], user: dict[str, Any]) -> dict[str, Any]:
    """Ask the recovery question of who has one."""
    if "recovery_question" not in user["credentials"]:
        return _recovered(ctx, held, user)
    return authn.shown(ctx, ctx.store.update("authn_transaction", held["id"], status="RECOVERY"))


@twin.page("POST", "/api/v1/authn/recovery/answer")
def answer(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The recovery question's answer. Raises E0000087."""
    body = authn.body_of(request)
    held = authn.resume(ctx, body, "RECOVERY")
    user = people.get(ctx, held["user"])
    if not credentials.right_answer(ctx, user, str(body.get("answer") or "")):
        raise errors.error("E0000087")
    return _recovered(ctx, held, user)


def _recovered(ctx: Ctx, held: Mapping[str, Any], user: dict[str, Any]) -> dict[str, Any]:
    """A new password is next; an account is unlocked at once."""
    if held.get("purpose") != "UNLOCK":
        return authn.shown(ctx, ctx.store.update("authn_transaction", held["id"], status="PASSWORD_RESET"))
    ctx.store.delete("authn_transaction", held["id"])
    people.keep_secret(ctx, user["id"], failed=0)
    people.save(ctx, user, "ACTIVE")
    person = syslog.person(user)
    syslog.write(ctx, "user.account.unlock", "User unlock account", person, actor=person)
    return {"status": "SUCCESS", "recoveryType": "UNLOCK", "_embedded": {"user": authn.embedded(user)}}


@twin.control("recovery_token")
def control_token(ctx: Ctx, payload: Any) -> dict[str, Any]:
    """What the human finds in the mail: {user} → the newest recovery or activation token."""
    user = people.get(ctx, str(payload["user"]))["id"]
    rows = [row for row in ctx.store.select("recovery_token", order="newest") if row["user"] == user]
    return {"token": rows[0]["id"] if rows else None}

"""The lifecycle operations of users. Source: https://developer.okta.com/docs/reference/api/users/#lifecycle-operations."""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Filter, Reply, Request
from twins.okta import credentials, errors, lifecycle, people, rules, syslog, twin


def wanted(ctx: Ctx, request: Request, operation: str) -> tuple[dict[str, Any], str]:
    """The user of a request and the status it will have. Raises the error of a wrong status."""
    user = people.get(ctx, request.path["id"])
    return user, lifecycle.move(operation, user["status"])


@twin.handler("activateUser")
def activate(ctx: Ctx, request: Request) -> dict[str, Any]:
    """STAGED or DEPROVISIONED to PROVISIONED; ACTIVE when there is a password. Without an email there is a link."""
    user, target = wanted(ctx, request, "activate")
    if user["status"] == "STAGED" and "password" in user["credentials"]:
        target = "ACTIVE"
    people.save(ctx, user, target)
    syslog.write(ctx, "user.lifecycle.activate", "Activate Okta user", syslog.person(user))
    rules.evaluate(ctx, user)
    return activation(ctx, request, user)


def activation(ctx: Ctx, request: Request, user: dict[str, Any]) -> dict[str, Any]:
    """The activation link where no email is sent."""
    token = recovery(ctx, user, "activate")
    if request.query.get("sendEmail", True) is not False:
        syslog.write(ctx, "system.email.new_user_welcome.sent_message", "Send new user email", syslog.person(user))
        return {}
    return {"activationUrl": f"{ctx.base_url}/tokens/{token}/verify", "activationToken": token}


def recovery(ctx: Ctx, user: dict[str, Any], kind: str) -> str:
    """A one-time token for a user, good for an hour (recovery) or a week (activation)."""
    token = ctx.token("alnum", 20)
    life = 7 * 86_400 if kind == "activate" else 3600
    record = {"id": token, "user": user["id"], "kind": kind, "expires": ctx.now + life}
    ctx.store.insert("recovery_token", record, id=token)
    return token


@twin.handler("reactivateUser")
def reactivate(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new activation token for a PROVISIONED user."""
    user, _ = wanted(ctx, request, "reactivate")
    syslog.write(ctx, "user.lifecycle.reactivate", "Reactivate Okta user", syslog.person(user))
    return activation(ctx, request, user)


@twin.handler("deactivateUser")
def deactivate(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Any status to DEPROVISIONED."""
    user = people.get(ctx, request.path["id"])
    if user["status"] == "DEPROVISIONED":
        raise errors.missing("user", request.path["id"])
    deactivated(ctx, user)
    return {}


def deactivated(ctx: Ctx, user: dict[str, Any]) -> None:
    """A user is deprovisioned: sessions, tokens, factors and app assignments end."""
    from twins.okta.handlers.assignments import withdraw
    from twins.okta.handlers.sessions import end_all

    people.save(ctx, user, "DEPROVISIONED")
    end_all(ctx, user["id"], tokens=True)
    withdraw(ctx, user["id"])
    for factor in list(ctx.store.select("user_factor", [Filter("~user", "=", user["id"])])):
        ctx.store.delete("user_factor", factor["id"])
    rules.evaluate(ctx, user)
    syslog.write(ctx, "user.lifecycle.deactivate", "Deactivate Okta user", syslog.person(user))


@twin.handler("suspendUser")
def suspend(ctx: Ctx, request: Request) -> dict[str, Any]:
    """ACTIVE to SUSPENDED; sessions end."""
    from twins.okta.handlers.sessions import end_all

    user, target = wanted(ctx, request, "suspend")
    people.save(ctx, user, target)
    end_all(ctx, user["id"], tokens=False)
    syslog.write(ctx, "user.lifecycle.suspend", "Suspend Okta user", syslog.person(user))
    return {}


@twin.handler("unsuspendUser")
def unsuspend(ctx: Ctx, request: Request) -> dict[str, Any]:
    """SUSPENDED to ACTIVE."""
    user, target = wanted(ctx, request, "unsuspend")
    people.save(ctx, user, target)
    syslog.write(ctx, "user.lifecycle.unsuspend", "Unsuspend Okta user", syslog.person(user))
    return {}


@twin.handler("unlockUser")
def unlock(ctx: Ctx, request: Request) -> dict[str, Any]:
    """LOCKED_OUT to ACTIVE."""
    user, target = wanted(ctx, request, "unlock")
    people.keep_secret(ctx, user["id"], failed=0)
    people.save(ctx, user, target)
    syslog.write(ctx, "user.account.unlock_by_admin", "Unlock user account by admin", syslog.person(user))
    return {}


@twin.handler("resetPassword")
def reset_password(ctx: Ctx, request: Request) -> dict[str, Any]:
    """To RECOVERY, with a one-time token; the old password no longer works."""
    user, target = wanted(ctx, request, "reset_password")
    if user["status"] == "PROVISIONED":
        target = "PROVISIONED"
    people.save(ctx, user, target)
    if request.query.get("revokeSessions"):
        from twins.okta.handlers.sessions import end_all

        end_all(ctx, user["id"], tokens=False)
    token = recovery(ctx, user, "recover")
    syslog.write(ctx, "user.account.reset_password", "User reset password for Okta", syslog.person(user))
    if request.query.get("sendEmail", True) is not False:
        return {}
    return {"resetPasswordUrl": f"{ctx.base_url}/reset_password/{token}"}


@twin.handler("expirePassword")
def expire_password(ctx: Ctx, request: Request) -> dict[str, Any]:
    """To PASSWORD_EXPIRED: the password must be changed at the next sign-in."""
    user, target = wanted(ctx, request, "expire_password")
    people.save(ctx, user, target)
    syslog.write(ctx, "user.account.expire_password", "Expire all user passwords", syslog.person(user))
    return people.shown(ctx, user)


@twin.handler("expirePasswordWithTempPassword")
def temporary_password(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Like `expirePassword`, with a temporary password."""
    user, target = wanted(ctx, request, "expire_password")
    password = f"Aa1{ctx.token('alnum', 5)}"
    credentials.set_plain(ctx, user, password)
    if request.query.get("revokeSessions"):
        from twins.okta.handlers.sessions import end_all

        end_all(ctx, user["id"], tokens=False)
    people.save(ctx, user, target)
    return {"tempPassword": password}


@twin.handler("resetFactors")
def reset_factors(ctx: Ctx, request: Request) -> Reply:
    """All factors of a user go."""
    user = people.get(ctx, request.path["id"])
    for factor in list(ctx.store.select("user_factor", [Filter("~user", "=", user["id"])])):
        ctx.store.delete("user_factor", factor["id"])
    syslog.write(ctx, "user.mfa.factor.reset_all", "Reset all factors for user", syslog.person(user))
    return Reply(200, {})

"""Credential operations of users: change password and recovery question, forgot password.

Source: https://developer.okta.com/docs/reference/api/users/#credential-operations.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Request
from twins.okta import credentials, errors, lifecycle, people, syslog, twin
from twins.okta.handlers.lifecycle import recovery
from twins.okta.handlers.users import right_password


def set_new(ctx: Ctx, user: dict[str, Any], password: str) -> None:
    """Set a password as its owner does. Raises E0000014 where the policy refuses it."""
    why = credentials.objection(ctx, user, password)
    if why is not None:
        raise credentials.failed(why)
    credentials.set_plain(ctx, user, password)


@twin.handler("changePassword")
def change_password(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new password for the old one."""
    user = people.get(ctx, request.path["userId"])
    body = request.body or {}
    target = lifecycle.move("change_password", user["status"])
    if "password" not in user["credentials"]:
        raise errors.error("E0000035")
    old = str((body.get("oldPassword") or {}).get("value") or "")
    if not right_password(ctx, user, old):
        raise credentials.failed("Old Password is not correct")
    set_new(ctx, user, str((body.get("newPassword") or {}).get("value") or ""))
    if body.get("revokeSessions"):
        from twins.okta.handlers.sessions import end_all

        end_all(ctx, user["id"], tokens=False)
    people.save(ctx, user, target)
    syslog.write(ctx, "user.account.update_password", "User update password for Okta", syslog.person(user))
    return dict(user["credentials"])


@twin.handler("changeRecoveryQuestion")
def change_question(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new recovery question for the password."""
    user = people.get(ctx, request.path["userId"])
    body = request.body or {}
    lifecycle.move("change_recovery_question", user["status"])
    if not right_password(ctx, user, str((body.get("password") or {}).get("value") or "")):
        raise credentials.failed("Old Password is not correct")
    credentials.set_question(ctx, user, body.get("recovery_question") or {})
    people.save(ctx, user)
    return dict(user["credentials"])


def recoverable(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A user who may recover the password by its question. Raises E0000034."""
    user = people.get(ctx, request.path["userId"])
    lifecycle.move("forgot_password", user["status"])
    if "recovery_question" not in user["credentials"]:
        raise errors.error("E0000034", causes=("Recovery credential not set.",))
    return user


@twin.handler("forgotPassword")
def forgot_password(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A one-time link to set a new password."""
    user = recoverable(ctx, request)
    token = recovery(ctx, user, "recover")
    syslog.write(ctx, "user.account.reset_password", "User reset password for Okta", syslog.person(user))
    if request.query.get("sendEmail", True) is not False:
        return {}
    return {"resetPasswordUrl": f"{ctx.base_url}/signin/reset-password/{token}"}


@twin.handler("forgotPasswordSetNewPassword")
def answer_question(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new password for the right answer."""
    user = recoverable(ctx, request)
    body = request.body or {}
    if not credentials.right_answer(ctx, user, str((body.get("recovery_question") or {}).get("answer") or "")):
        raise credentials.failed("Recovery credential answer is not correct")
    set_new(ctx, user, str((body.get("password") or {}).get("value") or ""))
    people.save(ctx, user, "ACTIVE" if user["status"] != "ACTIVE" else None)
    return dict(user["credentials"])

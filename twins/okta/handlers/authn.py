"""The Authentication API: a state machine over `stateToken`s, with MFA, expired passwords and recovery.

Source: https://developer.okta.com/docs/reference/api/authn/ (not part of the published documents).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from twinkit import Ctx, Reply, Request
from twins.okta import credentials, errors, factors, people, policies, syslog, twin
from twins.okta.handlers import sessions, users
from twins.okta.handlers.credentials import set_new
from twins.okta.handlers.factors import push_shown, pushed
from twins.okta.handlers.lifecycle import recovery
from twins.okta.times import iso

LIFE = 300


def body_of(request: Request) -> dict[str, Any]:
    """The JSON of a request. Raises E0000003."""
    try:
        found = orjson.loads(request.raw or b"{}")
    except orjson.JSONDecodeError:
        raise errors.error("E0000003") from None
    if not isinstance(found, dict):
        raise errors.error("E0000003")
    return found


def embedded(user: Mapping[str, Any]) -> dict[str, Any]:
    """The user as a transaction shows it."""
    profile = user["profile"]
    return {
        "id": user["id"], "passwordChanged": user.get("passwordChanged"),
        "profile": {
            "login": profile["login"], "firstName": profile.get("firstName"), "lastName": profile.get("lastName"),
            "locale": profile.get("locale", "en"), "timeZone": profile.get("timezone", "America/Los_Angeles"),
        },
    }  # fmt: skip


def success(ctx: Ctx, user: dict[str, Any], amr: list[str]) -> dict[str, Any]:
    """The end of a transaction: a session token."""
    users.signed_in(ctx, user)
    person = syslog.person(user)
    syslog.write(ctx, "user.authentication.sso", "User single sign on to app", person, actor=person)
    token = sessions.token_for(ctx, user["id"], amr)
    return {"expiresAt": iso(ctx, LIFE), "status": "SUCCESS", "sessionToken": token,
            "_embedded": {"user": embedded(user)}}  # fmt: skip


def begin(ctx: Ctx, user: Mapping[str, Any], status: str, **more: Any) -> dict[str, Any]:
    """A transaction in a state."""
    token = f"00{ctx.token('alnum', 40)}"
    row = {"id": token, "user": user["id"], "status": status, "expires": ctx.now + LIFE, **more}
    ctx.store.insert("authn_transaction", row, id=token, created=ctx.micros)
    return row


def choice(ctx: Ctx, factor: Mapping[str, Any], base: str) -> dict[str, Any]:
    """A factor to choose, with where it is verified."""
    verify = {"href": f"{base}/factors/{factor['id']}/verify", "hints": {"allow": ["POST"]}}
    return {**factors.shown(ctx, factor), "_links": {"verify": verify}}


def shown(ctx: Ctx, row: Mapping[str, Any]) -> dict[str, Any]:
    """A transaction as it stands."""
    user = people.get(ctx, row["user"])
    base = f"{ctx.base_url}/api/v1/authn"
    found: dict[str, Any] = {"stateToken": row["id"], "expiresAt": iso(ctx, row["expires"] - ctx.now),
                             "status": row["status"], "_embedded": {"user": embedded(user)}}  # fmt: skip
    links: dict[str, Any] = {"cancel": {"href": f"{base}/cancel", "hints": {"allow": ["POST"]}}}
    if row["status"] in ("MFA_REQUIRED", "MFA_CHALLENGE"):
        held = factors.of_user(ctx, user["id"], "ACTIVE")
        items = [choice(ctx, each, base) for each in held]
        found["_embedded"]["factors"] = items
    if row["status"] == "MFA_CHALLENGE":
        found["_embedded"]["factor"] = next(each for each in items if each["id"] == row["factor"])
        found["factorResult"] = row.get("result", "CHALLENGE")
    nexts = {
        "PASSWORD_EXPIRED": ("changePassword", "credentials/change_password"),
        "PASSWORD_RESET": ("resetPassword", "credentials/reset_password"),
        "RECOVERY": ("answer", "recovery/answer"),
        "MFA_CHALLENGE": ("verify", f"factors/{row.get('factor')}/verify"),
    }
    if row["status"] in nexts:
        name, path = nexts[row["status"]]
        links["next"] = {"name": name, "href": f"{base}/{path}", "hints": {"allow": ["POST"]}}
    return {**found, "_links": links}


def resume(ctx: Ctx, body: Mapping[str, Any], *statuses: str) -> dict[str, Any]:
    """The transaction of a state token. Raises E0000011 for an old one, E0000079 in another state."""
    held = ctx.store.find("authn_transaction", str(body.get("stateToken") or ""))
    if held is None or held["expires"] <= ctx.now:
        raise errors.error("E0000011")
    if statuses and held["status"] not in statuses:
        raise errors.error("E0000079")
    return held


@twin.page("POST", "/api/v1/authn")
def primary(ctx: Ctx, request: Request) -> Any:
    """Sign in with user name and password, or look at a transaction."""
    body = body_of(request)
    if body.get("stateToken"):
        return shown(ctx, resume(ctx, body))
    user = people.find(ctx, str(body.get("username") or ""))
    if user is None or user["status"] in ("STAGED", "SUSPENDED", "DEPROVISIONED", "PROVISIONED", "RECOVERY"):
        raise errors.error("E0000004")
    if user["status"] == "LOCKED_OUT":
        return _locked(ctx, user)
    if not users.signs_in(ctx, user, str(body["username"]), str(body.get("password") or "")):
        users.locked(ctx, user)
        syslog.write(ctx, "user.session.start", "User login to Okta", syslog.person(user), actor=syslog.person(user),
                     outcome="FAILURE", reason="INVALID_CREDENTIALS")  # fmt: skip
        return Reply(401, errors.body("E0000004"))
    return after_password(ctx, user)


def _locked(ctx: Ctx, user: dict[str, Any]) -> Any:
    if not credentials.policy(ctx, user)["lockout"].get("showLockoutFailures"):
        raise errors.error("E0000004")
    unlock = {"name": "unlock", "href": f"{ctx.base_url}/api/v1/authn/recovery/unlock", "hints": {"allow": ["POST"]}}
    return {"status": "LOCKED_OUT", "_links": {"next": unlock}}


def after_password(ctx: Ctx, user: dict[str, Any]) -> dict[str, Any]:
    """What follows the right password."""
    terms = policies.sign_on(ctx, user)
    if not terms.access:
        raise errors.error("E0000085")
    if terms.factor:
        state = "MFA_REQUIRED" if factors.of_user(ctx, user["id"], "ACTIVE") else "MFA_ENROLL"
        return shown(ctx, begin(ctx, user, state))
    if user["status"] == "PASSWORD_EXPIRED" or credentials.expired(ctx, user):
        return shown(ctx, begin(ctx, user, "PASSWORD_EXPIRED"))
    return success(ctx, user, ["pwd"])


@twin.page("POST", "/api/v1/authn/factors/{factor}/verify")
def verify(ctx: Ctx, request: Request) -> Any:
    """Send a challenge for a factor, or check what was answered."""
    body = body_of(request)
    held = resume(ctx, body, "MFA_REQUIRED", "MFA_CHALLENGE")
    user = people.get(ctx, held["user"])
    factor = factors.get(ctx, user["id"], request.path["factor"])
    if factor["factorType"] == "push":
        return _push(ctx, held, user, factor)
    if not (body.get("passCode") or body.get("answer") or body.get("clientData")):
        if factor["factorType"] in factors.SENT:
            factors.send(ctx, factor)
        return shown(ctx, ctx.store.update("authn_transaction", held["id"], status="MFA_CHALLENGE",
                                           factor=factor["id"]))  # fmt: skip
    factors.prove(ctx, factor, body)
    return _proved(ctx, held, user)


def _proved(ctx: Ctx, held: Mapping[str, Any], user: dict[str, Any]) -> dict[str, Any]:
    ctx.store.delete("authn_transaction", held["id"])
    if user["status"] == "PASSWORD_EXPIRED":
        return shown(ctx, begin(ctx, user, "PASSWORD_EXPIRED"))
    return success(ctx, user, ["pwd", "mfa", "otp"])


def _push(ctx: Ctx, held: dict[str, Any], user: dict[str, Any], factor: dict[str, Any]) -> dict[str, Any]:
    if held.get("push") is None:
        pushed(ctx, user["id"], factor)
        rows = ctx.store.select("push_transaction", order="newest")
        push = next(iter(rows))["id"]
        return shown(ctx, ctx.store.update("authn_transaction", held["id"], status="MFA_CHALLENGE", push=push,
                                           factor=factor["id"], result="WAITING"))  # fmt: skip
    result = push_shown(ctx, ctx.store.get("push_transaction", held["push"]))["factorResult"]
    if result == "SUCCESS":
        return _proved(ctx, held, user)
    again = {"push": None} if result != "WAITING" else {}
    return shown(ctx, ctx.store.update("authn_transaction", held["id"], result=result, **again))


@twin.page("POST", "/api/v1/authn/cancel")
def cancel(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Give a transaction up."""
    held = resume(ctx, body_of(request))
    ctx.store.delete("authn_transaction", held["id"])
    return {"relayState": held.get("relayState")}


@twin.page("POST", "/api/v1/authn/credentials/change_password")
def change_password(ctx: Ctx, request: Request) -> dict[str, Any]:
    """An expired password is changed."""
    body = body_of(request)
    held = resume(ctx, body, "PASSWORD_EXPIRED")
    user = people.get(ctx, held["user"])
    if not users.right_password(ctx, user, str(body.get("oldPassword") or "")):
        raise credentials.failed("Old Password is not correct")
    return _new_password(ctx, held, user, str(body.get("newPassword") or ""))


def _new_password(ctx: Ctx, held: Mapping[str, Any], user: dict[str, Any], password: str) -> dict[str, Any]:
    set_new(ctx, user, password)
    people.save(ctx, user, "ACTIVE")
    ctx.store.delete("authn_transaction", held["id"])
    return success(ctx, user, ["pwd"])


@twin.page("POST", "/api/v1/authn/credentials/reset_password")
def reset_password(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The new password at the end of a recovery."""
    body = body_of(request)
    held = resume(ctx, body, "PASSWORD_RESET")
    return _new_password(ctx, held, people.get(ctx, held["user"]), str(body.get("newPassword") or ""))


@twin.page("POST", "/api/v1/authn/recovery/password")
def recover(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Send a recovery token; the reply does not tell whether the user is known. Raises E0000097, E0000119."""
    body = body_of(request)
    user, kind = people.find(ctx, str(body.get("username") or "")), str(body.get("factorType") or "EMAIL").upper()
    if user is not None and user["status"] == "LOCKED_OUT":
        raise errors.error("E0000119")
    if user is not None and kind in ("SMS", "CALL"):
        phones = [each for each in factors.of_user(ctx, user["id"], "ACTIVE") if each["factorType"] == kind.lower()]
        if not phones:
            raise errors.error("E0000097")
    if user is not None and user["status"] in ("ACTIVE", "PASSWORD_EXPIRED", "RECOVERY"):
        recovery(ctx, user, "recover")
    return {"status": "RECOVERY_CHALLENGE", "factorResult": "WAITING", "factorType": kind,
            "recoveryType": "PASSWORD"}  # fmt: skip


@twin.page("POST", "/api/v1/authn/recovery/token")
def redeem(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A recovery token opens a transaction; it works once. Raises E0000105."""
    body = body_of(request)
    token = str(body.get("recoveryToken") or "")
    held = ctx.store.find("recovery_token", token) if token else None
    if held is None or held["expires"] <= ctx.now:
        raise errors.error("E0000105")
    ctx.store.delete("recovery_token", token)
    user = people.get(ctx, held["user"])
    return shown(ctx, begin(ctx, user, "RECOVERY" if "recovery_question" in user["credentials"] else "PASSWORD_RESET"))


@twin.page("POST", "/api/v1/authn/recovery/answer")
def answer(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The recovery question's answer. Raises E0000087."""
    body = body_of(request)
    held = resume(ctx, body, "RECOVERY")
    if not credentials.right_answer(ctx, people.get(ctx, held["user"]), str(body.get("answer") or "")):
        raise errors.error("E0000087")
    return shown(ctx, ctx.store.update("authn_transaction", held["id"], status="PASSWORD_RESET"))


@twin.control("recovery_token")
def control_token(ctx: Ctx, payload: Any) -> dict[str, Any]:
    """What the human finds in the mail: {user} → the newest recovery or activation token."""
    user = people.get(ctx, str(payload["user"]))["id"]
    rows = [row for row in ctx.store.select("recovery_token", order="newest") if row["user"] == user]
    return {"token": rows[0]["id"] if rows else None}

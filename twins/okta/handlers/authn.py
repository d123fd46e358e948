"""The Authentication API: a state machine over `stateToken`s, with MFA, expired passwords and recovery.

Source: https://developer.okta.com/docs/reference/api/authn/ (not part of the published documents).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from twinkit import Ctx, Reply, Request
from twins.okta import credentials, errors, factors, people, policies, syslog, twin
from twins.okta.handlers import sessions, users
from twins.okta.handlers.credentials import set_new
from twins.okta.handlers.factors import push_shown, pushed
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
            "locale": profile.get("locale") or "en_US", "timeZone": profile.get("timezone", "America/Los_Angeles"),
        },
    }  # fmt: skip


def success(ctx: Ctx, user: dict[str, Any], amr: list[str]) -> dict[str, Any]:
    """The end of a transaction: a session token."""
    users.signed_in(ctx, user)
    person = syslog.person(user)
    syslog.write(ctx, "user.authentication.sso", "User single sign on to app", person, actor=person)
    token = sessions.token_for(ctx, user["id"], amr)
    return {"expiresAt": iso(ctx, LIFE), "status": "SUCCESS", "sessionToken": token,
            "_embedded": {"user": embedded(user)},
            "_links": {"cancel": _link(f"{ctx.base_url}/api/v1/authn/cancel")}}  # fmt: skip


def begin(ctx: Ctx, user: Mapping[str, Any], status: str, **more: Any) -> dict[str, Any]:
    """A transaction in a state."""
    token = f"00{ctx.token('alnum', 40)}"
    row = {"id": token, "user": user["id"], "status": status, "expires": ctx.now + LIFE, **more}
    ctx.store.insert("authn_transaction", row, id=token, created=ctx.micros)
    return row


def choice(ctx: Ctx, factor: Mapping[str, Any], base: str) -> dict[str, Any]:
    """A factor to choose, with where it is verified."""
    return {**described(ctx, factor), "_links": {"verify": _link(f"{base}/factors/{factor['id']}/verify")}}


def described(ctx: Ctx, factor: Mapping[str, Any]) -> dict[str, Any]:
    """A factor as somebody who has not signed in yet sees it: addresses hide their middle."""
    found = factors.shown(ctx, factor, secrets=True)
    profile = dict(found["profile"])
    if number := profile.get("phoneNumber"):
        profile["phoneNumber"] = re.sub(r"[\s()-]", "", str(number))[:2] + f" XXX-XXX-{str(number)[-4:]}"
    if address := profile.get("email"):
        name, _, host = str(address).partition("@")
        profile["email"] = f"{name[:1]}...{name[-1:]}@{host}"
    return {name: value for name, value in found.items() if name not in ("_links", "status", "created", "lastUpdated")
            } | {"profile": profile}  # fmt: skip


NEXT = {
    "PASSWORD_WARN": ("changePassword", "credentials/change_password"),
    "PASSWORD_EXPIRED": ("changePassword", "credentials/change_password"),
    "PASSWORD_RESET": ("resetPassword", "credentials/reset_password"),
    "RECOVERY": ("answer", "recovery/answer"),
    "RECOVERY_CHALLENGE": ("verify", "recovery/factors/{kind}/verify"),
    "MFA_ENROLL_ACTIVATE": ("activate", "factors/{factor}/lifecycle/activate"),
    "MFA_CHALLENGE": ("verify", "factors/{factor}/verify"),
}
"""State → name and place of the link that leads on."""


def shown(ctx: Ctx, row: Mapping[str, Any]) -> dict[str, Any]:
    """A transaction as it stands."""
    user, status = people.get(ctx, row["user"]), row["status"]
    base = f"{ctx.base_url}/api/v1/authn"
    found: dict[str, Any] = {"stateToken": row["id"], "expiresAt": iso(ctx, row["expires"] - ctx.now),
                             "status": status, "_embedded": {"user": embedded(user)}}  # fmt: skip
    links = _links(row, base)
    if status in ENROLLING:
        _enrolling(ctx, row, user, found, links)
    if status in CHANGING:
        found["_embedded"]["policy"] = _policy(ctx, user)
    if status in ("MFA_REQUIRED", "MFA_CHALLENGE"):
        items = [choice(ctx, each, base) for each in factors.of_user(ctx, user["id"], "ACTIVE")]
        found["_embedded"]["factors"] = items
    if status == "MFA_CHALLENGE":
        found["_embedded"]["factor"] = next(each for each in items if each["id"] == row["factor"])
        found["factorResult"] = row.get("result") or "CHALLENGE"
    if status.startswith("RECOVERY"):
        found["recoveryType"] = row.get("purpose", "PASSWORD")
    if status == "RECOVERY":
        found["_embedded"]["user"]["recovery_question"] = user["credentials"]["recovery_question"]
    return {**found, "_links": links}


def _links(row: Mapping[str, Any], base: str) -> dict[str, Any]:
    """Where a transaction goes from here."""
    status = row["status"]
    links: dict[str, Any] = {"cancel": _link(f"{base}/cancel")}
    if status in ("MFA_CHALLENGE", "MFA_ENROLL_ACTIVATE"):
        links["prev"] = _link(f"{base}/previous")
    if status == "RECOVERY_CHALLENGE":
        links["resend"] = _link(f"{base}/recovery/factors/{row['kind']}/resend", row["kind"].lower())
    if status == "PASSWORD_WARN":
        links["skip"] = _link(f"{base}/skip", "skip")
    if status in NEXT:
        name, path = NEXT[status]
        name = "poll" if status == "MFA_ENROLL_ACTIVATE" and row.get("push") else name
        links["next"] = _link(f"{base}/{path.format(kind=row.get('kind'), factor=row.get('factor'))}", name)
    return links


def _link(address: str, name: str = "") -> dict[str, Any]:
    return {**({"name": name} if name else {}), "href": address, "hints": {"allow": ["POST"]}}


ENROLLING, CHANGING = ("MFA_ENROLL", "MFA_ENROLL_ACTIVATE"), ("PASSWORD_WARN", "PASSWORD_EXPIRED", "PASSWORD_RESET")


def _enrolling(
    ctx: Ctx, row: Mapping[str, Any], user: dict[str, Any], found: dict[str, Any], links: dict[str, Any]
) -> None:  # fmt: skip
    from twins.okta.handlers import authn_enrol

    base = f"{ctx.base_url}/api/v1/authn"
    if row["status"] == "MFA_ENROLL":
        found["_embedded"]["factors"] = authn_enrol.choices(ctx, user, base)
        if authn_enrol.may_skip(ctx, user):
            links["skip"] = _link(f"{base}/skip", "skip")
        return
    factor = factors.get(ctx, user["id"], row["factor"])
    found["_embedded"]["factor"] = described(ctx, factor)
    if row.get("push"):
        found["factorResult"] = row["result"]
    if factor["factorType"] in factors.SENT:
        links["resend"] = [_link(f"{base}/factors/{factor['id']}/lifecycle/resend", factor["factorType"])]


def _policy(ctx: Ctx, user: dict[str, Any]) -> dict[str, Any]:
    """What the next password must be like, and how many days the present one has left."""
    held = credentials.policy(ctx, user)
    left = credentials.days_left(ctx, user)
    age = {name: held["age"][name] for name in ("minAgeMinutes", "historyCount")}
    expiration = {} if left is None else {"expiration": {"passwordExpireDays": max(0, left)}}
    names = ("minLength", "minLowerCase", "minUpperCase", "minNumber", "minSymbol", "excludeUsername")
    return {**expiration, "complexity": {name: held["complexity"][name] for name in names}, "age": age}


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
    unlock = _link(f"{ctx.base_url}/api/v1/authn/recovery/unlock", "unlock")
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
    return _warned(ctx, user, ["pwd"])


def _warned(ctx: Ctx, user: dict[str, Any], amr: list[str]) -> dict[str, Any]:
    """The end, or a warning before it that the password is soon too old."""
    left, warn = credentials.days_left(ctx, user), int(credentials.policy(ctx, user)["age"].get("expireWarnDays") or 0)
    if left is not None and left <= warn:
        return shown(ctx, begin(ctx, user, "PASSWORD_WARN", amr=amr))
    return success(ctx, user, amr)


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
    return proved(ctx, held, user)


def proved(ctx: Ctx, held: Mapping[str, Any], user: dict[str, Any]) -> dict[str, Any]:
    """What follows a second factor."""
    ctx.store.delete("authn_transaction", held["id"])
    if user["status"] == "PASSWORD_EXPIRED" or credentials.expired(ctx, user):
        return shown(ctx, begin(ctx, user, "PASSWORD_EXPIRED"))
    return _warned(ctx, user, ["pwd", "mfa", "otp"])


def _push(ctx: Ctx, held: dict[str, Any], user: dict[str, Any], factor: dict[str, Any]) -> dict[str, Any]:
    if held.get("push") is None:
        pushed(ctx, user["id"], factor)
        rows = ctx.store.select("push_transaction", order="newest")
        push = next(iter(rows))["id"]
        return shown(ctx, ctx.store.update("authn_transaction", held["id"], status="MFA_CHALLENGE", push=push,
                                           factor=factor["id"], result="WAITING"))  # fmt: skip
    result = push_shown(ctx, ctx.store.get("push_transaction", held["push"]))["factorResult"]
    if result == "SUCCESS":
        return proved(ctx, held, user)
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
    held = resume(ctx, body, "PASSWORD_EXPIRED", "PASSWORD_WARN")
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

"""Sessions: made from a session token, looked at, extended, ended. Source: https://developer.okta.com/docs/reference/api/sessions/."""

from __future__ import annotations

from typing import Any

import orjson

from twinkit import Ctx, Filter, Reply, Request
from twins.okta import errors, facts, people, policies, syslog, twin, wire
from twins.okta.times import iso, written


def start(ctx: Ctx, user: dict[str, Any], amr: list[str], idp: dict[str, str] | None = None) -> dict[str, Any]:
    """A new session; `idp` is who vouched for the user, if not the org itself."""
    id = f"102{ctx.token('alnum', 22)}"
    now, terms = iso(ctx), policies.sign_on(ctx, user)
    longest = ctx.now + terms.longest if terms.longest else None
    idle = min(terms.idle, terms.longest) if terms.longest else terms.idle
    session = {
        "id": id, "login": user["profile"]["login"], "userId": user["id"], "status": "ACTIVE", "createdAt": now,
        "expiresAt": iso(ctx, idle), "expires": ctx.now + idle, "~idle": idle, "~longest": longest,
        "lastPasswordVerification": now, "lastFactorVerification": now if "mfa" in amr else None, "amr": amr,
        "authTime": ctx.now, "idp": idp or {"id": facts.ORG_ID, "type": "OKTA"}, "mfaActive": "mfa" in amr,
    }  # fmt: skip
    ctx.store.insert("session", session, id=id, created=ctx.micros)
    syslog.write(ctx, "user.session.start", "User login to Okta", syslog.person(user), actor=syslog.person(user))
    return session


def shown(ctx: Ctx, session: dict[str, Any]) -> dict[str, Any]:
    """A session with its links."""
    base = f"{ctx.base_url}/api/v1/sessions/{session['id']}"
    links = {
        "self": {"href": base, "hints": {"allow": ["GET", "DELETE"]}},
        "refresh": {"href": f"{base}/lifecycle/refresh", "hints": {"allow": ["POST"]}},
        "user": {"href": f"{ctx.base_url}/api/v1/users/{session['userId']}", "hints": {"allow": ["GET"]}},
    }
    visible = {name: value for name, value in session.items() if name[0] != "~" and name not in ("expires", "authTime")}
    return visible | {"_links": links}


def token_for(ctx: Ctx, user: str, amr: list[str]) -> str:
    """A one-time session token, good for five minutes."""
    token = f"20111{ctx.token('alnum', 59)}"
    ctx.store.insert("session_token", {"user": user, "amr": amr, "expires": ctx.now + 300}, id=token)
    return token


def redeem(ctx: Ctx, token: str) -> dict[str, Any] | None:
    """The session that a session token opens; it works once. None when it is spent, old or unknown."""
    held = ctx.store.find("session_token", token) if token else None
    if held is None or held["expires"] <= ctx.now:
        return None
    ctx.store.delete("session_token", token)
    return start(ctx, people.get(ctx, held["user"]), held["amr"])


def cookie(session: dict[str, Any]) -> dict[str, str]:
    """The header that sets the session's cookie."""
    return {"set-cookie": f"sid={session['id']}; Path=/; HttpOnly; SameSite=Lax"}


def alive(ctx: Ctx, id: str) -> dict[str, Any]:
    """A live session. Raises E0000007."""
    found = ctx.store.find("session", id)
    if found is None or found["expires"] <= ctx.now or found["status"] != "ACTIVE":
        raise errors.missing("session", id)
    return found


def end(ctx: Ctx, session: dict[str, Any]) -> None:
    """A session is over."""
    ctx.store.delete("session", session["id"])
    user = ctx.store.find("user", session["userId"])
    if user is not None:
        syslog.write(ctx, "user.session.end", "User logout from Okta", syslog.person(user), actor=syslog.person(user))


def end_all(ctx: Ctx, user: str, *, tokens: bool) -> None:
    """Every session of a user is over; with `tokens` access and refresh tokens are revoked too."""
    for session in list(ctx.store.select("session", [Filter("userId", "=", user)])):
        ctx.store.delete("session", session["id"])
    if tokens:
        for resource in ("access_token", "refresh_token"):
            for row in list(ctx.store.select(resource, [Filter("user", "=", user)])):
                ctx.store.update(resource, row["~key"], revoked=True)


@twin.handler("getSession")
def get(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A session by id."""
    return shown(ctx, alive(ctx, request.path["sessionId"]))


@twin.handler("revokeSession")
def revoke(ctx: Ctx, request: Request) -> Reply:
    """A session is over."""
    end(ctx, alive(ctx, request.path["sessionId"]))
    return Reply(204)


@twin.handler("refreshSession")
def refresh(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A session lives on."""
    return shown(ctx, extend(ctx, alive(ctx, request.path["sessionId"])))


def extend(ctx: Ctx, session: dict[str, Any]) -> dict[str, Any]:
    """As long again as the sign-on rule lets a session idle."""
    expires = ctx.now + int(session["~idle"])
    expires = min(expires, session["~longest"]) if session["~longest"] else expires
    return ctx.store.update("session", session["id"], expires=expires, expiresAt=written(expires * 1_000_000))


@twin.handler("revokeUserSessions")
def revoke_all(ctx: Ctx, request: Request) -> Reply:
    """Every session of a user is over; with `oauthTokens=true` tokens too."""
    user = people.get(ctx, request.path["userId"])
    end_all(ctx, user["id"], tokens=bool(request.query.get("oauthTokens")))
    syslog.write(ctx, "user.session.clear", "Clear user session", syslog.person(user))
    return Reply(204)


def mine(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The session whose cookie came. Raises E0000007."""
    found = wire.session_of(ctx, request)
    if found is None:
        raise errors.missing("session", "me")
    return found


@twin.page("POST", "/api/v1/sessions")
def create(ctx: Ctx, request: Request) -> Reply:
    """A session for a session token (needs an API token, as the service's does)."""
    wire.api_token(ctx, wire.credential(request)[1])
    try:
        token = str(orjson.loads(request.raw).get("sessionToken", ""))
    except (orjson.JSONDecodeError, AttributeError):
        raise errors.error("E0000003") from None
    session = redeem(ctx, token)
    if session is None:
        raise errors.error("E0000004")
    return Reply(200, shown(ctx, session), cookie(session))


@twin.page("GET", "/api/v1/sessions/me")
def get_mine(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The session of the cookie."""
    return shown(ctx, mine(ctx, request))


@twin.page("DELETE", "/api/v1/sessions/me")
def end_mine(ctx: Ctx, request: Request) -> Reply:
    """Sign out."""
    end(ctx, mine(ctx, request))
    return Reply(204, None, {"set-cookie": "sid=; Path=/; Max-Age=0"})


@twin.page("POST", "/api/v1/sessions/me/lifecycle/refresh")
def refresh_mine(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The session of the cookie lives on."""
    return shown(ctx, extend(ctx, mine(ctx, request)))

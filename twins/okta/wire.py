"""How Okta talks: SSWS and Bearer credentials, sessions, its error bodies and headers.

Sources: https://developer.okta.com/docs/reference/core-okta-api/, /docs/reference/rl-best-practices/,
/docs/guides/implement-oauth-for-okta/. Imports: the kit's public names, the twin's errors and facts.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from fnmatch import translate
from functools import cache
from typing import Any

from twinkit import Ctx, Filter, Principal, Reply, Request, ServiceError, Violation
from twins.okta import errors, facts, twin

PATCHES = frozenset({"updateUserProfile", "updateGroupSchema", "updateApplicationUserProfile", "updateProfileMapping"})
"""Operations whose null means: remove. They look at their bodies themselves."""
SELF_JUDGED = PATCHES | {
    "createRole",
    "replaceRole",
    "createResourceSet",
    "replaceResourceSet",
    "listPrincipalRateLimitEntities",
    "getFeatureForApplication",
}
"""Operations that say what is wrong in their own words."""
TOKEN = r"00[A-Za-z0-9_-]{38,40}$"


@twin.credentials
def credentials(ctx: Ctx) -> dict[str, str]:
    """What works without set-up: the API token, a client of each kind, people."""
    return {
        "api_token": facts.API_TOKEN,
        "issuer": f"{ctx.base_url}/oauth2/default",
        "web_client_id": facts.WEB_CLIENT[0],
        "web_client_secret": facts.WEB_CLIENT[1],
        "spa_client_id": facts.SPA_CLIENT,
        "native_client_id": facts.NATIVE_CLIENT,
        "service_client_id": facts.SERVICE_CLIENT[0],
        "service_client_secret": facts.SERVICE_CLIENT[1],
        "jwt_client_id": facts.JWT_CLIENT,
        "username": facts.USERS[1][3],
        "admin": facts.USERS[0][3],
        "password": facts.PASSWORD,
    }


# who is asking -------------------------------------------------------------------------------------------------------


def digest(token: str) -> str:
    """How a token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()[:40]


def is_oauth(path: str) -> bool:
    """Whether a path speaks OAuth (its own error form, its own client authentication)."""
    return path.startswith("/oauth2/") and not path.startswith("/oauth2/v1/clients")


@twin.authenticate
def authenticate(ctx: Ctx, request: Request) -> Principal | None:
    """An API token, an OAuth access token with a scope of the operation, or a session cookie."""
    if request.headers.get("x-forwarded-for"):
        refuse_blocked(ctx)
    operation = request.operation
    asked = operation.security if operation is not None and operation.security is not None else ()
    if is_oauth(request.url_path) or not asked or any(not each for each in asked):
        return None
    word, rest = credential(request)
    if word == "ssws" and any("apiToken" in each or "oauth2" in each for each in asked):
        return api_token(ctx, rest)
    if word in ("bearer", "dpop"):
        scopes = {scope for each in asked for scope in each.get("oauth2", ())}
        return bearer(ctx, request, rest, scopes)
    found = session_of(ctx, request)
    if found is not None and (request.url_path.startswith("/api/v1/users/me") or "/sessions/me" in request.url_path):
        return Principal(found["id"], kind="session", account=found["userId"])
    if word:
        raise errors.error("E0000011")
    raise errors.error("E0000005")


def refuse_blocked(ctx: Ctx) -> None:
    """E0000006 for who comes from a zone that is a blocklist.

    https://help.okta.com/en-us/content/topics/security/network/about-ip-zones.htm; looked at only where a request says
    where it comes from.
    """
    from twins.okta import policies

    for zone in ctx.store.select("network_zone", [Filter("status", "=", "ACTIVE")]):
        if zone.get("usage") == "BLOCKLIST" and policies.within(ctx, zone):
            raise errors.error("E0000006")


def credential(request: Request) -> tuple[str, str]:
    """(scheme in lower case, credential) of the Authorization header; the Python SDK writes `SSWS` without a space."""
    header = request.headers.get("authorization", "")
    if header[:4].lower() == "ssws":
        return "ssws", header[4:].strip()
    word, _, rest = header.partition(" ")
    return word.lower(), rest.strip()


def api_token(ctx: Ctx, token: str) -> Principal:
    """The owner of an API token. Revoked and misshapen ones (when strict, unknown ones) are refused."""
    if ctx.store.count("revoked_api_token") and ctx.store.find("revoked_api_token", digest(token)) is not None:
        raise errors.error("E0000011")
    if token != facts.API_TOKEN and (ctx.strict or not re.match(TOKEN, token)):
        raise errors.error("E0000011")
    return Principal(token, kind="SSWS", account=facts.ADMIN)


def bearer(ctx: Ctx, request: Request, token: str, scopes: Iterable[str]) -> Principal:
    """The owner of an access token of the org's own authorization server. Raises E0000011, or 403 for a scope."""
    held = ctx.store.find("access_token", digest(token))
    if held is None or held["revoked"] or held["expires"] <= ctx.now or held["server"] != "org":
        refused = errors.error("E0000011")
        refused.headers = {"www-authenticate": challenge(ctx, request, "invalid_token", "The access token is invalid.")}
        raise refused
    if held["jkt"]:
        bound(ctx, request, token, held["jkt"])
    granted = frozenset(held["scopes"])
    wider = {scope.removesuffix(".manage") + ".read" for scope in granted if scope.endswith(".manage")}
    if scopes and not (granted | wider) & set(scopes):
        text = "The access token provided does not contain the required scopes."
        denied = errors.error("E0000006")
        denied.headers = {"www-authenticate": challenge(ctx, request, "insufficient_scope", text, scopes)}
        raise denied
    return Principal(token, kind="oauth", scopes=granted, account=held.get("user"), data=held)


def bound(ctx: Ctx, request: Request, token: str, thumbprint: str) -> None:
    """Refuse a DPoP-bound token that comes without its proof."""
    from twins.okta.oauth import clients
    from twins.okta.oauth.problems import fail

    if credential(request)[0] != "dpop":
        raise fail("dpop_scheme")
    if clients.proof(ctx, request, token=token, nonced=False) != thumbprint:
        raise fail("dpop_binding")


def challenge(ctx: Ctx, request: Request, error: str, text: str, scopes: Iterable[str] = ()) -> str:
    """The WWW-Authenticate header of a refused access token."""
    wanted = f'scope="{" ".join(sorted(scopes))}", ' if scopes else ""
    return (
        f'Bearer authorization_uri="{ctx.base_url}/oauth2/v1/authorize", realm="{ctx.base_url}", {wanted}'
        f'error="{error}", error_description="{text}", resource="{request.url_path}"'
    )


def cookie(request: Request, name: str) -> str:
    """A cookie of the request; empty when there is none."""
    pairs = (pair.strip().partition("=") for pair in request.headers.get("cookie", "").split(";"))
    return next((value for key, _, value in pairs if key == name), "")


def session_of(ctx: Ctx, request: Request) -> dict[str, Any] | None:
    """The live session whose cookie (`sid` or `idx`) the request carries."""
    id = cookie(request, "sid") or cookie(request, "idx")
    found = ctx.store.find("session", id) if id else None
    return found if found is not None and found["status"] == "ACTIVE" and found["expires"] > ctx.now else None


def actor(ctx: Ctx, request: Request) -> str:
    """The id of the user on whose behalf a request is made. Raises E0000005 for `me` without one."""
    principal = request.principal
    if principal is not None and principal.account:
        return principal.account
    raise errors.error("E0000005")


# what is wrong -------------------------------------------------------------------------------------------------------


@twin.invalid
def invalid(_ctx: Ctx, request: Request, violations: list[Violation]) -> ServiceError | None:
    """Violations of the contract in Okta's words; OAuth operations look for themselves."""
    if request.url_path.startswith("/oauth2/") or (
        request.operation is not None and request.operation.id in SELF_JUDGED
    ):
        return None
    mine = [violation for violation in violations if not tolerated(violation)]
    if not mine:
        return None
    first = mine[0]
    name = str(first.path[-1]) if first.path else "body"
    if request.operation is not None and request.operation.id == "createPolicySimulation":
        return errors.error("E0000003")
    if first.kind == "required_body" or (first.kind == "type" and first.location == "body"):
        return errors.error("E0000003")
    if first.kind == "type":
        return errors.error("E0000037", "")
    if first.kind == "missing" and first.location != "body":
        return errors.error("E0000028")
    return errors.validation(name, *dict.fromkeys(cause(violation) for violation in mine))


def tolerated(violation: Violation) -> bool:
    """What the service lets pass although its document does not: alternatives, ranges of page sizes, unknown values of
    enumerations in queries."""
    if violation.kind == "missing" and violation.path == ("signOnMode",):
        return True
    if violation.path[:1] == ("profile",) and violation.kind in ("min_length", "format"):
        return True
    if violation.location == "body" and violation.value is None and violation.kind in ("type", "enum"):
        return True
    return violation.kind in ("one_of", "any_of", "not", "unknown") or (
        violation.location == "query" and violation.path[-1:] in (("limit",), ("after",))
    )


def cause(violation: Violation) -> str:
    """The line of the cause list for a violation."""
    name = str(violation.path[-1]) if violation.path else "body"
    match violation.kind:
        case "missing":
            return f"{name}: The field cannot be left blank"
        case "min_length":
            return f"{name}: The field cannot be left blank"
        case "max_length" | "maximum" | "max_items":
            return f"{name}: The field is too long"
        case "enum" | "const":
            allowed = violation.expected if isinstance(violation.expected, list | tuple) else [violation.expected]
            return f"{name}: must be one of {', '.join(map(str, allowed))}"
    return f"{name}: Does not match required pattern"


# the reply -----------------------------------------------------------------------------------------------------------


CACHED = {
    "x-content-type-options": "nosniff", "x-xss-protection": "0", "p3p": 'CP="HONK"',
    "referrer-policy": "strict-origin-when-cross-origin", "accept-ch": "Sec-CH-UA-Platform-Version",
    "strict-transport-security": "max-age=315360000; includeSubDomains",
}  # fmt: skip
COMMON = {**CACHED, "cache-control": "no-cache, no-store", "pragma": "no-cache", "expires": "0"}
"""What the service says with every reply; the first of them also with what may be cached."""


@twin.finish
def finish(ctx: Ctx, request: Request, reply: Reply) -> Reply:
    """The error's id, the request's id, what is left of the rate limit, no caching."""
    body = reply.body
    if reply.status >= 400 and isinstance(body, dict) and "errorCode" in body:
        if is_oauth(request.url_path) and body["errorCode"] in ("E0000003", "E0000021", "E0000001"):
            reply.body = {"error": "invalid_request", "error_description": "Invalid request"}
        else:
            words = str(body["errorSummary"])
            for resource, word in errors.NAMES.items():
                words = words.replace(f"({resource})", f"({word})")
            reply.body = {**body, "errorSummary": words, "errorId": body.get("errorId") or ctx.new_id("oae{alnum:22}")}
    given = {name.lower(): value for name, value in reply.headers.items()} if reply.headers else {}
    headers = {
        "x-okta-request-id": ctx.new_id("{alnum:27}"),
        **(CACHED if "cache-control" in given else COMMON),
        **given,
    }
    if "x-rate-limit-limit" not in given:
        headers |= rate(ctx, request)
    elif "x-rate-limit-reset" not in given:
        headers["x-rate-limit-reset"] = str((ctx.now // 60 + 1) * 60)
    reply.headers = headers
    if "json" in request.headers.get("accept", "json") and reply.body is None and reply.status == 200:
        headers.setdefault("content-length", "0")
    return reply


@cache
def buckets() -> tuple[re.Pattern[str], dict[str, tuple[str, int]]]:
    """Which group of the pattern a `METHOD path` falls in, and the bucket of each group: `rate_limits` of twin.yaml."""
    declared = twin.compiled.options["rate_limits"]
    parts = [f"(?P<free>\\S+ (?:{globs(declared['free'])}))"]
    named = {}
    for place, each in enumerate(declared["buckets"]):
        methods = "|".join(each.get("methods") or [r"\S+"])
        parts.append(f"(?P<b{place}>(?:{methods}) (?:{globs(each.get('paths') or ['*'])}))")
        named[f"b{place}"] = (str(each["name"]), int(each["limit"]))
    return re.compile("|".join(parts)), named


def globs(paths: Iterable[str]) -> str:
    """A pattern that any of the paths fits."""
    return "|".join(translate(path) for path in paths)


def rate(ctx: Ctx, request: Request) -> dict[str, str]:
    """The X-Rate-Limit headers: this minute's count of the bucket; none where nothing is limited."""
    pattern, named = buckets()
    found = pattern.match(f"{request.method} {request.url_path}")
    if found is None or found.lastgroup not in named:
        return {}
    name, limit = named[str(found.lastgroup)]
    window = ctx.now // 60
    used = ctx.store.next(f"rate/{name}/{window}") + 1
    return {
        "x-rate-limit-limit": str(limit),
        "x-rate-limit-remaining": str(max(0, limit - used)),
        "x-rate-limit-reset": str((window + 1) * 60),
    }

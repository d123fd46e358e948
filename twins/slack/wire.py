"""How the Web API talks: tokens and their errors, arguments however they come, headers of every reply.

Sources: https://docs.slack.dev/authentication/tokens, /apis/web-api. Imports: the twin, scopes, args.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from twinkit import Ctx, Principal, Reply, Request
from twins.slack import scopes, twin, world
from twins.slack.call import provided
from twins.slack.failing import fail, fail_with

LIVE = ("xoxb-", "xoxp-", "xapp-", "xoxe.", "xoxe-", "xoxc-", "xoxd-")


@twin.credentials
def credentials(_ctx: Ctx) -> dict[str, str]:
    """Tokens, secrets and ids that work without set-up."""
    return {
        "bot_token": world.BOT_TOKEN,
        "user_token": world.USER_TOKEN,
        "app_token": world.APP_TOKEN,
        "limited_token": world.LIMITED_TOKEN,
        "signing_secret": world.SIGNING_SECRET,
        "verification_token": world.VERIFICATION_TOKEN,
        "client_id": world.CLIENT_ID,
        "client_secret": world.CLIENT_SECRET,
        "app_id": world.APP,
        "team_id": world.TEAM,
        "incoming_webhook": world.WEBHOOK_PATH,
    }


def method_name(request: Request) -> str:
    """The method of a request, such as `chat.postMessage`."""
    return request.url_path.rpartition("/")[2]


def given_token(request: Request) -> str:
    """The token in the header or among the arguments; empty when there is none."""
    word, _, rest = request.headers.get("authorization", "").partition(" ")
    if word.lower() == "bearer" and rest.strip():
        return rest.strip()
    return str(request.params.get("token") or "")


@twin.authenticate
def authenticate(ctx: Ctx, request: Request) -> Principal | None:
    """The owner of a token, if it may call this method."""
    name = method_name(request)
    given = given_token(request)
    if scopes.matches(name, scopes.TOKENLESS):
        return None
    if not given:
        raise fail("not_authed")
    token = valid_token(ctx, given)
    check_kind(name, token)
    needed = _needed(name, _declared(request))
    held = frozenset(token["scopes"])
    if needed and not held & set(needed):
        raise fail("missing_scope", needed=",".join(needed), provided=provided(token))
    return Principal(given, kind=token["kind"], scopes=held, account=token["team"], data=token)


def valid_token(ctx: Ctx, given: str) -> dict[str, Any]:
    """The record of a token that works. Raises what the service says of one that does not."""
    token = ctx.store.find("token", given)
    if token is None:
        raise fail("invalid_auth")
    if token.get("revoked"):
        raise fail("token_revoked")
    if token.get("expires") and int(token["expires"]) <= ctx.now:
        raise fail("token_expired")
    owner = ctx.store.find("user", token["user"]) if token.get("user") else None
    if owner is not None and owner.get("deleted"):
        raise fail("account_inactive")
    return token


def check_kind(name: str, token: dict[str, Any]) -> None:
    """Refuse a kind of token that a method does not take. Raises `not_allowed_token_type`."""
    kind = token["kind"]
    app_only = name in scopes.APP_ONLY
    common = name in ("auth.test", "api.test")
    if (kind == "app" and not app_only and not common) or (kind != "app" and app_only):
        raise fail("not_allowed_token_type")
    if kind == "bot" and scopes.matches(name, scopes.USER_ONLY):
        raise fail("not_allowed_token_type")


def _declared(request: Request) -> tuple[str, ...]:
    security = (request.operation.security if request.operation else None) or ()
    return tuple(scope for requirement in security for scope in requirement.get("slackAuth", ()))


@lru_cache(maxsize=1024)
def _needed(name: str, declared: tuple[str, ...]) -> tuple[str, ...]:
    return scopes.needed(name, declared)


# arguments -----------------------------------------------------------------------------------------------------------


@twin.validate
def validate(ctx: Ctx, request: Request) -> None:
    """Put all arguments into the body, and ask for those that the contract requires."""
    if request.body is not None and not isinstance(request.body, dict):
        raise fail("json_not_object" if request.media_type == "application/json" else "invalid_form_data")
    request.body = {**request.query, **(request.body or {})}
    if request.operation is None or request.operation.id in ctx.twin.handlers:
        return
    absent = [name for name in required(ctx, request.operation.id) if request.body.get(name) in (None, "")]
    if absent:
        raise fail_with("invalid_arguments", [f"missing required field: {name}" for name in absent])


_REQUIRED: dict[str, tuple[str, ...]] = {}


def required(ctx: Ctx, operation_id: str) -> tuple[str, ...]:
    """The arguments that the contract requires, the token left out."""
    found = _REQUIRED.get(operation_id)
    if found is None:
        operation = ctx.twin.index.operation(operation_id)
        names = [parameter.name for parameter in operation.parameters if parameter.required]
        for schema in (operation.body.content if operation.body else {}).values():
            node = ctx.twin.index.resolve(schema)
            names += list(node.get("required", ())) if isinstance(node, dict) else []
        found = _REQUIRED[operation_id] = tuple(name for name in dict.fromkeys(names) if name != "token")
    return found


# the reply -----------------------------------------------------------------------------------------------------------


@twin.finish
def finish(ctx: Ctx, request: Request, reply: Reply) -> Reply:
    """Headers that the SDKs look at; `ok` on what generic behaviour made."""
    if request.operation is None:
        if isinstance(reply.body, dict) and reply.body.get("error") == "unknown_method":
            reply.body = {"ok": False, "error": "unknown_method", "req_method": method_name(request)}
        return reply
    if isinstance(reply.body, dict) and "ok" not in reply.body:
        reply.body = {"ok": True, **reply.body}
    if reply.body is None or isinstance(reply.body, list):
        reply.body = {"ok": True}
    headers = reply.headers
    headers.setdefault("x-slack-req-id", ctx.new_id("{hex:32}"))
    headers.setdefault("content-type", "application/json; charset=utf-8")
    if request.principal is not None:
        headers.setdefault("x-oauth-scopes", provided(dict(request.principal.data)))
        accepted = _needed(method_name(request), _declared(request))
        if accepted:
            headers.setdefault("x-accepted-oauth-scopes", ",".join(accepted))
    if _no_charset(request) and isinstance(reply.body, dict) and reply.body.get("ok"):
        reply.body = {**reply.body, "warning": "missing_charset"}
        metadata = dict(reply.body.get("response_metadata") or {})
        reply.body["response_metadata"] = {**metadata, "warnings": ["missing_charset"]}
    return reply


def _no_charset(request: Request) -> bool:
    given = request.headers.get("content-type", "").lower()
    return given.startswith("application/json") and "charset" not in given

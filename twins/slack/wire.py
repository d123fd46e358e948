"""How the Web API talks: tokens and their errors, arguments however they come, headers of every reply.

Sources: https://docs.slack.dev/authentication/tokens, /apis/web-api. Imports: the twin, scopes, args.
"""

from __future__ import annotations

import re
from functools import lru_cache

from twinkit import Ctx, Principal, Reply, Request
from twinkit.contract.wire import Repeated
from twins.slack import incoming, retired, scopes, tokens, twin, world
from twins.slack.failing import fail, fail_with

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
CHARSET = re.compile(r"charset=\"?([\w-]+)")
CHARSETS = ("utf-8", "utf8", "iso-8859-1")
POSTED = (JSON, "application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
NAME = re.compile(r"\w{1,100}")


@twin.credentials
def credentials(_ctx: Ctx) -> dict[str, str]:
    """Tokens, secrets and ids that work without set-up."""
    return {
        "bot_token": world.BOT_TOKEN,
        "user_token": world.USER_TOKEN,
        "app_token": world.APP_TOKEN,
        "limited_token": world.LIMITED_TOKEN,
        "config_token": world.CONFIG_TOKEN,
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
    """The token in the header or among the arguments, but for those in JSON; empty when there is none."""
    word, _, rest = request.headers.get("authorization", "").partition(" ")
    if word.lower() == "bearer" and rest.strip():
        return rest.strip()
    return str((request.query if request.media_type == JSON else request.params).get("token") or "")


@twin.authenticate
def authenticate(ctx: Ctx, request: Request) -> Principal | None:
    """The owner of a token, if it may call this method."""
    name = method_name(request)
    given = given_token(request)
    if _tokenless(name):
        return None
    if not given:
        raise fail("not_authed")
    token, owner = tokens.valid(ctx, given)
    principal = token.principal
    if not _takes(name, principal.kind):
        raise fail("not_allowed_token_type")
    needed = needed_for(request)
    if needed and principal.scopes.isdisjoint(needed):
        told = [scope for scope in needed if scope != scopes.OTHERS.get(principal.kind)]
        raise fail("missing_scope", needed=",".join(told), provided=token.provided)
    if owner.is_restricted or owner.is_ultra_restricted:
        refused = scopes.guest_error(name, single=owner.is_ultra_restricted)
        if refused:
            raise fail(refused)
    return principal


@lru_cache(maxsize=1024)
def _tokenless(name: str) -> bool:
    return scopes.matches(name, scopes.TOKENLESS)


@lru_cache(maxsize=2048)
def _takes(name: str, kind: str) -> bool:
    """Whether a method takes a kind of token."""
    app_only = name in scopes.APP_ONLY
    if name.startswith(scopes.CONFIG_ONLY) or kind == "config":
        return kind == "config" and name.startswith((*scopes.CONFIG_ONLY, "auth.test", "api.test"))
    if kind == "app":
        return app_only or name in ("auth.test", "api.test")
    return not app_only and not (kind == "bot" and scopes.matches(name, scopes.USER_ONLY))


_NEEDED: dict[str, tuple[str, ...]] = {}


def needed_for(request: Request) -> tuple[str, ...]:
    """The scopes of which a request's method needs one."""
    operation = request.operation
    if operation is None:
        return ()
    found = _NEEDED.get(operation.id)
    if found is None:
        declared = [scope for each in operation.security or () for scope in each.get("slackAuth", ())]
        found = _NEEDED[operation.id] = scopes.needed(method_name(request), declared)
    return found


# arguments -----------------------------------------------------------------------------------------------------------


@twin.validate
def validate(ctx: Ctx, request: Request) -> None:
    """Put all arguments into the body, and ask for those that the contract requires."""
    check_body(request)
    request.body = {**request.query, **(request.body or {})}
    check_names(request)
    if not isinstance(request.body.get("channel", ""), str):
        raise fail_with("invalid_arguments", ["must provide a string [json-pointer:/channel]"])
    if request.operation is None or request.operation.id in ctx.twin.handlers:
        return
    absent = [name for name in required(ctx, request.operation.id) if request.body.get(name) in (None, "")]
    if absent:
        raise fail_with("invalid_arguments", [f"missing required field: {name}" for name in absent])


def check_body(request: Request) -> None:
    """Refuse a body of the wrong kind. Raises `json_not_object`, `missing_post_type`, `invalid_charset` and so on."""
    given = request.headers.get("content-type", "")
    if request.raw and not given:
        raise fail("missing_post_type")
    if request.raw and given.partition(";")[0].strip().lower() not in POSTED:
        raise fail("invalid_post_type")
    if request.media_type == FORM and request.raw and b"=" not in request.raw:
        raise fail("invalid_form_data")
    charset = CHARSET.search(given.lower())
    if charset and charset[1] not in CHARSETS:
        raise fail("invalid_charset")
    if request.body is not None and not isinstance(request.body, dict):
        raise fail("json_not_object" if request.media_type == JSON else "invalid_form_data")


def check_names(request: Request) -> None:
    """Refuse arguments of odd names and lists in forms. Raises `invalid_arg_name`, `invalid_array_arg`."""
    for name, value in request.body.items():
        if not NAME.fullmatch(name):
            raise fail("invalid_arg_name")
        if isinstance(value, Repeated):
            request.body[name] = value[-1]
        elif request.media_type != JSON and isinstance(value, dict | list):
            raise fail("invalid_array_arg")


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
        if reply.status >= 500 and request.url_path.startswith(incoming.ROOT):
            return incoming.refused("rollup_error")
        if isinstance(reply.body, dict) and reply.body.get("error") == "unknown_method":
            name = method_name(request)
            reply.body = retired.reply(name) or {"ok": False, "error": "unknown_method", "req_method": name}
        return reply
    sent = request.headers.get("content-type", "").lower()
    if isinstance(reply.body, dict) and reply.body.get("error") == "invalid_form_data" and sent.startswith(JSON):
        reply.body = {"ok": False, "error": "invalid_json"}
    if isinstance(reply.body, dict) and "ok" not in reply.body:
        reply.body = {"ok": True, **reply.body}
    if reply.body is None or isinstance(reply.body, list):
        reply.body = {"ok": True}
    headers = reply.headers
    headers.setdefault("x-slack-req-id", ctx.new_id("{hex:32}"))
    headers.setdefault("content-type", "application/json; charset=utf-8")
    if request.principal is not None:
        headers.setdefault("x-oauth-scopes", ",".join(request.principal.data.get("scopes", ())))
        accepted = needed_for(request)
        if accepted:
            headers.setdefault("x-accepted-oauth-scopes", ",".join(accepted))
    warning = _charset_warning(sent)
    if warning and isinstance(reply.body, dict) and request.method == "POST":
        metadata = dict(reply.body.get("response_metadata") or {})
        known = [*metadata.get("warnings", ()), warning]
        words = ",".join([word for word in (reply.body.get("warning"),) if word] + [warning])
        reply.body = {**reply.body, "warning": words, "response_metadata": {**metadata, "warnings": known}}
    return reply


def _charset_warning(sent: str) -> str:
    """What the service says of a charset that is missing from JSON, or given for a form."""
    if sent.startswith(JSON):
        return "" if "charset" in sent else "missing_charset"
    return "superfluous_charset" if sent.startswith("application/x-www-form-urlencoded") and "charset" in sent else ""

"""How Stripe talks: keys, versions, request ids, errors in its words, expansion of replies.

Sources: https://docs.stripe.com/api/authentication, /errors, /versioning, /expanding_objects. Imports: the kit's
public names, the twin's texts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from twinkit import Ctx, Filter, Principal, Reply, Request, ServiceError, Violation, basic_user
from twins.stripe import accounts, errors, guards, listing, locating, sessions, twin, v2
from twins.stripe.accounts import ACCOUNT
from twins.stripe.billing import pricing
from twins.stripe.expand import Expander
from twins.stripe.payments import configurations, transfers_in

API_VERSION = "2026-08-26.dahlia"
SECRET_KEY = "sk_test_twinkit00000000000000000000"
PUBLISHABLE_KEY = "pk_test_twinkit00000000000000000000"
CONFIGURATION = "pmc_1TwinkitStripeDefault000"
ACCOUNT_VALUES: Mapping[str, Any] = {
    "id": ACCOUNT,
    "type": "standard",
    "country": "US",
    "default_currency": "usd",
    "email": "account@example.com",
    "charges_enabled": True,
    "payouts_enabled": True,
    "details_submitted": True,
    "metadata": {},
}
TAX_CODES: Mapping[str, str] = {
    "txcd_00000000": "Nontaxable",
    "txcd_10000000": "General - Electronically Supplied Services",
    "txcd_20030000": "General - Services",
    "txcd_92010001": "Shipping",
    "txcd_99999999": "General - Tangible Goods",
}
"""Tax codes that every account has: https://docs.stripe.com/tax/tax-codes."""
REQUEST_ID = "twin-request-id"
KINDS = {"sk_test_": "secret", "rk_test_": "restricted", "pk_test_": "publishable", "ek_test_": "ephemeral"}
PREFIX = len("sk_test_")
VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(\.[a-z]+)?(; ?[\w=; .]*)?$")
CLIENT_SIDE = frozenset(
    {
        "PostTokens",
        "GetTokensToken",
        "PostPaymentMethods",
        "PostSources",
        "GetSourcesSource",
        "GetPaymentIntentsIntent",
        "PostPaymentIntentsIntentConfirm",
        "GetSetupIntentsIntent",
        "PostSetupIntentsIntentConfirm",
        "PostPaymentIntentsIntentVerifyMicrodeposits",
        "PostSetupIntentsIntentVerifyMicrodeposits",
        "PostTestHelpersConfirmationTokens",
        "GetConfirmationTokensConfirmationToken",
    }
)
"""Operations that a publishable key may call."""


# who is asking -------------------------------------------------------------------------------------------------------


@twin.credentials
def credentials(ctx: Ctx) -> dict[str, str]:
    """Keys that work without set-up; any other `sk_test_…` works too unless the instance is strict."""
    return {
        "secret_key": ctx.own_credential(SECRET_KEY),
        "publishable_key": ctx.own_credential(PUBLISHABLE_KEY),
        "account": ACCOUNT,
    }


@lru_cache(maxsize=1024)
def read_key(authorization: str) -> tuple[str, str]:
    """(key, its kind) of a header: a bearer token, or the user name of basic credentials.

    The key is empty where there is none, the kind where it is no test key.
    """
    word, _, rest = authorization.partition(" ")
    key = rest.strip() if word.lower() == "bearer" else basic_user(rest) if word.lower() == "basic" else ""
    return key, KINDS.get(key[:PREFIX], "") if len(key) > PREFIX else ""


@twin.baseline
def baseline(ctx: Ctx) -> None:
    """The account itself, its default payment method configuration, and what the service publishes to everyone."""
    ctx.create("account", ACCOUNT_VALUES, event="")
    ctx.create(
        "payment_method_configuration",
        {"id": CONFIGURATION, "active": True, "name": "Default", "is_default": True, **configurations.methods({})},
        event="",
    )
    ctx.create("country_spec", {"id": "US", "default_currency": "usd"}, event="")
    for id, name in TAX_CODES.items():
        ctx.create("tax_code", {"id": id, "name": name, "description": name}, event="")


@twin.handler("GetAccount")
def account(ctx: Ctx, _request: Request) -> dict[str, Any]:
    """The account of the key."""
    return ctx.store.get("account", ACCOUNT)


@twin.authenticate
def authenticate(ctx: Ctx, request: Request) -> Principal:
    """The owner of a test key. Live keys, other texts and (when strict) unknown keys are refused."""
    headers = request.headers
    key, kind = read_key(headers.get("authorization", ""))
    if not key:
        raise errors.no_key()
    if request.operation is not None and request.operation.id == sessions.STREAM and not key.startswith("sk_"):
        sessions.check_token(ctx, key)
        return Principal(key, kind="session")
    if not kind or (ctx.strict and key not in credentials(ctx).values() and not _issued(ctx, key)):
        raise errors.bad_key(key)
    version = headers.get("stripe-version")
    if version and not VERSION.match(version) and not ctx.options.get("materialise"):
        raise errors.bad_version(version)
    if kind == "publishable" and request.operation is not None and request.operation.id not in CLIENT_SIDE:
        raise errors.secret_key_required()
    if kind == "restricted":
        guards.check_permission(ctx, request, key)
    if request.query:
        guards.merge_query(request)
        guards.check_cursors(request)
    guards.check_keys(ctx, request)
    if request.body:
        guards.name_prices(request)
        guards.check_metadata(request)
        guards.check_empty(ctx, request)
    account = headers.get("stripe-account") or (_context(request) if "stripe-context" in headers else None)
    if account is not None:
        known = account == ACCOUNT or ctx.options.get("materialise") or ctx.store.find("account", account)
        if not account.startswith("acct_") or not known:
            raise errors.account_unknown(key, account)
        accounts.enter(ctx, account)
    return principal(key, kind, account)


@lru_cache(maxsize=1024)
def principal(key: str, kind: str, account: str | None) -> Principal:
    """Who a key of this kind stands for; the same object for the same key."""
    return Principal(key, kind=kind, account=account)


def _context(request: Request) -> str | None:
    """The account that `Stripe-Context` names last: https://docs.stripe.com/context."""
    return request.headers.get("stripe-context", "").rpartition("/")[2] or None


def _issued(ctx: Ctx, key: str) -> bool:
    where = [Filter("secret", "=", key)]
    return bool(ctx.store.list("ephemeral_key", where, limit=1).ids)


REQUEST = "req_{alnum:14}"


def request_id(ctx: Ctx, request: Request) -> str:
    """The id of a request; the same however often it is asked for."""
    known = request.headers.get(REQUEST_ID)
    if known is None:
        known = ctx.new_id(REQUEST)
        if isinstance(request.headers, dict):
            request.headers[REQUEST_ID] = known
    return known


UNSETTLED = "twin-unsettled-charge"


def settled_later(ctx: Ctx, charge: str) -> None:
    """Let the reply to this request show a charge without its balance transaction, which comes just afterwards."""
    if ctx.request is not None and isinstance(ctx.request.headers, dict):
        ctx.request.headers[UNSETTLED] = charge


# what is wrong -------------------------------------------------------------------------------------------------------


@twin.invalid
def invalid(ctx: Ctx, request: Request, violations: list[Violation]) -> ServiceError:
    """Violations of the contract in Stripe's words: unknown parameters first, then missing ones, then the rest.

    Nothing was done yet, so the error uses no idempotency key up: that is what its name tells the pipeline.
    """
    error = _refusal(ctx, request, violations)
    error.name = "invalid"
    return error


def _refusal(ctx: Ctx, request: Request, violations: list[Violation]) -> ServiceError:
    unknown = [errors.dotted(v.path) for v in violations if v.kind == "unknown"]
    if unknown:
        return errors.unknown(unknown)
    for violation in violations:
        if violation.kind in ("missing", "required_body"):
            return errors.missing(errors.dotted(violation.path) if violation.path else _first_required(ctx, request))
    return _worded(violations[0])


def _worded(violation: Violation) -> ServiceError:
    param, expected, value = errors.dotted(violation.path), violation.expected, violation.value
    match violation.kind:
        case "type" | "empty" if value == "":
            return errors.empty(param)
        case "type":
            return errors.wrong_type(_type_name(expected), value, param)
        case "enum" | "const" if value == "":
            return errors.empty(param)
        case "enum":
            return errors.not_in(param, expected if isinstance(expected, list | tuple) else [expected])
        case "const":
            return errors.not_in(param, [expected])
        case "max_length":
            return errors.too_long(param, str(value), int(expected))
        case "minimum":
            return errors.too_small(param, expected)
        case "maximum":
            return errors.too_large(param, expected)
        case "any_of" | "one_of" if value == "":
            return errors.empty(param)
        case "any_of" | "one_of" if isinstance(value, str):
            return errors.wrong_type("object", value, param)
        case "any_of" | "one_of" if isinstance(value, Mapping):
            return errors.wrong_type("string", value, param)
    return errors.invalid(f"Invalid {param}", param)


def _type_name(expected: Any) -> str:
    names = [expected] if isinstance(expected, str) else [str(name) for name in expected or ()]
    return next((name for name in names if name != "null"), "object")


def _first_required(ctx: Ctx, request: Request) -> str:
    operation = request.operation
    for schema in (operation.body.content if operation and operation.body else {}).values():
        node = ctx.twin.index.resolve(schema)
        if isinstance(node, Mapping) and node.get("required"):
            return str(node["required"][0])
    return "body"


# the reply -----------------------------------------------------------------------------------------------------------

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


def check_email(params: Mapping[str, Any], name: str) -> None:
    """Raise 400 for a parameter that holds no email address."""
    if params.get(name) and not EMAIL.fullmatch(str(params[name])):
        raise errors.invalid(f"Invalid email address: {params[name]}", name, "email_invalid")


NO_SUCH = re.compile(r"No such ([\w.]+): '(.*)'$", re.DOTALL)


@twin.finish
def finish(ctx: Ctx, request: Request, reply: Reply) -> Reply:
    """Expansion, the rest of an error, headers."""
    if reply.status >= 400 and REQUEST_ID in request.headers:
        ctx.new_id(REQUEST)  # a refusal undid what the request did, the taking of its id too: nobody else may get it
    id = request_id(ctx, request)
    if reply.status >= 400 and isinstance(reply.body, dict) and isinstance(reply.body.get("error"), dict):
        if request.operation is None and request.url_path.endswith("/"):
            reply.body["error"]["message"] = errors.trailing_slash(request.method, request.url_path)
        found = _complete(reply.body["error"], id)
        reply.body = {"error": v2.error(found, reply.status) if request.url_path.startswith(v2.PREFIX) else found}
    elif reply.status < 400 and request.operation is not None:
        paths = request.params.get("expand")
        if paths:
            reply = _expanded(ctx, request, reply, paths)
    if reply.status == 401:
        reply.headers.setdefault("www-authenticate", 'Basic realm="Stripe"')
    reply.headers.setdefault("request-id", id)
    reply.headers["stripe-version"] = request.headers.get("stripe-version") or API_VERSION
    key = request.headers.get("idempotency-key")
    if request.method == "POST":
        if key:
            reply.headers.setdefault("idempotency-key", key)
            reply.headers.setdefault("original-request", id)
        if reply.status < 400 or reply.status == 402:
            reply.headers.setdefault("stripe-should-retry", "false")
    if request.principal and request.principal.account:
        reply.headers["stripe-account"] = request.principal.account
    return reply


def _complete(error: dict[str, Any], id: str) -> dict[str, Any]:
    """An error with its names spelled as the service does and the link to its log."""
    found = NO_SUCH.match(str(error.get("message", "")))
    if found and error.get("code") == "resource_missing":
        error = {**error, "message": errors.missing_text(found[1], found[2])}
    if error.get("param") in (None, "None"):
        error = {name: value for name, value in error.items() if name != "param"}
    return dict(sorted({**error, "request_log_url": f"{errors.LOG_URL}{id}"}.items()))


def _expanded(ctx: Ctx, request: Request, reply: Reply, paths: Any) -> Reply:
    operation = request.operation
    success = operation.success if operation else None
    schema = success.content.get("application/json") if success else None
    if schema is None or reply.body is None:
        return reply
    if not isinstance(paths, list):
        raise errors.wrong_type("array", paths, "expand")
    body = reply.parse().body
    expander = Expander(
        ctx.twin.index.resolve,
        lambda place, id: referenced(ctx, place, id),
        lambda record, name: included(ctx, record, name),
    )
    wanted = [str(path) for path in paths if path != "total_count"]
    expander.check(schema, wanted)
    reply.body = expander.expand(body, wanted)
    return reply


ALIASES = {"default_source": ("payment_source", "source"), "source": ("payment_source",)}
"""Property → where its ids are looked for besides the resources the contract names."""


def referenced(ctx: Ctx, place: tuple[str, ...], id: str) -> Any:
    """The record that an id in a property stands for, or None."""
    owner, name = place
    for resource in _resources(ctx, owner, name):
        found = ctx.store.find(resource, id)
        if found is not None and ctx.request is not None and ctx.request.headers.get(UNSETTLED) == id:
            found["balance_transaction"] = None
        if found is not None:
            return ctx.show(resource, found)
        if ctx.store.was_deleted(resource, id):
            return {"id": id, "object": resource, "deleted": True}
    return None


def _resources(ctx: Ctx, owner: str, name: str) -> list[str]:
    names = list(ALIASES.get(name, ()))
    declared = ctx.twin.compiled.resources.get(owner)
    targets = declared.expandable.get(name, ()) if declared is not None else ()
    names += [target for target in targets if target not in names]
    if not names or owner == "balance_transaction":
        names += [other for other in ctx.twin.compiled.resources if other not in names]
    return names


def included(ctx: Ctx, record: Mapping[str, Any], name: str) -> Any:
    """A property that is only shown when it is expanded: lists inside records, hidden parts of prices."""
    kind, id = record.get("object"), str(record.get("id", ""))
    if kind == "customer" and name in ("sources", "subscriptions", "tax_ids"):
        resource = {"sources": "payment_source", "subscriptions": "subscription", "tax_ids": "tax_id"}[name]
        return listing.embedded(ctx, resource, [Filter("customer", "=", id)], f"/v1/customers/{id}/{name}")
    if kind in ("checkout.session", "payment_link") and name == "line_items":
        return _sold(ctx, kind, id)
    if kind == "invoice" and name == "payments":
        found = listing.embedded(ctx, "invoice_payment", [Filter("invoice", "=", id)], "/v1/invoices/payments")
        return {part: value for part, value in found.items() if part != "total_count"}
    if kind == "invoice" and name == "confirmation_secret":
        return _confirmation(ctx, id)
    if kind == "charge" and name == "refunds":
        return listing.embedded(ctx, "refund", [Filter("charge", "=", id)], f"/v1/charges/{id}/refunds")
    if kind in ("price", "plan") and name in ("tiers", "currency_options"):
        hidden = ctx.store.find("price_hidden", id) or {"currency_options": pricing.own_currency(record)}
        return hidden.get(name)
    if kind in ("tax.calculation", "tax.transaction") and name == "line_items":
        rows = (ctx.store.find("tax_lines", id) or {"lines": []})["lines"]
        return listing.counted(rows, f"/v1/tax/{kind.removeprefix('tax.')}s/{id}/line_items")
    if kind == "apps.secret" and name == "payload":
        return (ctx.store.find("apps_secret_payload", id) or {}).get(name)
    if kind == "issuing.card" and name in ("number", "cvc"):
        return (ctx.store.find("issuing_secret", id) or {}).get(name)
    if kind == "identity.verification_session" and name == "verified_outputs":
        return ctx.store.find("identity_outputs", id)
    if kind == "customer" and name == "cash_balance":
        return transfers_in.cash_balance(ctx.store.find("cash_balance", id) or transfers_in.NOTHING, id)
    if kind == "customer" and name == "invoice_credit_balance":
        return {}
    if kind == "customer" and name == "tax":
        return locating.shown(ctx, record)
    return None


def _confirmation(ctx: Ctx, invoice: str) -> dict[str, Any] | None:
    """The client secret that an invoice is paid with, None when it asks for no payment."""
    payment = next(ctx.store.select("invoice_payment", [Filter("invoice", "=", invoice)]), None)
    intent = ctx.store.find("payment_intent", payment["payment"]["payment_intent"]) if payment else None
    return {"client_secret": intent["client_secret"], "type": "payment_intent"} if intent else None


def _sold(ctx: Ctx, kind: str, id: str) -> dict[str, Any]:
    """The line items of a Checkout Session or payment link as it shows them when they are expanded."""
    kept = ctx.store.find("sold_items", id) or {"items": []}
    rows = [{name: value for name, value in row.items() if not name.startswith("_")} for row in kept["items"]]
    url = f"/v1/{'payment_links' if kind == 'payment_link' else 'checkout/sessions'}/{id}/line_items"
    return {"object": "list", "data": rows[: listing.DEFAULT], "has_more": len(rows) > listing.DEFAULT, "url": url}

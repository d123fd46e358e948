"""Checkout Sessions: create, change, expire, and the customer paying on the hosted page.

Source: https://docs.stripe.com/api/checkout/sessions. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from twinkit import Ctx, Filter, Request
from twins.stripe import accounts, errors, listing, lookup, pages, twin, wire
from twins.stripe.handlers import charges, discounting, invoicing, selling, setup_intents

SESSION = "checkout.session"
LIFE = 86_400
LEAST = 1800
_EMPTY = """
    after_expiration allow_promotion_codes allowed_payment_method_types billing_address_collection cancel_url
    client_reference_id client_secret consent consent_collection currency_conversion customer_account customer_creation
    customer_email integration_identifier invoice locale origin_context payment_intent payment_link permissions
    recovered_from setup_intent shipping_address_collection shipping_cost submit_type subscription success_url url
    wallet_options
"""
GIVEN = (
    "allow_promotion_codes", "billing_address_collection", "cancel_url", "client_reference_id",
    "consent_collection", "customer_email", "integration_identifier", "locale", "origin_context", "return_url",
    "shipping_address_collection", "submit_type", "success_url", "tax_id_collection",
)  # fmt: skip
BRANDING: Mapping[str, Any] = {
    "background_color": "#ffffff",
    "border_style": "rounded",
    "button_color": "#0074d4",
    "display_name": invoicing.ACCOUNT_NAME,
    "font_family": "default",
    "icon": None,
    "logo": None,
}


# making one ----------------------------------------------------------------------------------------------------------


def _check(params: Mapping[str, Any], mode: str, now: int) -> None:
    """Raise 400 for parameters of a session that do not go together."""
    hosted = (params.get("ui_mode") or "hosted_page") == "hosted_page"
    if hosted and not params.get("success_url"):
        raise errors.missing("success_url")
    if not hosted and params.get("success_url"):
        text = f"`success_url` is not supported with `ui_mode: {params['ui_mode']}`; pass `return_url` instead."
        raise errors.invalid(text, "success_url")
    if params.get("allow_promotion_codes") and params.get("discounts"):
        raise errors.exclusive("allow_promotion_codes", "discounts")
    if mode != "setup" and not params.get("line_items"):
        raise errors.missing("line_items")
    if params.get("customer") and params.get("customer_email"):
        raise errors.exclusive("customer", "customer_email")
    for name in ("success_url", "cancel_url", "return_url"):
        if params.get(name) and urlsplit(str(params[name])).scheme not in ("http", "https"):
            raise errors.invalid("Not a valid URL", name, "url_invalid")
    expires = params.get("expires_at")
    if expires is not None and expires < now + LEAST:
        text = "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
        raise errors.invalid(text, "expires_at")
    if expires is not None and expires > now + LIFE:
        text = "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."
        raise errors.invalid(text, "expires_at")
    if params.get("subscription_data") and mode != "subscription":
        text = "You can not pass `subscription_data` in `" + mode + "` mode."
        raise errors.invalid(text, "subscription_data")
    if params.get("payment_intent_data") and mode != "payment":
        raise errors.invalid("You can not pass `payment_intent_data` in `" + mode + "` mode.", "payment_intent_data")


def details(email: Any, mode: str) -> dict[str, Any]:
    """`customer_details` of a session nobody has completed yet."""
    return {
        "address": None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": None,
        "phone": None,
        "tax_exempt": None if mode == "setup" else "none",
        "tax_ids": None,
    }


def _by_mode(params: Mapping[str, Any], mode: str) -> dict[str, Any]:
    """What a session shows because of its mode."""
    data = {"account_tax_ids": None, "custom_fields": None, "description": None, "footer": None, "issuer": None}
    shown: dict[str, Any] = {
        "invoice_creation": None,
        "managed_payments": None if mode == "setup" else {"enabled": False},
        "payment_method_collection": params.get("payment_method_collection") or "always",
        "payment_status": "no_payment_required" if mode == "setup" else "unpaid",
        "saved_payment_method_options": None,
        "total_details": None,
    }
    if mode != "setup":
        shown["saved_payment_method_options"] = {
            "allow_redisplay_filters": ["always"],
            "payment_method_remove": "disabled",
            "payment_method_save": None,
        }
    if mode == "payment":
        wanted = params.get("invoice_creation") or {}
        inner = {**data, "metadata": {}, "rendering_options": None, **(wanted.get("invoice_data") or {})}
        shown["invoice_creation"] = {"enabled": bool(wanted.get("enabled")), "invoice_data": inner}
        shown["payment_method_collection"] = "if_required"
        creates = None if params.get("customer") else params.get("customer_creation") or "if_required"
        shown["customer_creation"] = creates
    elif mode == "subscription" and not params.get("customer"):
        shown["customer_creation"] = "always"
    return shown


RECOVERABLE = 30 * 86_400


def _recovery(given: Any) -> dict[str, Any] | None:
    """`after_expiration` of a session that has not expired."""
    asked = given.get("recovery") if isinstance(given, Mapping) else None
    if not isinstance(asked, Mapping):
        return None
    empty = {"allow_promotion_codes": False, "enabled": False, "expires_at": None, "url": None}
    return {"recovery": {**empty, **asked}}


def _field(given: Mapping[str, Any]) -> dict[str, Any]:
    """A custom field nobody has filled in yet."""
    type = str(given["type"])
    empty: dict[str, Any] = {"options": []} if type == "dropdown" else {"maximum_length": None, "minimum_length": None}
    inner = {"default_value": None, **empty, "value": None, **(given.get(type) or {})}
    return {"key": given["key"], "label": given["label"], "optional": False, **given, type: inner}


def blank(ctx: Ctx, params: Mapping[str, Any], mode: str) -> dict[str, Any]:
    """A session without line items, not stored yet."""
    customer = lookup.record(ctx, "customer", params["customer"], "customer") if params.get("customer") else None
    id = ctx.new_id(SESSION)
    types = list(params.get("payment_method_types") or ("card", "link"))
    automatic = not params.get("payment_method_types")
    ui = params.get("ui_mode") or "hosted_page"
    email = (customer or {}).get("email") or params.get("customer_email")
    record: dict[str, Any] = {
        "id": id,
        "object": SESSION,
        **dict.fromkeys(_EMPTY.split()),
        **lookup.given(params, *GIVEN),
        "after_expiration": _recovery(params.get("after_expiration")),
        "adaptive_pricing": {"enabled": mode == "payment"},
        "amount_subtotal": None,
        "amount_total": None,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "branding_settings": {**BRANDING, **(params.get("branding_settings") or {})},
        "collected_information": {"business_name": None, "individual_name": None, "shipping_details": None},
        "created": ctx.now,
        "currency": charges.check_currency(params["currency"]) if params.get("currency") else None,
        "custom_fields": [_field(given) for given in params.get("custom_fields") or ()],
        "custom_text": {
            **dict.fromkeys(("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")),
            **(params.get("custom_text") or {}),
        },
        "customer": customer["id"] if customer else None,
        "customer_details": details(email, mode) if customer or email else None,
        "discounts": None if mode == "setup" else [],
        "expires_at": params.get("expires_at") or ctx.now + LIFE,
        "livemode": False,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "mode": mode,
        "payment_method_configuration_details": {"id": wire.CONFIGURATION, "parent": None} if automatic else None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": types,
        "phone_number_collection": params.get("phone_number_collection") or {"enabled": False},
        "shipping_options": [],
        "status": "open",
        "ui_mode": ui,
        **_by_mode(params, mode),
    }
    if ui == "hosted_page":
        record["url"] = pages.address(ctx, f"/c/pay/{id}")
    else:
        record["client_secret"] = f"{id}_secret_{ctx.token('alnum', 60)}"
        record["redirect_on_completion"] = params.get("redirect_on_completion") or "always"
    return lookup.ordered(record)


DATA = "checkout_data"
"""Store name of what a session passes on to what it makes: `payment_intent_data`, `subscription_data`, …"""


def make(ctx: Ctx, params: Mapping[str, Any]) -> dict[str, Any]:
    """A new session. Raises 400."""
    mode = params.get("mode")
    if not mode:
        raise errors.missing("mode")
    _check(params, mode, ctx.now)
    record = blank(ctx, params, mode)
    rows = selling.items(ctx, params.get("line_items"), mode) if mode != "setup" else []
    if rows:
        record["currency"] = rows[0]["currency"]
        customer = {"id": record["customer"]}
        trial = (params.get("subscription_data") or {}).get("trial_period_days")
        worth = 0 if trial else sum(row["amount_subtotal"] for row in rows)
        ids = discounting.make(ctx, params.get("discounts"), customer, ctx.now, amount=worth)
        record["discounts"] = [_discount(ctx, id) for id in ids]
        record |= selling.summed(ctx, rows, ids, _shipping(ctx, record, params))
        if trial:
            record |= {"amount_subtotal": 0, "amount_total": 0}
    else:
        ids = []
    if mode == "setup":
        record["currency"] = record["currency"] or "usd"
        intent = setup_intents.new_record(
            ctx, {"customer": record["customer"], **(params.get("setup_intent_data") or {})}
        )
        ctx.store.insert("setup_intent", intent, created=ctx.micros)
        ctx.emit("setup_intent.created", intent)
        record["setup_intent"] = intent["id"]
    ctx.store.insert(SESSION, record, created=ctx.micros)
    selling.keep(ctx, record["id"], rows)
    names = ("payment_intent_data", "subscription_data")
    ctx.store.insert(DATA, {"discounts": ids, **{name: params.get(name) or {} for name in names}}, id=record["id"])
    ctx.schedule("checkout_expires", {"session": record["id"]}, at=record["expires_at"])
    return record


def _discount(ctx: Ctx, id: str) -> dict[str, Any]:
    discount = ctx.store.get("discount", id)
    code = discount["promotion_code"]
    return {"coupon": None if code else discount["source"]["coupon"], "promotion_code": code}


def _shipping(ctx: Ctx, record: dict[str, Any], params: Mapping[str, Any]) -> int:
    """Write the shipping options; the first one is chosen. Returns its amount."""
    for each in params.get("shipping_options") or ():
        if each.get("shipping_rate"):
            rate = lookup.record(ctx, "shipping_rate", each["shipping_rate"], "shipping_options[0][shipping_rate]")
        else:
            rate = ctx.create("shipping_rate", {"active": True, **(each.get("shipping_rate_data") or {})}, event="")
        amount = int((rate.get("fixed_amount") or {}).get("amount") or 0)
        record["shipping_options"].append({"shipping_amount": amount, "shipping_rate": rate["id"]})
    if not record["shipping_options"]:
        return 0
    first = record["shipping_options"][0]
    amount = int(first["shipping_amount"])
    record["shipping_cost"] = {
        "amount_subtotal": amount, "amount_tax": 0, "amount_total": amount, "shipping_rate": first["shipping_rate"],
    }  # fmt: skip
    return amount


@twin.handler("PostCheckoutSessions")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new session, with the address of its page."""
    return make(ctx, request.body or {})


def _session(ctx: Ctx, request: Request) -> dict[str, Any]:
    return lookup.in_path(ctx, SESSION, str(request.path["session"]), "session")


@twin.handler("PostCheckoutSessionsSession")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change a session's metadata, shipping or collected information."""
    params, session = request.body or {}, _session(ctx, request)
    changes = lookup.changed(session, params)
    if isinstance(params.get("collected_information"), Mapping):
        changes["collected_information"] = {**session["collected_information"], **params["collected_information"]}
    return ctx.update(SESSION, session["id"], changes, event="")


@twin.handler("GetCheckoutSessions")
@lookup.modelled
def list_all(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Sessions, of a customer, a payment, a status."""
    query = request.query
    names = ("customer", "payment_intent", "payment_link", "status", "subscription")
    where = [Filter(name, "=", query[name]) for name in names if query.get(name)]
    details = query.get("customer_details")
    if isinstance(details, Mapping) and details.get("email"):
        where.append(Filter("customer_details.email", "=", details["email"]))
    return listing.page(ctx, request, SESSION, where + listing.ranges(query, "created"))


@twin.handler("GetCheckoutSessionsSessionLineItems")
@lookup.modelled
def line_items(ctx: Ctx, request: Request) -> dict[str, Any]:
    """What a session sells."""
    session = _session(ctx, request)
    return listing.sliced(request, invoicing.shown(selling.kept(ctx, session["id"])), "item")


# the end -------------------------------------------------------------------------------------------------------------


def _expire(ctx: Ctx, session: dict[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {"status": "expired", "url": None}
    recovery = (session["after_expiration"] or {}).get("recovery") or {}
    if recovery.get("enabled"):
        found = {"url": pages.address(ctx, f"/c/pay/{session['id']}"), "expires_at": ctx.now + RECOVERABLE}
        changes["after_expiration"] = {"recovery": {**recovery, **found}}
    return ctx.update(SESSION, session["id"], changes, event="checkout.session.expired")


@twin.handler("PostCheckoutSessionsSessionExpire")
@lookup.modelled
def expire(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Expire an open session: nobody can complete it any more."""
    session = _session(ctx, request)
    if session["status"] != "open":
        text = (
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of '
            f"`{session['status']}`."
        )
        raise errors.invalid(text)
    return _expire(ctx, session)


@accounts.timer("checkout_expires")
def expires(ctx: Ctx, data: dict[str, Any]) -> None:
    """A session that nobody completed in time."""
    session = ctx.store.find(SESSION, data["session"])
    if session is not None and session["status"] == "open":
        _expire(ctx, session)

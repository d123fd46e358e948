"""Checkout Sessions: create, change, expire, and the customer paying on the hosted page.

Source: https://docs.stripe.com/api/checkout/sessions. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from twinkit import Ctx, Filter, Request
from twins.stripe import accounts, errors, listing, locating, lookup, pages, twin, wire
from twins.stripe.handlers import assessing, charges, discounting, invoicing, selling, setup_intents, shipping_rates

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
    "customer_email", "integration_identifier", "locale", "name_collection", "origin_context", "permissions",
    "return_url", "shipping_address_collection", "submit_type", "success_url",
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


NOBODY_TO_UPDATE = "`customer_update` can only be used with `customer` or `customer_account`."
NO_ADDRESS = (
    "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address to the "
    "Customer or set `customer_update[address]` to 'auto' to save the billing address entered in Checkout to the "
    "Customer."
)
NO_SHIPPING_UPDATE = (
    "You specified `shipping_address_collection`. To use `automatic_tax` with this parameter, you must also set "
    "`customer_update[shipping]` to `auto`."
)
NO_NAME_UPDATE = (
    "Tax ID collection requires updating business name on the customer. To enable tax ID collection for an existing "
    "customer, please set `customer_update[name]` to `auto`."
)


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
    if params.get("customer_update") and not params.get("customer"):
        raise errors.invalid(NOBODY_TO_UPDATE)
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


def _check_updates(ctx: Ctx, params: Mapping[str, Any]) -> None:
    """Raise 400 for a known customer that a session would have to change, and may not.

    https://docs.stripe.com/tax/checkout, /tax/checkout/tax-ids
    """
    update = params.get("customer_update") or {}
    if not params.get("customer"):
        return
    if (params.get("automatic_tax") or {}).get("enabled"):
        if params.get("shipping_address_collection") and update.get("shipping") != "auto":
            raise errors.invalid(NO_SHIPPING_UPDATE, None, "parameter_missing")
        known = assessing.located(ctx, str(params["customer"]))
        if known is None and "auto" not in (update.get("address"), update.get("shipping")):
            raise errors.invalid(NO_ADDRESS, None, locating.UNLOCATED)
    if (params.get("tax_id_collection") or {}).get("enabled") and update.get("name") != "auto":
        raise errors.invalid(NO_NAME_UPDATE)


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


CONSENTS: Mapping[str, Any] = {
    "payment_method_reuse_agreement": None, "promotions": "none", "terms_of_service": "none",
}  # fmt: skip


def _tax(ctx: Ctx, params: Mapping[str, Any]) -> dict[str, Any]:
    tax = assessing.switched(ctx, params.get("automatic_tax"))
    status = "requires_location_inputs" if tax["enabled"] else None
    return {**tax, "provider": "stripe" if tax["enabled"] else None, "status": status}


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
        "automatic_tax": _tax(ctx, params),
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
    if params.get("consent_collection"):
        record["consent_collection"] = {**CONSENTS, **params["consent_collection"]}
    if params.get("tax_id_collection"):
        record["tax_id_collection"] = {"required": "never", **params["tax_id_collection"]}
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
    _check_updates(ctx, params)
    rows = selling.items(ctx, params.get("line_items"), mode) if mode != "setup" else []
    if rows:
        record["currency"] = rows[0]["currency"]
        if params.get("optional_items"):
            record["optional_items"] = selling.optional(ctx, params["optional_items"], record["currency"])
        customer = {"id": record["customer"]}
        trial = (params.get("subscription_data") or {}).get("trial_period_days")
        worth = 0 if trial else sum(row["amount_subtotal"] for row in rows)
        ids = discounting.make(ctx, params.get("discounts"), customer, ctx.now, amount=worth)
        record["discounts"] = [discount(ctx, id) for id in ids]
        _shipping(ctx, record, params.get("shipping_options"))
        known = assessing.located(ctx, record["customer"]) if record["customer"] else None
        record |= computed(ctx, record, rows, ids, known, trial=bool(trial))
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
    names = ("customer_update", "payment_intent_data", "subscription_data")
    passed = {"asked": dict(params), "discounts": ids, **{name: params.get(name) or {} for name in names}}
    ctx.store.insert(DATA, passed, id=record["id"])
    ctx.schedule("checkout_expires", {"session": record["id"]}, at=record["expires_at"])
    return record


def computed(
    ctx: Ctx,
    session: Mapping[str, Any],
    rows: list[dict[str, Any]],
    discounts: list[str],
    buyer: assessing.Buyer | None,
    *,
    trial: bool,
) -> dict[str, Any]:
    """What a session comes to, for a buyer where that is known; nothing yet while it is a trial."""
    cost = session["shipping_cost"]
    kept = ctx.store.find("shipping_rate", cost["shipping_rate"]) if cost else None
    rate = shipping_rates.within(kept, session["currency"]) if kept else None
    terms = selling.Terms(discounts, tax=session["automatic_tax"], buyer=buyer, shipping=rate)
    found = selling.summed(ctx, rows, terms)
    if "automatic_tax" in found:
        tax = found["automatic_tax"]
        found["automatic_tax"] = {name: tax[name] for name in ("enabled", "liability", "provider", "status")}
    if rate is not None:
        amount, tax, added = selling.shipped(ctx, terms)
        taxes = {"amount_subtotal": amount, "amount_tax": tax, "amount_total": amount + added}
        found["shipping_cost"] = {**taxes, "shipping_rate": rate["id"]}
    return {**found, "amount_subtotal": 0, "amount_total": 0} if trial else found


def discount(ctx: Ctx, id: str) -> dict[str, Any]:
    """A discount as `discounts` of a session shows it."""
    found = ctx.store.get("discount", id)
    code = found["promotion_code"]
    return {"coupon": None if code else found["source"]["coupon"], "promotion_code": code}


def _shipping(ctx: Ctx, record: dict[str, Any], given: Any) -> None:
    """Write the shipping options; the first one is chosen."""
    record["shipping_options"] = []
    for place, each in enumerate(given or ()):
        if each.get("shipping_rate"):
            where = f"shipping_options[{place}][shipping_rate]"
            rate = shipping_rates.usable(ctx, each["shipping_rate"], record["currency"], where)
        else:
            where = f"shipping_options[{place}][shipping_rate_data]"
            made = shipping_rates.make(ctx, each.get("shipping_rate_data") or {}, where, event="")
            rate = shipping_rates.usable(ctx, made["id"], record["currency"], where)
        amount = int(rate["fixed_amount"]["amount"])
        record["shipping_options"].append({"shipping_amount": amount, "shipping_rate": rate["id"]})
    record["shipping_cost"] = choice(record, 0) if record["shipping_options"] else None


def choice(session: Mapping[str, Any], place: int) -> dict[str, Any]:
    """`shipping_cost` of the shipping option at a place, without tax."""
    option = session["shipping_options"][place]
    amount = int(option["shipping_amount"])
    untaxed = {"amount_subtotal": amount, "amount_tax": 0, "amount_total": amount}
    return {**untaxed, "shipping_rate": option["shipping_rate"]}


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
    if params.get("shipping_options"):
        changed = {**session, **changes}
        _shipping(ctx, changed, params["shipping_options"])
        kept, rows = ctx.store.get(DATA, session["id"]), selling.kept(ctx, session["id"])
        known = assessing.located(ctx, session["customer"]) if session["customer"] else None
        trial = bool(kept["subscription_data"].get("trial_period_days"))
        names = ("shipping_cost", "shipping_options")
        changes |= {name: changed[name] for name in names}
        changes |= computed(ctx, changed, rows, kept["discounts"], known, trial=trial)
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


def recover(ctx: Ctx, session: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of an expired session, open again: https://docs.stripe.com/payments/checkout/abandoned-carts."""
    kept = ctx.store.get(DATA, session["id"])
    known, recovery = kept.get("recovered"), session["after_expiration"]["recovery"]
    found = ctx.store.find(SESSION, str(known))
    if found is not None and found["status"] == "open":
        return found
    asked = {name: value for name, value in kept["asked"].items() if name != "expires_at"}
    if not asked.get("discounts"):
        asked["allow_promotion_codes"] = recovery["allow_promotion_codes"] or asked.get("allow_promotion_codes")
    made = make(ctx, asked)
    ctx.store.replace(DATA, session["id"], {**kept, "recovered": made["id"]})
    return ctx.store.update(SESSION, made["id"], recovered_from=session["id"])


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

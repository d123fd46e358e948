"""Payment links and their page; sessions for client-side components.

Sources: https://docs.stripe.com/api/payment-link, /customer_sessions. Imports: the kit's
public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Reply, Request
from twins.stripe import errors, listing, lookup, pages, twin
from twins.stripe.handlers import assessing, checkout, invoicing, selling, shipping_rates

LINK = "payment_link"
COMPONENT_LIFE = 1800
GIVEN = (
    "application_fee_amount", "application_fee_percent", "consent_collection", "inactive_message", "name_collection",
    "on_behalf_of", "optional_items", "payment_intent_data", "payment_method_options", "payment_method_types",
    "restrictions", "shipping_address_collection", "transfer_data",
)  # fmt: skip
TEXTS = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
THANKS = "https://stripe.com"
"""Where a session of a link leads when the link says nothing."""


# payment links --------------------------------------------------------------------------------------------------------


def _hash(params: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = params.get(name)
    return dict(value) if isinstance(value, Mapping) else {}


def _mode(rows: list[dict[str, Any]]) -> str:
    return "subscription" if any(row["price"]["recurring"] for row in rows) else "payment"


def _shipping(ctx: Ctx, given: Any, currency: str) -> list[dict[str, Any]]:
    """The shipping options of a link. Raises 400."""
    found = []
    for place, each in enumerate(given or ()):
        where = f"shipping_options[{place}][shipping_rate]"
        rate = shipping_rates.usable(ctx, each.get("shipping_rate"), currency, where)
        found.append({"shipping_amount": rate["fixed_amount"]["amount"], "shipping_rate": rate["id"]})
    return found


@twin.handler("PostPaymentLinks")
@lookup.modelled
def create_link(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A link that sells the same line items to everyone."""
    params = request.body or {}
    rows = selling.items(ctx, params.get("line_items"), "link")
    mode = _mode(rows)
    id = ctx.new_id(LINK)
    after = _hash(params, "after_completion") or {"type": "hosted_confirmation"}
    if after["type"] == "hosted_confirmation":
        after["hosted_confirmation"] = {"custom_message": None, **_hash(after, "hosted_confirmation")}
    invoice = {
        "account_tax_ids": None, "custom_fields": None, "description": None, "footer": None, "issuer": None,
        "metadata": {}, "rendering_options": None, **_hash(_hash(params, "invoice_creation"), "invoice_data"),
    }  # fmt: skip
    subscription = {
        "description": None, "invoice_settings": {"issuer": {"type": "self"}}, "metadata": {},
        "trial_period_days": None, "trial_settings": None, **_hash(params, "subscription_data"),
    }  # fmt: skip
    collects = _hash(params, "tax_id_collection")
    record = {
        "id": id,
        "object": LINK,
        **dict.fromkeys(GIVEN),
        **lookup.given(params, *GIVEN),
        "active": True,
        "after_completion": after,
        "allow_promotion_codes": bool(params.get("allow_promotion_codes")),
        "application": None,
        "automatic_tax": assessing.switched(ctx, params.get("automatic_tax")),
        "billing_address_collection": params.get("billing_address_collection") or "auto",
        "currency": _currency(rows, params),
        "custom_fields": list(params.get("custom_fields") or ()),
        "optional_items": selling.optional(ctx, params.get("optional_items"), _currency(rows, params)) or None,
        "custom_text": {**dict.fromkeys(TEXTS), **_hash(params, "custom_text")},
        "customer_creation": params.get("customer_creation") or ("if_required" if mode == "payment" else "always"),
        "invoice_creation": {
            "enabled": bool(_hash(params, "invoice_creation").get("enabled")),
            "invoice_data": invoice,
        }
        if mode == "payment"
        else None,
        "livemode": False,
        "managed_payments": {"enabled": False},
        "metadata": lookup.metadata({}, params.get("metadata")),
        "payment_method_collection": params.get("payment_method_collection") or "always",
        "phone_number_collection": {"enabled": False, **_hash(params, "phone_number_collection")},
        "restrictions": _limited(params),
        "shipping_options": _shipping(ctx, params.get("shipping_options"), rows[0]["currency"]),
        "submit_type": params.get("submit_type") or "auto",
        "subscription_data": subscription if mode == "subscription" else None,
        "tax_id_collection": {"enabled": False, "required": "never", **collects},
        "url": pages.address(ctx, f"/l/{id}"),
    }
    record = lookup.ordered(record)
    ctx.store.insert(LINK, record, created=ctx.micros)
    selling.keep(ctx, id, rows)
    ctx.emit("payment_link.created", record)
    return record


def _currency(rows: list[dict[str, Any]], params: Mapping[str, Any]) -> str:
    return str(rows[0]["currency"] if rows else params.get("currency") or "usd")


TOGGLES = (
    "active", "allow_promotion_codes", "billing_address_collection", "consent_collection", "customer_creation",
    "inactive_message", "name_collection", "payment_method_collection", "payment_method_types",
    "shipping_address_collection", "shipping_options", "submit_type",
)  # fmt: skip
MERGED = ("after_completion", "custom_text", "payment_intent_data", "phone_number_collection", "tax_id_collection")


@twin.handler("PostPaymentLinksPaymentLink")
@lookup.modelled
def update_link(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change a link: what it collects, how often it can be completed, quantities of its items; sessions that are open
    stay as they are."""
    params = request.body or {}
    link = lookup.in_path(ctx, LINK, request.path["payment_link"], "payment_link")
    changes = lookup.changed(link, params, *TOGGLES)
    for name in MERGED:
        if isinstance(params.get(name), Mapping):
            changes[name] = {**(link[name] or {}), **params[name]}
    if isinstance(params.get("automatic_tax"), Mapping):
        changes["automatic_tax"] = assessing.switched(ctx, params["automatic_tax"], link["automatic_tax"])
    if "custom_fields" in params:
        changes["custom_fields"] = list(params["custom_fields"] or ())
    if "optional_items" in params:
        changes["optional_items"] = selling.optional(ctx, params["optional_items"], link["currency"])
    if "restrictions" in params:
        done = ((link["restrictions"] or {}).get("completed_sessions") or {}).get("count") or 0
        limit = _hash(_hash(params, "restrictions"), "completed_sessions")
        changes["restrictions"] = {"completed_sessions": {"count": done, **limit}} if limit else None
    if isinstance(params.get("invoice_creation"), Mapping) and link["invoice_creation"]:
        before, asked = link["invoice_creation"], params["invoice_creation"]
        data = {**before["invoice_data"], **_hash(asked, "invoice_data")}
        changes["invoice_creation"] = {"enabled": bool(asked["enabled"]), "invoice_data": data}
    if isinstance(params.get("subscription_data"), Mapping) and link["subscription_data"]:
        changes["subscription_data"] = {**link["subscription_data"], **params["subscription_data"]}
    _requantify(ctx, link["id"], params.get("line_items"))
    return ctx.update(LINK, link["id"], changes)


def _requantify(ctx: Ctx, link: str, given: Any) -> None:
    """Change the quantities of a link's items. Raises 400 for an item of another."""
    rows = selling.kept(ctx, link)
    for place, each in enumerate(given or ()):
        found = next((at for at, row in enumerate(rows) if row["id"] == each["id"]), None)
        if found is None:
            raise errors.no_such("item", str(each["id"]), f"line_items[{place}][id]", path=False)
        old = rows[found]
        asked = {name: each.get(name, old[name]) for name in ("adjustable_quantity", "quantity")}
        rows[found] = {**selling.item(ctx, old["price"], asked), "id": old["id"], "metadata": old["metadata"]}
    if given:
        selling.keep(ctx, link, rows)


def _limited(params: Mapping[str, Any]) -> dict[str, Any] | None:
    """How often a link can be completed, and how often it was."""
    asked = _hash(_hash(params, "restrictions"), "completed_sessions")
    return {"completed_sessions": {"count": 0, **asked}} if asked else None


@twin.handler("GetPaymentLinksPaymentLinkLineItems")
@lookup.modelled
def link_items(ctx: Ctx, request: Request) -> dict[str, Any]:
    """What a link sells."""
    link = lookup.in_path(ctx, LINK, request.path["payment_link"], "payment_link")
    return listing.sliced(request, invoicing.shown(selling.kept(ctx, link["id"])), "item")


PASSED = (
    "automatic_tax", "billing_address_collection", "consent_collection", "custom_fields", "custom_text",
    "customer_creation", "invoice_creation", "metadata", "name_collection", "optional_items", "payment_intent_data",
    "payment_method_collection", "payment_method_types", "phone_number_collection", "shipping_address_collection",
    "shipping_options", "subscription_data", "submit_type", "tax_id_collection",
)  # fmt: skip
"""What a link passes on to its sessions as it is."""


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    """The line item of a link as one of a session."""
    names = ("adjustable_quantity", "quantity")
    return {"price": row["price"]["id"], **{name: row[name] for name in names if row[name] is not None}}


def _asked(link: Mapping[str, Any], rows: list[dict[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    """The parameters of the session that a link makes: https://docs.stripe.com/payment-links/url-parameters."""
    mode, redirect = _mode(rows), link["after_completion"].get("redirect") or {}
    asked = {name: link[name] for name in PASSED if link.get(name) not in (None, [], {})}
    asked |= {
        "allow_promotion_codes": link["allow_promotion_codes"],
        "client_reference_id": query.get("client_reference_id"),
        "customer_email": query.get("prefilled_email"),
        "line_items": [_row(row) for row in rows],
        "mode": mode,
        "success_url": redirect.get("url") or THANKS,
    }
    if mode == "payment":
        asked.pop("subscription_data", None)
        asked.pop("payment_method_collection", None)
    else:
        for name in ("customer_creation", "invoice_creation", "payment_intent_data", "submit_type"):
            asked.pop(name, None)
    return asked


@twin.page("GET", "/l/{link}")
def follow(ctx: Ctx, request: Request) -> Reply:
    """Someone opens a link: a Checkout Session of its own, at its page."""
    link = pages.opened(ctx, request, LINK, "link")
    if not link["active"]:
        text = (link["inactive_message"] or {}).get("custom_message") or "This payment link is no longer active."
        return Reply(200, f"<!doctype html><p>{pages.escape(text)}</p>", media_type="text/html; charset=utf-8")
    rows = selling.kept(ctx, link["id"])
    session = checkout.make(ctx, _asked(link, rows, pages.query(request)))
    ctx.update(checkout.SESSION, session["id"], {"payment_link": link["id"]}, event="")
    return Reply(303, None, {"location": session["url"]})


# components -----------------------------------------------------------------------------------------------------------

FEATURES: Mapping[str, Any] = {
    "payment_method_allow_redisplay_filters": ["always"],
    "payment_method_redisplay": "disabled",
    "payment_method_redisplay_limit": 3,
    "payment_method_remove": "disabled",
    "payment_method_save": "disabled",
    "payment_method_save_usage": None,
}
PLAIN = ("active_entitlements", "buy_button", "customer_portal", "pricing_table")
FEATURED = ("customer_sheet", "mobile_payment_element", "payment_element")


def _component(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    enabled = bool(given.get("enabled"))
    if name in PLAIN:
        return {"enabled": enabled}
    base = dict(FEATURES) if name == "payment_element" else {}
    features = {**base, **_hash(given, "features")}
    return {"enabled": enabled, "features": features if enabled else None}


@twin.handler("PostCustomerSessions")
@lookup.modelled
def create_session(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A secret that lets components act for a customer for half an hour."""
    params = request.body or {}
    customer = lookup.record(ctx, "customer", params["customer"], "customer") if params.get("customer") else None
    given = _hash(params, "components")
    return {
        "object": "customer_session",
        "client_secret": f"cuss_secret_{ctx.token('alnum', 60)}",
        "components": {name: _component(_hash(given, name), name) for name in sorted(PLAIN + FEATURED)},
        "created": ctx.now,
        "customer": customer["id"] if customer else None,
        "customer_account": params.get("customer_account"),
        "expires_at": ctx.now + COMPONENT_LIFE,
        "livemode": False,
    }

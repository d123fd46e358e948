"""The customer portal: what an account lets its customers do there, and the sessions that lead them to it.

Sources: https://docs.stripe.com/api/customer_portal/configurations, /customer_portal/sessions,
https://docs.stripe.com/customer-management/portal-deep-links. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, lookup, pages, twin
from twins.stripe.handlers import recurring

SESSION = "billing_portal.session"
CONFIGURATION = "billing_portal.configuration"
REASONS = ("too_expensive", "missing_features", "switched_service", "unused", "other")
FEATURES: Mapping[str, Mapping[str, Any]] = {
    "customer_update": {"allowed_updates": [], "enabled": False},
    "invoice_history": {"enabled": False},
    "payment_method_update": {"enabled": False, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": {"enabled": False, "options": list(REASONS)},
        "enabled": False,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_update": {
        "billing_cycle_anchor": None,
        "default_allowed_updates": [],
        "enabled": False,
        "products": None,
        "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial",
    },
}
"""What a configuration allows when nothing is said."""
DEFAULT: Mapping[str, Mapping[str, Any]] = {
    "customer_update": {"allowed_updates": ["email", "address", "phone", "tax_id", "name"], "enabled": True},
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {"enabled": True},
}
"""What the default configuration allows: everything but a change of plan."""
NO_UPDATE = (
    "This subscription cannot be updated because the subscription update feature in the portal configuration is "
    "disabled."
)
NO_CANCEL = (
    "This subscription cannot be canceled because the subscription cancel feature in the portal configuration is "
    "disabled."
)
ENDS = "The subscription {id} is already set to be canceled at period end."
NO_CHANGES = "There are no changes to confirm."


# configurations ------------------------------------------------------------------------------------------------------


def _features(given: Any, current: Mapping[str, Any]) -> dict[str, Any]:
    params: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    found = {}
    for name, base in current.items():
        asked = params.get(name)
        found[name] = {**base, **{key: _value(key, value) for key, value in (asked or {}).items()}}
    return found


def _value(name: str, value: Any) -> Any:
    """A value of a feature: an empty string unsets it, products say how their quantity may change."""
    if value == "":
        return [] if name in ("allowed_updates", "default_allowed_updates") else None
    if name == "products":
        off = {"enabled": False, "maximum": None, "minimum": 1}
        return [
            {
                "adjustable_quantity": {**off, **(each.get("adjustable_quantity") or {})},
                "prices": list(each["prices"]),
                "product": each["product"],
            }
            for each in value
        ]
    if name == "cancellation_reason":
        return {"enabled": value["enabled"], "options": list(value.get("options") or REASONS)}
    return value


def _check(ctx: Ctx, features: Mapping[str, Any]) -> None:
    """Raise 400 for products of a plan change that are not there, or where none are named."""
    update = features["subscription_update"]
    if not update["enabled"]:
        return
    where = "features[subscription_update]"
    if not update["products"]:
        raise errors.missing(f"{where}[products]")
    for place, each in enumerate(update["products"]):
        lookup.record(ctx, "product", each["product"], f"{where}[products][{place}][product]")
        for at, price in enumerate(each["prices"]):
            lookup.record(ctx, "price", price, f"{where}[products][{place}][prices][{at}]")


def _make(ctx: Ctx, params: Mapping[str, Any], *, default: bool = False) -> dict[str, Any]:
    id = ctx.new_id(CONFIGURATION)
    features = _features(params.get("features"), FEATURES)
    _check(ctx, features)
    profile = params.get("business_profile")
    record = {
        "id": id,
        "object": CONFIGURATION,
        "active": True,
        "application": None,
        "business_profile": {
            **dict.fromkeys(("headline", "privacy_policy_url", "terms_of_service_url")),
            **(profile if isinstance(profile, Mapping) else {}),
        },
        "created": ctx.now,
        "default_return_url": lookup.unset(params.get("default_return_url")),
        "features": features,
        "is_default": default,
        "livemode": False,
        "login_page": _login(ctx, id, params.get("login_page")),
        "metadata": lookup.metadata({}, params.get("metadata")),
        "name": lookup.unset(params.get("name")),
        "updated": ctx.now,
    }
    ctx.store.insert(CONFIGURATION, record, created=ctx.micros)
    return record


def _login(ctx: Ctx, id: str, given: Any) -> dict[str, Any]:
    enabled = isinstance(given, Mapping) and bool(given.get("enabled"))
    return {"enabled": enabled, "url": pages.address(ctx, f"/p/login/{id}") if enabled else None}


@twin.handler("PostBillingPortalConfigurations")
@lookup.modelled
def create_configuration(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new configuration."""
    record = _make(ctx, request.body or {})
    ctx.emit("billing_portal.configuration.created", record)
    return record


@twin.handler("PostBillingPortalConfigurationsConfiguration")
@lookup.modelled
def update_configuration(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change what a configuration allows."""
    params = request.body or {}
    record = lookup.in_path(ctx, CONFIGURATION, request.path["configuration"], "configuration")
    changes = lookup.changed(record, params, "active", "default_return_url", "name")
    if "features" in params:
        changes["features"] = _features(params["features"], record["features"])
        _check(ctx, changes["features"])
    if isinstance(params.get("business_profile"), Mapping):
        given = lookup.given(params["business_profile"], *record["business_profile"])
        changes["business_profile"] = {**record["business_profile"], **given}
    if "login_page" in params:
        changes["login_page"] = _login(ctx, record["id"], params["login_page"])
    return ctx.update(
        CONFIGURATION, record["id"], {**changes, "updated": ctx.now}, event="billing_portal.configuration.updated"
    )


def _configuration(ctx: Ctx, given: Any) -> dict[str, Any]:
    """The configuration a session names, else the default one, made when first needed."""
    if given:
        return lookup.record(ctx, CONFIGURATION, given, "configuration")
    for found in ctx.store.select(CONFIGURATION, [Filter("is_default", "=", True)]):
        return found
    return _make(ctx, {"features": DEFAULT}, default=True)


# sessions ------------------------------------------------------------------------------------------------------------


def _subscription(ctx: Ctx, customer: str, id: Any, where: str) -> dict[str, Any]:
    found = lookup.record(ctx, "subscription", id, f"flow_data[{where}][subscription]")
    if found["customer"] != customer:
        raise errors.no_such("subscription", str(id), f"flow_data[{where}][subscription]", path=False)
    return found


def _flow(ctx: Ctx, given: Any, customer: str, features: Mapping[str, Any]) -> dict[str, Any] | None:
    """`flow` of a session: the one thing its page is for. Raises 400 for what the configuration does not allow."""
    if not isinstance(given, Mapping) or not given:
        return None
    kind = str(given["type"])
    if kind.startswith("subscription_"):
        if not given.get(kind):
            raise errors.missing(f"flow_data[{kind}]")
        subscription = _subscription(ctx, customer, given[kind].get("subscription"), kind)
        if kind == "subscription_cancel" and not features["subscription_cancel"]["enabled"]:
            raise errors.invalid(NO_CANCEL)
        if kind == "subscription_cancel" and (subscription["cancel_at_period_end"] or subscription["cancel_at"]):
            raise errors.invalid(ENDS.format(id=subscription["id"]))
        if kind != "subscription_cancel" and not features["subscription_update"]["enabled"]:
            raise errors.invalid(NO_UPDATE)
        if kind == "subscription_update_confirm":
            _confirmable(ctx, subscription, given[kind])
    after = {"hosted_confirmation": None, "redirect": None, "type": "portal_homepage"}
    found: dict[str, Any] = {
        "after_completion": {**after, **(given.get("after_completion") or {})},
        "customer_update": {} if kind == "customer_update" else None,
        "subscription_cancel": None,
        "subscription_update": given.get("subscription_update"),
        "subscription_update_confirm": None,
        "type": kind,
    }
    if given.get("subscription_cancel"):
        found["subscription_cancel"] = {"retention": None, **given["subscription_cancel"]}
    if given.get("subscription_update_confirm"):
        asked = given["subscription_update_confirm"]
        rows = [{"id": each["id"], "price": each.get("price"), **_counted(each)} for each in asked["items"]]
        names = ("coupon", "promotion_code")
        shown = [{name: each.get(name) for name in names} for each in asked.get("discounts") or ()]
        found["subscription_update_confirm"] = {
            "discounts": shown or None, "items": rows, "subscription": asked["subscription"],
        }  # fmt: skip
    return found


def _counted(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"quantity": item["quantity"]} if item.get("quantity") is not None else {}


def _confirmable(ctx: Ctx, subscription: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """Raise 400 for a change to confirm that changes nothing, or items of another subscription."""
    rows = {row["id"]: row for row in recurring.items_of(ctx, str(subscription["id"]))}
    same = not asked.get("discounts")
    for place, each in enumerate(asked["items"]):
        where = f"flow_data[subscription_update_confirm][items][{place}]"
        row = rows.get(each["id"])
        if row is None:
            raise errors.no_such("subscription_item", str(each["id"]), f"{where}[id]", path=False)
        price = each.get("price") or row["price"]["id"]
        lookup.record(ctx, "price", price, f"{where}[price]")
        quantity = each.get("quantity", row.get("quantity"))
        same = same and price == row["price"]["id"] and quantity == row.get("quantity")
    if same:
        raise errors.invalid(NO_CHANGES)


@twin.handler("PostBillingPortalSessions")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A session of the customer portal."""
    return make(ctx, request.body or {})


def make(ctx: Ctx, params: Mapping[str, Any]) -> dict[str, Any]:
    """A session, whoever asks."""
    if not params.get("customer") and not params.get("customer_account"):
        raise errors.missing("customer")
    customer = lookup.record(ctx, "customer", params["customer"], "customer") if params.get("customer") else None
    configuration = _configuration(ctx, params.get("configuration"))
    features = configuration.get("features") or FEATURES
    id = ctx.new_id(SESSION)
    record = {
        "id": id,
        "object": SESSION,
        "configuration": configuration["id"],
        "created": ctx.now,
        "customer": customer["id"] if customer else None,
        "customer_account": params.get("customer_account"),
        "flow": _flow(ctx, params.get("flow_data"), customer["id"] if customer else "", features),
        "livemode": False,
        "locale": params.get("locale"),
        "on_behalf_of": params.get("on_behalf_of"),
        "return_url": params.get("return_url") or configuration.get("default_return_url"),
        "url": pages.address(ctx, f"/p/session/{id}"),
    }
    ctx.store.insert(SESSION, record, created=ctx.micros)
    ctx.emit("billing_portal.session.created", record)
    return record

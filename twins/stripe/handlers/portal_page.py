"""The page of the customer portal, which a browser or a test uses: plans, cards, details, invoices.

Each thing a customer can do is a form that posts `action` to the page's own address. Source:
https://docs.stripe.com/customer-management. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from twinkit import Ctx, Filter, Reply, Request, ServiceError
from twins.stripe import errors, lookup, pages, twin
from twins.stripe.billing import proration, statuses
from twins.stripe.handlers import changing, completing, payment_methods, portal, recurring, subscriptions
from twins.stripe.payments import money

Form = Mapping[str, str]
Action = Callable[[Ctx, dict[str, Any], Form, Mapping[str, Any]], None]
ACTIONS: dict[str, tuple[str, Action]] = {}
"""Action → (feature that allows it, what it does)."""
FLOWS = {
    "cancel": "subscription_cancel", "confirm": "subscription_update_confirm", "customer": "customer_update",
    "payment_method": "payment_method_update", "update": "subscription_update",
}  # fmt: skip
"""Action → the flow that it completes."""


def action(name: str, feature: str) -> Callable[[Action], Action]:
    """Register what a form of the page does."""

    def register(function: Action) -> Action:
        ACTIONS[name] = (feature, function)
        return function

    return register


def _mine(ctx: Ctx, session: Mapping[str, Any], form: Form) -> dict[str, Any]:
    """The customer's subscription that a form names. Raises 404."""
    found = lookup.in_path(ctx, "subscription", form.get("subscription", ""), "subscription")
    if found["customer"] != session["customer"] or found["status"] in statuses.ENDED:
        raise errors.no_such("subscription", found["id"], "subscription")
    return found


@action("cancel", "subscription_cancel")
def cancel(ctx: Ctx, session: dict[str, Any], form: Form, feature: Mapping[str, Any]) -> None:
    """Cancel a plan, now or when its period ends, with the reason that is given."""
    found = _mine(ctx, session, form)
    details = {name: form[name] for name in ("comment", "feedback") if form.get(name)}
    if feature["mode"] == "immediately":
        prorate = feature["proration_behavior"] != "none"
        asked = {"prorate": prorate, "invoice_now": feature["proration_behavior"] == "always_invoice"}
        subscriptions.cancel_now(ctx, found, {**asked, "cancellation_details": details})
    else:
        changing.change(ctx, found, {"cancel_at_period_end": True})
        if details:
            changing.change(ctx, ctx.store.get("subscription", found["id"]), {"cancellation_details": details})


@action("renew", "subscription_cancel")
def renew(ctx: Ctx, session: dict[str, Any], form: Form, _feature: Mapping[str, Any]) -> None:
    """Take a cancellation at the end of the period back."""
    changing.change(ctx, _mine(ctx, session, form), {"cancel_at_period_end": False})


@action("update", "subscription_update")
def update(ctx: Ctx, session: dict[str, Any], form: Form, feature: Mapping[str, Any]) -> None:
    """Change to another price of the configuration's products, or another quantity."""
    found = _mine(ctx, session, form)
    item: dict[str, Any] = {"id": recurring.items_of(ctx, found["id"])[0]["id"]}
    offered = [price for product in feature["products"] or () for price in product["prices"]]
    if form.get("price"):
        if "price" not in feature["default_allowed_updates"] or form["price"] not in offered:
            raise errors.no_such("price", form["price"], "price", path=False)
        item["price"] = form["price"]
    if form.get("quantity"):
        if "quantity" not in feature["default_allowed_updates"]:
            raise errors.invalid(portal.NO_UPDATE)
        item["quantity"] = int(form["quantity"])
    changing.change(ctx, found, {"items": [item], **_manner(found, feature)})


@action("confirm", "subscription_update")
def confirm(ctx: Ctx, session: dict[str, Any], _form: Form, feature: Mapping[str, Any]) -> None:
    """Confirm the change that the session was made for."""
    asked = (session["flow"] or {}).get("subscription_update_confirm")
    if not asked:
        raise errors.invalid(portal.NO_CHANGES)
    found = ctx.store.get("subscription", asked["subscription"])
    items = [{name: value for name, value in each.items() if value is not None} for each in asked["items"]]
    wanted: dict[str, Any] = {"items": items, **_manner(found, feature)}
    if asked["discounts"]:
        rows = asked["discounts"]
        wanted["discounts"] = [{name: value for name, value in each.items() if value} for each in rows]
    changing.change(ctx, found, wanted)


def _manner(subscription: Mapping[str, Any], feature: Mapping[str, Any]) -> dict[str, Any]:
    """How a change of plan is billed."""
    found: dict[str, Any] = {"proration_behavior": feature["proration_behavior"]}
    if subscription["status"] == "trialing" and feature["trial_update_behavior"] == "end_trial":
        found["trial_end"] = "now"
    if feature["billing_cycle_anchor"] == "now" and subscription["status"] == "active":
        found["billing_cycle_anchor"] = "now"
    return found


@action("payment_method", "payment_method_update")
def payment_method(ctx: Ctx, session: dict[str, Any], form: Form, _feature: Mapping[str, Any]) -> None:
    """Add a card, which the customer's invoices are paid with from now on. Raises 402 for one that is refused."""
    customer = ctx.store.get("customer", session["customer"])
    buyer = {"card": form.get("card"), "email": customer.get("email"), "name": customer.get("name")}
    method = payment_methods.attach_to(ctx, completing.method_of(ctx, buyer), customer["id"])
    ctx.emit("payment_method.attached", method)
    _pay_with(ctx, customer, method["id"])


@action("default_payment_method", "payment_method_update")
def default_payment_method(ctx: Ctx, session: dict[str, Any], form: Form, _feature: Mapping[str, Any]) -> None:
    """Pay with another of the customer's cards."""
    method = lookup.in_path(ctx, "payment_method", form.get("method", ""), "payment_method")
    if method["customer"] != session["customer"]:
        raise errors.no_such("payment_method", method["id"], "payment_method")
    _pay_with(ctx, ctx.store.get("customer", session["customer"]), method["id"])


def _pay_with(ctx: Ctx, customer: Mapping[str, Any], method: str) -> None:
    settings = {**customer["invoice_settings"], "default_payment_method": method}
    ctx.update("customer", str(customer["id"]), {"invoice_settings": settings})


@action("customer", "customer_update")
def customer(ctx: Ctx, session: dict[str, Any], form: Form, feature: Mapping[str, Any]) -> None:
    """Change the customer's own details, those that may be."""
    allowed = [name for name in ("email", "name", "phone") if name in feature["allowed_updates"]]
    changes: dict[str, Any] = {name: form[name] or None for name in allowed if name in form}
    if "address" in feature["allowed_updates"] and form.get("country"):
        parts = ("city", "country", "line1", "line2", "postal_code", "state")
        changes["address"] = {name: form.get(name) or None for name in parts}
    if changes:
        ctx.update("customer", session["customer"], changes)


# the page ------------------------------------------------------------------------------------------------------------


def _features(ctx: Ctx, session: Mapping[str, Any]) -> Mapping[str, Any]:
    found = ctx.store.find(portal.CONFIGURATION, str(session["configuration"])) or {}
    return found.get("features") or portal.FEATURES


def _form(name: str, label: str, fields: str = "", **hidden: str) -> str:
    values = {"action": name, **hidden}
    inputs = "".join(
        f'<input type="hidden" name="{key}" value="{pages.escape(value)}">' for key, value in values.items()
    )
    return f'<form method="post" class="{name}">{inputs}{fields}<button>{label}</button></form>'


def _field(name: str, value: Any, label: str) -> str:
    return f'<label>{label} <input name="{name}" value="{pages.escape(str(value or ""))}"></label>'


def _plans(ctx: Ctx, session: Mapping[str, Any], features: Mapping[str, Any]) -> str:
    """The customer's plans, each with what can be done about it."""
    parts = []
    for found in ctx.store.select("subscription", [Filter("customer", "=", session["customer"])]):
        if found["status"] in statuses.ENDED:
            continue
        rows = recurring.items_of(ctx, found["id"])
        names = ", ".join(pages.escape(str(recurring.product_of(ctx, row["price"])["name"])) for row in rows)
        until = proration.day(max((row["current_period_end"] for row in rows), default=ctx.now))
        state = f"Cancels {until}" if found["cancel_at_period_end"] else f"Renews {until}"
        text = f'<li id="{found["id"]}"><b>{names}</b> <span>{found["status"]}</span> <span>{state}</span>'
        if features["subscription_cancel"]["enabled"]:
            again = found["cancel_at_period_end"]
            name, label = ("renew", "Don't cancel") if again else ("cancel", "Cancel subscription")
            text += _form(name, label, "" if again else _why(features), subscription=found["id"])
        if features["subscription_update"]["enabled"]:
            text += _form("update", "Update subscription", _choice(ctx, features, rows), subscription=found["id"])
        parts.append(f"{text}</li>")
    return f"<h2>Current subscriptions</h2><ul>{''.join(parts)}</ul>"


def _why(features: Mapping[str, Any]) -> str:
    reason = features["subscription_cancel"]["cancellation_reason"]
    if not reason["enabled"]:
        return ""
    options = "".join(f'<option value="{each}">{each.replace("_", " ")}</option>' for each in ("", *reason["options"]))
    return f'<select name="feedback">{options}</select>{_field("comment", "", "Comment")}'


def _choice(ctx: Ctx, features: Mapping[str, Any], rows: list[dict[str, Any]]) -> str:
    feature, text = features["subscription_update"], ""
    if "price" in feature["default_allowed_updates"]:
        options = ""
        for id in (price for product in feature["products"] or () for price in product["prices"]):
            price = ctx.store.find("price", id)
            if price is not None:
                amount = money.written(int(price["unit_amount"] or 0), price["currency"])
                name = pages.escape(str(recurring.product_of(ctx, price)["name"]))
                options += f'<option value="{id}">{name} {amount}</option>'
        text += f'<select name="price">{options}</select>'
    if "quantity" in feature["default_allowed_updates"]:
        text += _field("quantity", rows[0].get("quantity", 1), "Quantity")
    return text


def _cards(ctx: Ctx, session: Mapping[str, Any]) -> str:
    owner = ctx.store.get("customer", str(session["customer"]))
    default = owner["invoice_settings"]["default_payment_method"]
    rows = ""
    for method in ctx.store.select("payment_method", [Filter("customer", "=", owner["id"])]):
        card = method.get("card") or {}
        text = pages.escape(f"{card.get('brand', method['type'])} {card.get('last4', '')}")
        mark = " (default)" if method["id"] == default else ""
        rows += f"<li>{text}{mark}{_form('default_payment_method', 'Make default', method=method['id'])}</li>"
    add = _form("payment_method", "Add payment method", _field("card", "4242424242424242", "Card number"))
    return f"<h2>Payment methods</h2><ul>{rows}</ul>{add}"


def _invoices(ctx: Ctx, session: Mapping[str, Any]) -> str:
    rows = ""
    for invoice in ctx.store.select("invoice", [Filter("customer", "=", session["customer"])]):
        if invoice["status"] == "draft":
            continue
        total = money.written(int(invoice["total"]), invoice["currency"])
        link = (
            f'<a href="{pages.escape(str(invoice["hosted_invoice_url"]))}">{pages.escape(str(invoice["number"]))}</a>'
        )
        rows += f"<li>{proration.day(invoice['created'])} {link} {total} {invoice['status']}</li>"
    return f"<h2>Invoice history</h2><ul id='invoices'>{rows}</ul>"


def _details(ctx: Ctx, session: Mapping[str, Any], feature: Mapping[str, Any]) -> str:
    owner = ctx.store.get("customer", str(session["customer"]))
    names = [name for name in ("name", "email", "phone") if name in feature["allowed_updates"]]
    fields = "".join(_field(name, owner.get(name), name.title()) for name in names)
    return f"<h2>Billing information</h2>{_form('customer', 'Save', fields)}"


def _shown(ctx: Ctx, session: Mapping[str, Any], error: str = "") -> Reply:
    """The page: everything the configuration allows, or the one thing that the session is for."""
    features, flow = _features(ctx, session), (session["flow"] or {}).get("type")
    owner = ctx.store.find("customer", str(session["customer"])) or {}
    name = pages.escape(str(owner.get("name") or owner.get("email") or session["customer"]))
    head = f'<!doctype html><meta charset="utf-8"><title>Billing</title><h1>{name}</h1>'
    parts = [f'{head}<p id="error">{pages.escape(error)}</p>']
    if flow == "subscription_update_confirm":
        parts.append(_form("confirm", "Confirm"))
    elif flow in (None, "subscription_cancel", "subscription_update") and owner:
        parts.append(_plans(ctx, session, features))
    if flow in (None, "payment_method_update") and features["payment_method_update"]["enabled"] and owner:
        parts.append(_cards(ctx, session))
    if flow in (None, "customer_update") and features["customer_update"]["enabled"] and owner:
        parts.append(_details(ctx, session, features["customer_update"]))
    if flow is None and features["invoice_history"]["enabled"] and owner:
        parts.append(_invoices(ctx, session))
    if session["return_url"]:
        parts.append(f'<a id="return" href="{pages.escape(str(session["return_url"]))}">Return</a>')
    return Reply(200, "".join(parts), media_type="text/html; charset=utf-8")


@twin.page("GET", "/p/session/{session}")
def page(ctx: Ctx, request: Request) -> Reply:
    """The page of a portal session."""
    return _shown(ctx, pages.opened(ctx, request, portal.SESSION, "session"))


@twin.page("POST", "/p/session/{session}")
def submit(ctx: Ctx, request: Request) -> Reply:
    """The customer submits a form of the page: back to it, or to where the session's flow leads."""
    session = pages.opened(ctx, request, portal.SESSION, "session")
    form = dict(parse_qsl(request.raw.decode(), keep_blank_values=True))
    known = ACTIONS.get(form.get("action", ""))
    if known is None:
        raise errors.invalid(f"Unknown action: {form.get('action', '')}")
    name, function = known
    feature = _features(ctx, session)[name]
    if not feature["enabled"]:
        raise errors.invalid(f"The {name} feature in the portal configuration is disabled.")
    try:
        function(ctx, session, form, feature)
    except ServiceError as error:
        if error.status != 402:
            raise
        return _shown(ctx, session, str(error.body["error"]["message"]))
    return _after(session, form["action"])


def _after(session: Mapping[str, Any], done: str) -> Reply:
    flow = session["flow"] or {}
    if flow and flow["type"] == FLOWS.get(done):
        after = flow["after_completion"]
        if after["type"] == "redirect":
            return Reply(303, None, {"location": after["redirect"]["return_url"]})
        if after["type"] == "hosted_confirmation":
            text = (after["hosted_confirmation"] or {}).get("custom_message") or "Your changes have been saved."
            return Reply(200, f"<!doctype html><p>{pages.escape(text)}</p>", media_type="text/html; charset=utf-8")
    return Reply(303, None, {"location": str(session["url"])})


@twin.page("GET", "/p/login/{configuration}")
def login(ctx: Ctx, request: Request) -> Reply:
    """The page where customers say who they are: `?email=` leads to a session of the customer with that address."""
    configuration = pages.opened(ctx, request, portal.CONFIGURATION, "configuration")
    if not configuration["login_page"]["enabled"]:
        raise errors.no_such(portal.CONFIGURATION, configuration["id"], "configuration")
    email = pages.query(request).get("email")
    owner = next(ctx.store.select("customer", [Filter("email", "=", email)]), None) if email else None
    if owner is None:
        text = '<!doctype html><form><label>Email <input name="email"></label><button>Send</button></form>'
        return Reply(200, text, media_type="text/html; charset=utf-8")
    session = portal.make(ctx, {"configuration": configuration["id"], "customer": owner["id"]})
    return Reply(303, None, {"location": session["url"]})

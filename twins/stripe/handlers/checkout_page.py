"""The page that stands for Checkout's hosted one: its form, what is typed into it, sessions that are recovered.

Sources: https://docs.stripe.com/payments/checkout/how-checkout-works, /payments/checkout/abandoned-carts. Imports: the
kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from twinkit import Ctx, Reply, Request, ServiceError
from twins.stripe import pages, twin
from twins.stripe.handlers import checkout, collecting, completing, invoicing, recurring, selling

SESSION = checkout.SESSION
HTML = "text/html; charset=utf-8"
PAGE = """<!doctype html><meta charset="utf-8"><title>Checkout</title>
<h1>{title}</h1><p id="total">{total}</p><ul>{items}</ul><p id="error">{error}</p>
<form method="post">{fields}
<button id="submit">Pay</button></form>{cancel}
"""
PLACE = ("line1", "line2", "city", "state", "postal_code", "country")


# the form ------------------------------------------------------------------------------------------------------------


def _input(label: str, name: str, id: str, value: str = "") -> str:
    said = f' value="{pages.escape(value)}"' if value else ""
    return f'<label>{pages.escape(label)} <input name="{pages.escape(name)}" id="{pages.escape(id)}"{said}></label>'


def _select(label: str, name: str, id: str, options: list[tuple[str, str]]) -> str:
    rows = "".join(f'<option value="{pages.escape(value)}">{pages.escape(text)}</option>' for value, text in options)
    names = f'name="{pages.escape(name)}" id="{pages.escape(id)}"'
    return f"<label>{pages.escape(label)} <select {names}>{rows}</select></label>"


def _box(label: str, name: str, id: str, value: str) -> str:
    return f'<label><input type="checkbox" name="{name}" id="{id}" value="{value}"> {pages.escape(label)}</label>'


def _place(kind: str) -> Iterator[str]:
    for part in PLACE:
        id = f"{kind}{part.title().replace('_', '')}"
        yield _input(part.replace("_", " ").capitalize(), f"{kind}[{part}]", id)


def _custom(field: Mapping[str, Any]) -> str:
    name, id = f"custom_fields[{field['key']}]", f"custom-{field['key']}"
    label, inner = str(field["label"]["custom"]), field[field["type"]]
    if field["type"] == "dropdown":
        return _select(label, name, id, [("", ""), *((row["value"], row["label"]) for row in inner["options"])])
    return _input(label, name, id, inner["default_value"] or "")


def _fields(ctx: Ctx, session: Mapping[str, Any]) -> Iterator[str]:
    """The parts of the form that the session asks for."""
    yield _input("Email", "email", "email", (session["customer_details"] or {}).get("email") or "")
    if session["phone_number_collection"]["enabled"]:
        yield _input("Phone", "phone", "phoneNumber")
    if session["shipping_address_collection"]:
        yield _input("Shipping name", "shipping[name]", "shippingName")
        yield from _place("shipping")
    if len(session["shipping_options"]) > 1:
        found = [ctx.store.get("shipping_rate", row["shipping_rate"]) for row in session["shipping_options"]]
        options = [(str(rate["id"]), str(rate.get("display_name") or rate["id"])) for rate in found]
        yield _select("Shipping method", "shipping_rate", "shippingRate", options)
    yield _input("Card number", "card", "cardNumber", "4242424242424242")
    yield _input("Name", "name", "billingName", collecting.NAME)
    if session["billing_address_collection"] == "required" or session["automatic_tax"]["enabled"]:
        yield from _place("billing")
    for row in selling.kept(ctx, session["id"]):
        if (row["adjustable_quantity"] or {}).get("enabled"):
            label, id = f"Quantity of {row['description']}", f"qty-{row['id']}"
            yield _input(label, f"quantities[{row['id']}]", id, str(row["quantity"]))
    for place, row in enumerate(session.get("optional_items") or ()):
        product = recurring.product_of(ctx, ctx.store.get("price", row["price"]))["name"]
        yield _input(f"Add {product}, up to", f"optional_items[{place}]", f"optional-{place}")
    yield from _asked(session, collecting.asks_tax_id(ctx, session))


def _asked(session: Mapping[str, Any], taxed: bool) -> Iterator[str]:
    """Names, a tax id, custom fields, a code and consent."""
    names = session.get("name_collection") or {}
    if taxed or (names.get("business") or {}).get("enabled"):
        yield _input("Business name", "business_name", "businessName")
    if (names.get("individual") or {}).get("enabled"):
        yield _input("Full name", "individual_name", "individualName")
    if taxed:
        yield _input("Tax ID type", "tax_id[type]", "taxIdType")
        yield _input("Tax ID", "tax_id[value]", "taxId")
    yield from map(_custom, session["custom_fields"])
    if session["allow_promotion_codes"]:
        yield _input("Promotion code", "promotion_code", "promotionCode")
    asked = session["consent_collection"] or {}
    if asked.get("promotions") == "auto":
        yield _box("Send me offers", "consent[promotions]", "promotionalConsent", "opt_in")
    if asked.get("terms_of_service") == "required":
        yield _box("I agree to the Terms of Service", "consent[terms_of_service]", "termsOfService", "accepted")


def typed(session: Mapping[str, Any], raw: bytes) -> dict[str, Any]:
    """What was typed into the form, in the words of the control call."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(raw.decode()):
        outer, _, inner = name.rstrip("]").partition("[")
        if inner:
            found.setdefault(outer, {})[inner] = value
        else:
            found[outer] = value
    found["address"] = found.pop("billing", None)
    where = found.get("shipping")
    if where:
        found["shipping"] = {"name": where.pop("name", None), "address": where}
    number = found.pop("tax_id", None)
    if number and number.get("value"):
        found["tax_ids"] = [number]
    if (session["consent_collection"] or {}).get("terms_of_service") == "required":
        agreed = found.setdefault("consent", {})
        agreed.setdefault("terms_of_service", "refused")
    return collecting.filled_in(found)


# the page ------------------------------------------------------------------------------------------------------------


def _shown(ctx: Ctx, session: Mapping[str, Any], error: str = "") -> Reply:
    rows = "".join(
        f"<li>{pages.escape(str(row['description']))} x {row['quantity']}</li>"
        for row in selling.kept(ctx, session["id"])
    )
    total = "" if session["amount_total"] is None else f"{session['amount_total']} {session['currency']}"
    back = session["cancel_url"]
    cancel = f'<a id="cancel" href="{pages.escape(_address(str(back), session["id"]))}">Back</a>' if back else ""
    text = PAGE.format(
        title=pages.escape(invoicing.ACCOUNT_NAME), total=pages.escape(total), items=rows, error=pages.escape(error),
        fields="\n".join(_fields(ctx, session)), cancel=cancel,
    )  # fmt: skip
    return Reply(200, text, media_type=HTML)


def _address(url: str, id: str) -> str:
    return url.replace("{CHECKOUT_SESSION_ID}", id)


@twin.page("GET", "/c/pay/{session}")
def page(ctx: Ctx, request: Request) -> Reply:
    """The hosted page of a session; that of an expired one that can be recovered leads to its copy."""
    session = pages.opened(ctx, request, SESSION, "session")
    if session["status"] == "open":
        return _shown(ctx, session)
    recovery = (session["after_expiration"] or {}).get("recovery") or {}
    if session["status"] == "expired" and recovery.get("url") and recovery["expires_at"] > ctx.now:
        return Reply(303, None, {"location": checkout.recover(ctx, session)["url"]})
    text = f"This Checkout Session is {session['status']}."
    return Reply(200, f"<!doctype html><p>{pages.escape(text)}</p>", media_type=HTML)


@twin.page("POST", "/c/pay/{session}")
def submit(ctx: Ctx, request: Request) -> Reply:
    """The buyer submits the page: back to the shop, or what is wrong to read."""
    session = pages.opened(ctx, request, SESSION, "session")
    try:
        done = completing.complete(ctx, session, typed(session, request.raw))
    except ServiceError as error:
        if session["status"] != "open":
            raise
        return _shown(ctx, session, str(error.body["error"]["message"]))
    url = done["success_url"] or done.get("return_url") or ""
    return Reply(303, None, {"location": _address(str(url), done["id"])})

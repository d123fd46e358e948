"""The customer completing a Checkout Session: by a control call, or on the page that stands for the hosted one.

Source: https://docs.stripe.com/payments/checkout/how-checkout-works. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import parse_qsl

from twinkit import Ctx, Filter, Reply, Request, ServiceError
from twins.stripe import errors, lookup, pages, twin
from twins.stripe.handlers import (
    checkout,
    confirming,
    customers,
    invoice_items,
    invoicing,
    payment_intents,
    payment_methods,
    selling,
    simulation,
    subscriptions,
)
from twins.stripe.payments import instruments

SESSION = checkout.SESSION


def _customer(ctx: Ctx, session: dict[str, Any], buyer: Mapping[str, Any]) -> str | None:
    """The customer of a session: the one it named, or a new one where the session makes one."""
    if session["customer"]:
        return str(session["customer"])
    later = (ctx.store.get(checkout.DATA, session["id"])["payment_intent_data"] or {}).get("setup_future_usage")
    billed = (session["invoice_creation"] or {}).get("enabled")
    if session["mode"] == "payment" and session["customer_creation"] != "always" and not later and not billed:
        return None
    record = customers.new_record(ctx, {"email": buyer.get("email"), "name": buyer.get("name")})
    ctx.store.insert("customer", record, created=ctx.micros)
    ctx.emit("customer.created", record)
    return str(record["id"])


def method_of(ctx: Ctx, buyer: Mapping[str, Any]) -> dict[str, Any]:
    """The payment method the buyer pays with: a documented name, a number, or one that exists."""
    details = {"email": buyer.get("email"), "name": buyer.get("name")}
    number = str(buyer.get("card") or "pm_card_visa").replace(" ", "")
    if number.isdigit():
        given = {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": "123"}
        return payment_methods.make(ctx, {"type": "card", "card": given, "billing_details": details})
    method = payment_methods.resolve(ctx, number, "card")
    shown = {**method["billing_details"], **{name: value for name, value in details.items() if value}}
    return ctx.update("payment_method", method["id"], {"billing_details": shown}, event="")


def _pay(ctx: Ctx, session: dict[str, Any], customer: str | None, method: dict[str, Any]) -> dict[str, Any]:
    """Take the payment of a session; what the session then shows. Raises what the card is refused with."""
    data = ctx.store.get(checkout.DATA, session["id"])["payment_intent_data"]
    if session["amount_total"] == 0:
        return {"payment_status": "no_payment_required"}
    wanted = {
        **data, "amount": session["amount_total"], "customer": customer, "capture_method": data.get("capture_method"),
        "payment_method_types": session["payment_method_types"],
    }  # fmt: skip
    billed = (session["invoice_creation"] or {}).get("enabled") and customer
    if billed:
        invoice = _invoice(ctx, session, str(customer))
        intent = invoicing.intent_of(ctx, invoice) or {}
        intent |= {name: data[name] for name in ("description", "metadata", "setup_future_usage") if data.get(name)}
        payment_intents.put_method(intent, method)
        ctx.store.replace("payment_intent", intent["id"], intent)
    else:
        intent = payment_intents.new_record(ctx, wanted, session["currency"])
        payment_intents.put_method(intent, method)
        ctx.store.insert("payment_intent", intent, created=ctx.micros)
        ctx.emit("payment_intent.created", intent)
    done = _confirmed(ctx, intent)
    status = "paid" if done["status"] == "succeeded" else "unpaid"
    shown = {"payment_intent": intent["id"], "payment_status": status}
    return {**shown, "invoice": invoice} if billed else shown


def _invoice(ctx: Ctx, session: Mapping[str, Any], customer: str) -> str:
    """The open invoice of a session that asked for one: https://docs.stripe.com/payments/checkout/receipts."""
    asked = session["invoice_creation"]["invoice_data"]
    draft = invoicing.blank(ctx, ctx.store.get("customer", customer), session["currency"], ctx.now)
    draft |= {name: asked[name] for name in ("custom_fields", "description", "footer", "metadata") if asked.get(name)}
    draft["discounts"] = list(ctx.store.get(checkout.DATA, session["id"])["discounts"])
    lines = []
    for row in selling.kept(ctx, session["id"]):
        pricing = invoice_items.details(row["price"])
        lines.append(_line(ctx, draft, row["amount_subtotal"], row["description"], row["quantity"], pricing))
    shipping = (session["shipping_cost"] or {}).get("amount_total")
    if shipping:
        lines.append(_line(ctx, draft, shipping, "Shipping", 1, None))
    return str(invoicing.finalize(ctx, invoicing.insert(ctx, draft, lines))["id"])


def _line(
    ctx: Ctx, draft: Mapping[str, Any], amount: int, text: str, quantity: int | None, pricing: dict[str, Any] | None
) -> dict[str, Any]:
    period = {"end": ctx.now, "start": ctx.now}
    values = {"amount": amount, "description": text, "parent": None, "period": period, "pricing": pricing}
    return invoicing.line(ctx, draft["id"], draft["currency"], {**values, "quantity": quantity})


def _confirmed(ctx: Ctx, intent: dict[str, Any]) -> dict[str, Any]:
    """Confirm an intent, the buyer passing any challenge. Raises a decline."""
    reply = confirming.confirm(ctx, intent, {"use_stripe_sdk": True})
    if isinstance(reply, Reply):
        raise errors.error(reply.status, str(reply.body["error"]["message"]), code=reply.body["error"].get("code"))
    if reply["status"] == "requires_action":
        return confirming.finish_authentication(ctx, reply, succeeded=True)
    return reply


def _subscribe(ctx: Ctx, session: dict[str, Any], customer: str, method: dict[str, Any]) -> dict[str, Any]:
    """Make the subscription of a session."""
    kept = ctx.store.get(checkout.DATA, session["id"])
    data = kept["subscription_data"]
    rows = selling.kept(ctx, session["id"])
    items = [
        {"price": row["price"]["id"], **({} if row["quantity"] is None else {"quantity": row["quantity"]})}
        for row in rows
        if row["price"]["recurring"]
    ]
    once = [{"price": row["price"]["id"], "quantity": row["quantity"]} for row in rows if not row["price"]["recurring"]]
    wanted = {
        **data, "add_invoice_items": once, "customer": customer, "default_payment_method": method["id"],
        "discounts": [{"discount": id} for id in kept["discounts"]], "items": items,
        "payment_behavior": "allow_incomplete",
    }  # fmt: skip
    made = subscriptions.make(ctx, wanted)
    if made["latest_invoice"] is None:
        return {"payment_status": "no_payment_required", "subscription": made["id"]}
    intent = invoicing.intent_of(ctx, made["latest_invoice"])
    if intent is not None and intent["status"] == "requires_action":
        confirming.finish_authentication(ctx, intent, succeeded=True)
    elif intent is not None and intent["last_payment_error"]:
        failed = intent["last_payment_error"]
        raise errors.error(402, str(failed["message"]), code=failed["code"], decline_code=failed.get("decline_code"))
    invoice = ctx.store.get("invoice", made["latest_invoice"])
    free = invoice["total"] == 0
    return {
        "invoice": invoice["id"],
        "payment_status": "no_payment_required" if free else "paid",
        "subscription": made["id"],
    }


def complete(ctx: Ctx, session: dict[str, Any], buyer: Mapping[str, Any]) -> dict[str, Any]:
    """The buyer completes a session. Raises 400 when it is not open, 402 when the card is declined."""
    if session["status"] != "open":
        raise errors.invalid(f"This Checkout Session has a status of `{session['status']}`.")
    known = session["customer_details"] or {}
    buyer = {"name": "Jenny Rosen", **buyer, "email": known.get("email") or buyer.get("email") or "jenny@example.com"}
    customer = _customer(ctx, session, buyer)
    method = method_of(ctx, buyer)
    if customer and session["mode"] != "payment":
        method = payment_methods.attach_to(ctx, method, customer)
        ctx.emit("payment_method.attached", method)
    if session["mode"] == "payment":
        changes = _pay(ctx, session, customer, method)
    elif session["mode"] == "subscription":
        assert customer is not None
        changes = _subscribe(ctx, session, customer, method)
    else:
        intent = ctx.store.get("setup_intent", session["setup_intent"])
        payment_intents.put_method(intent, method, "SetupIntent")
        ctx.store.replace("setup_intent", intent["id"], intent)
        _confirmed(ctx, intent)
        changes = {}
    details = {
        **(session["customer_details"] or checkout.details(buyer["email"], session["mode"])),
        "address": instruments.address({"country": "US", "postal_code": "94107"}),
        "email": buyer["email"],
        "name": buyer["name"],
        "tax_ids": [],
    }
    done = {**changes, "customer": customer, "customer_details": details, "status": "complete", "url": None}
    changed = ctx.update(SESSION, session["id"], done, event="")
    ctx.emit("checkout.session.completed", changed)
    _count(ctx, changed)
    return changed


def _count(ctx: Ctx, session: Mapping[str, Any]) -> None:
    """A link with a limit counts what was completed through it, and ends with the last one."""
    link = ctx.store.find("payment_link", session["payment_link"]) if session["payment_link"] else None
    limit = ((link or {}).get("restrictions") or {}).get("completed_sessions")
    if link is None or not limit:
        return
    counted = {**limit, "count": limit["count"] + 1}
    active = link["active"] and counted["count"] < counted["limit"]
    ctx.update("payment_link", link["id"], {"active": active, "restrictions": {"completed_sessions": counted}})


@confirming.listen
def paid_later(ctx: Ctx, intent: dict[str, Any], outcome: str) -> None:
    """A debit that was on its way when its session was completed has arrived, or will not."""
    where = [Filter("payment_intent", "=", intent["id"]), Filter("status", "=", "complete")]
    session = next(ctx.store.select(SESSION, where), None)
    if session is None or session["payment_status"] != "unpaid" or outcome not in ("succeeded", "failed"):
        return
    changes = {"payment_status": "paid"} if outcome == "succeeded" else {}
    event = f"checkout.session.async_payment_{outcome}"
    ctx.emit(event, ctx.update(SESSION, session["id"], changes, event=""))


@twin.control("complete_checkout")
def complete_checkout(ctx: Ctx, payload: Any) -> dict[str, Any]:
    """The customer pays a session: `{"session": "cs_…", "card": "pm_card_visa", "email": "…", "name": "…"}`."""
    id = simulation.wanted(ctx, payload, "session")
    buyer = {name: payload[name] for name in ("card", "email", "name") if payload.get(name)}
    return complete(ctx, lookup.in_path(ctx, SESSION, id, "session"), buyer)


PAGE = """<!doctype html><meta charset="utf-8"><title>Checkout</title>
<h1>{title}</h1><p id="total">{total}</p><ul>{items}</ul><p id="error">{error}</p>
<form method="post"><label>Email <input name="email" id="email" value="{email}"></label>
<label>Card number <input name="card" id="cardNumber" value="4242424242424242"></label>
<label>Name <input name="name" id="billingName" value="Jenny Rosen"></label>
<button id="submit">Pay</button></form>{cancel}
"""


def _shown(ctx: Ctx, session: Mapping[str, Any], error: str = "") -> Reply:
    rows = "".join(
        f"<li>{escape(str(row['description']))} x {row['quantity']}</li>" for row in selling.kept(ctx, session["id"])
    )
    total = "" if session["amount_total"] is None else f"{session['amount_total']} {session['currency']}"
    back = session["cancel_url"]
    cancel = f'<a id="cancel" href="{escape(_address(str(back), session["id"]))}">Back</a>' if back else ""
    email = (session["customer_details"] or {}).get("email") or ""
    text = PAGE.format(
        title=escape(invoicing.ACCOUNT_NAME), total=escape(total), items=rows, error=escape(error),
        email=escape(email), cancel=cancel,
    )  # fmt: skip
    return Reply(200, text, media_type="text/html; charset=utf-8")


def _address(url: str, id: str) -> str:
    return url.replace("{CHECKOUT_SESSION_ID}", id)


@twin.page("GET", "/c/pay/{session}")
def page(ctx: Ctx, request: Request) -> Reply:
    """The hosted page of a session."""
    session = pages.opened(ctx, request, SESSION, "session")
    if session["status"] != "open":
        text = f"This Checkout Session is {session['status']}."
        return Reply(200, f"<!doctype html><p>{escape(text)}</p>", media_type="text/html; charset=utf-8")
    return _shown(ctx, session)


@twin.page("POST", "/c/pay/{session}")
def submit(ctx: Ctx, request: Request) -> Reply:
    """The buyer submits the page: back to the shop, or a decline to read."""
    session = pages.opened(ctx, request, SESSION, "session")
    try:
        done = complete(ctx, session, dict(parse_qsl(request.raw.decode())))
    except ServiceError as error:
        if error.status != 402:
            raise
        return _shown(ctx, session, str(error.body["error"]["message"]))
    url = done["success_url"] or done.get("return_url") or ""
    return Reply(303, None, {"location": _address(str(url), done["id"])})

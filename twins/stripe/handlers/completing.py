"""The customer completing a Checkout Session: by a control call, or on the page that stands for the hosted one.

Source: https://docs.stripe.com/payments/checkout/how-checkout-works. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Reply
from twins.stripe import errors, locating, lookup, twin
from twins.stripe.handlers import (
    assessing,
    checkout,
    collecting,
    confirming,
    customers,
    invoice_items,
    invoicing,
    payment_intents,
    payment_methods,
    selling,
    shipping_rates,
    simulation,
    subscriptions,
    tax_ids,
)

SESSION = checkout.SESSION


def _customer(ctx: Ctx, session: dict[str, Any], kept: Mapping[str, Any], email: Any) -> str | None:
    """The customer of a session, with what was collected: the one it named, or a new one where it makes one."""
    wanted = collecting.updates(session, kept["customer_update"], session)
    ids = session["customer_details"]["tax_ids"] or ()
    if session["customer"]:
        id = str(session["customer"])
        if wanted:
            ctx.update("customer", id, wanted)
    else:
        later = kept["payment_intent_data"].get("setup_future_usage")
        billed = (session["invoice_creation"] or {}).get("enabled")
        if session["mode"] == "payment" and session["customer_creation"] != "always" and not later and not billed:
            return None
        record = customers.new_record(ctx, {"email": email, **wanted})
        ctx.store.insert("customer", record, created=ctx.micros)
        ctx.emit("customer.created", record)
        id = str(record["id"])
    for each in ids:
        tax_ids.make(ctx, each, id, {"customer": id, "type": "customer"})
    return id


def method_of(ctx: Ctx, buyer: Mapping[str, Any]) -> dict[str, Any]:
    """The payment method the buyer pays with: a documented name, a number, or one that exists."""
    details = {name: buyer.get(name) for name in ("address", "email", "name", "phone") if buyer.get(name)}
    number = str(buyer.get("card") or "pm_card_visa").replace(" ", "")
    if number.isdigit():
        given = {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": "123"}
        return payment_methods.make(ctx, {"type": "card", "card": given, "billing_details": details})
    method = payment_methods.resolve(ctx, number, "card")
    shown = {**method["billing_details"], **details}
    return ctx.update("payment_method", method["id"], {"billing_details": shown}, event="")


def _pay(ctx: Ctx, session: dict[str, Any], customer: str | None, method: dict[str, Any]) -> dict[str, Any]:
    """Take the payment of a session; what the session then shows. Raises what the card is refused with."""
    data = ctx.store.get(checkout.DATA, session["id"])["payment_intent_data"]
    if session["amount_total"] == 0:
        return {"payment_status": "no_payment_required"}
    sent = session["collected_information"]["shipping_details"]
    if sent:
        data = {"shipping": {**sent, "phone": session["customer_details"]["phone"]}, **data}
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
    tax = {name: session["automatic_tax"][name] for name in ("enabled", "liability")}
    draft["automatic_tax"] |= tax
    draft["discounts"] = list(ctx.store.get(checkout.DATA, session["id"])["discounts"])
    lines = []
    for row in selling.kept(ctx, session["id"]):
        pricing = invoice_items.details(row["price"])
        lines.append(_line(ctx, draft, row["amount_subtotal"], row["description"], row["quantity"], pricing))
    shipping = session["shipping_cost"] or {}
    if shipping.get("amount_subtotal"):
        kept = ctx.store.get("shipping_rate", shipping["shipping_rate"])
        rate = shipping_rates.within(kept, draft["currency"]) or kept
        taxed = {"tax_behavior": rate["tax_behavior"], "tax_code": rate.get("tax_code") or selling.SHIPPING_CODE}
        asked = {"amount": shipping["amount_subtotal"], **taxed}
        amount, pricing, _ = invoice_items.priced(ctx, asked, draft["currency"])
        lines.append(_line(ctx, draft, amount, "Shipping", 1, pricing))
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
        **data, "add_invoice_items": once,
        "automatic_tax": {name: session["automatic_tax"][name] for name in ("enabled", "liability")},
        "customer": customer, "default_payment_method": method["id"],
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


COLLECTED = (
    "amount_subtotal", "amount_total", "automatic_tax", "collected_information", "consent", "custom_fields",
    "customer_details", "discounts", "shipping_cost", "total_details",
)  # fmt: skip
"""What of a session the buyer changes before paying."""


def _filled_in(ctx: Ctx, session: dict[str, Any], buyer: Mapping[str, Any]) -> dict[str, Any]:
    """The session with what the buyer filled in, and what it comes to then, not stored yet. Raises 400."""
    mode, address = session["mode"], collecting.billing(session, buyer)
    sent, ids = collecting.shipping(session, buyer), collecting.ids(ctx, session, buyer)
    named = collecting.names(session, buyer, bool((session.get("tax_id_collection") or {}).get("enabled")))
    known = session["customer_details"] or checkout.details(buyer["email"], mode)
    customer = ctx.store.find("customer", str(session["customer"])) or {}
    filled = {
        **session,
        "collected_information": {**session["collected_information"], **named, "shipping_details": sent},
        "consent": collecting.consent(session, buyer, str(address["country"])),
        "custom_fields": collecting.custom_fields(session, buyer),
        "customer_details": {
            **known, **named, "address": address, "email": buyer["email"], "name": buyer["name"],
            "phone": collecting.phone(session, buyer), "tax_ids": ids,
        },
    }  # fmt: skip
    if customer and mode != "setup":
        filled["customer_details"]["tax_exempt"] = customer.get("tax_exempt") or "none"
    if mode == "setup":
        return filled
    kept = ctx.store.get(checkout.DATA, session["id"])
    rows = collecting.quantities(ctx, selling.kept(ctx, session["id"]), buyer)
    rows += collecting.added(ctx, session, buyer)
    worth = sum(row["amount_subtotal"] for row in rows)
    discounts = collecting.discounts(ctx, session, kept["discounts"], buyer, worth)
    filled["shipping_cost"] = collecting.chosen_shipping(ctx, session, buyer)
    filled["discounts"] = [checkout.discount(ctx, id) for id in discounts]
    trial = bool(kept["subscription_data"].get("trial_period_days"))
    filled |= checkout.computed(ctx, filled, rows, discounts, _taxed(ctx, filled, kept), trial=trial)
    selling.keep(ctx, session["id"], rows)
    ctx.store.replace(checkout.DATA, session["id"], {**kept, "discounts": discounts})
    return filled


def _taxed(ctx: Ctx, session: Mapping[str, Any], kept: Mapping[str, Any]) -> assessing.Buyer | None:
    """Who the sale of a session is taxed for: https://docs.stripe.com/tax/checkout.

    A known customer is taxed at the shipping address saved before, and where the session does not update the address
    where they are known to be.
    """
    details, sent = session["customer_details"], session["collected_information"]["shipping_details"]
    update = kept["customer_update"]
    saved = (ctx.store.find("customer", str(session["customer"])) or {}).get("shipping")
    if session["customer"] and not sent and (saved or update.get("address") != "auto"):
        return assessing.located(ctx, session["customer"])
    exempt = assessing.EXEMPT.get(str(details["tax_exempt"]), "none")
    ids = list(details["tax_ids"] or ())
    if session["customer"]:
        ids += locating.tax_ids(ctx, session["customer"])
    return assessing.Buyer(sent["address"] if sent else details["address"], ids, exempt)


def complete(ctx: Ctx, session: dict[str, Any], buyer: Mapping[str, Any]) -> dict[str, Any]:
    """The buyer completes a session. Raises 400 when it is not open, 402 when the card is declined."""
    if session["status"] != "open":
        raise errors.invalid(f"This Checkout Session has a status of `{session['status']}`.")
    known = session["customer_details"] or {}
    email = known.get("email") or buyer.get("email") or collecting.EMAIL
    buyer = {"name": collecting.NAME, **buyer, "email": email}
    session = _filled_in(ctx, session, buyer)
    kept = ctx.store.get(checkout.DATA, session["id"])
    details = session["customer_details"]
    customer = _customer(ctx, session, kept, email)
    buyer = {**buyer, "address": details["address"], "phone": details["phone"]}
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
    collected = {name: session[name] for name in COLLECTED}
    done = {**collected, **changes, "customer": customer, "status": "complete", "url": None}
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
    """The customer fills a session in and pays it: `{"session": "cs_…", "card": "pm_card_visa", "email": "…", …}`."""
    id = simulation.wanted(ctx, payload, "session")
    return complete(ctx, lookup.in_path(ctx, SESSION, id, "session"), collecting.filled_in(payload))

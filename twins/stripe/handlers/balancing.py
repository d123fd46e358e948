"""Customers' balances: what an invoice takes from one, and the transactions that change it.

Source: https://docs.stripe.com/billing/customer/balance. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx
from twins.stripe.billing import totals
from twins.stripe.payments import money


def balanced(invoice: Mapping[str, Any], customer: Mapping[str, Any]) -> dict[str, Any]:
    """What an invoice asks for once it has used the customer's balance up; less than can be charged waits in it."""
    starting, total = int(customer.get("balance") or 0), int(invoice["total"])
    due = max(total + starting, 0)
    ending = totals.ending_balance(total, starting)
    if 0 < due < money.minimum(invoice["currency"]):
        due, ending = 0, due
    return {"starting_balance": starting, "ending_balance": ending, "amount_due": due, "amount_remaining": due}


def move(
    ctx: Ctx, customer: Mapping[str, Any], amount: int, type: str, invoice: Mapping[str, Any], at: int, **more: Any
) -> dict[str, Any]:
    """Change a customer's balance because of an invoice; the customer balance transaction."""
    ending = int(customer.get("balance") or 0) + amount
    change = {
        "id": ctx.new_id("customer_balance_transaction"),
        "object": "customer_balance_transaction",
        "amount": amount,
        "checkout_session": None,
        "created": at,
        "credit_note": None,
        "currency": invoice["currency"],
        "customer": customer["id"],
        "customer_account": None,
        "description": None,
        "ending_balance": ending,
        "invoice": invoice["id"],
        "livemode": False,
        "metadata": {},
        "type": type,
        **more,
    }
    ctx.store.insert("customer_balance_transaction", change, created=ctx.micros)
    ctx.update("customer", str(customer["id"]), {"balance": ending, "currency": invoice["currency"]})
    return change


def used(ctx: Ctx, invoice: Mapping[str, Any], customer: Mapping[str, Any], at: int) -> dict[str, Any]:
    """Use the customer's balance up; what the invoice then asks for."""
    found = balanced(invoice, customer)
    used = found["ending_balance"] - found["starting_balance"]
    if used:
        move(ctx, customer, used, "applied_to_invoice", invoice, at)
    return found

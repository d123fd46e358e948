"""Credit notes as arithmetic: what a line credits, how a note splits, what is refused. Imports nothing of the kit.

Sources: https://docs.stripe.com/api/credit_notes/create,
https://docs.stripe.com/invoicing/integration/programmatic-credit-notes. The documentation says what is refused, not in
which words: the texts here say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from twins.stripe.billing.pricing import rounded

PARTS = ("credit_amount", "out_of_band_amount", "refund_amount")
"""What a note gives back, beside the refunds it links."""
NOTHING = "One of `amount`, `lines`, or `shipping_cost` must be provided."
AMOUNT_AND_LINES = "The `amount` of a credit note must equal the total of its `lines`."
NO_CHARGE = "The invoice has no successful charge to refund."
NOT_BOTH = "A line item can be credited by `amount` or by `quantity`, not both."
NEITHER = "A line item needs an `amount` or a `quantity`."


def kind(pre: int, post: int) -> str:
    """`type` of a note."""
    return "mixed" if pre and post else "post_payment" if post else "pre_payment"


def not_creditable(status: str) -> str:
    """What a note on a draft, void or uncollectible invoice is answered with."""
    return f"You can only create a credit note for an open or paid invoice. This invoice is {status}."


def too_much_of_line(amount: int, left: int) -> str:
    """What crediting more than is left of a line is answered with."""
    return f"The amount credited ({amount}) is greater than what is left of the invoice line item ({left})."


def refusal(total: int, post: int, parts: int, paid: int, before: int) -> tuple[str, str | None] | None:
    """(text, parameter) when a note does not add up, None when it does.

    `parts` is what it gives back, `post` what it has to, `paid` what was paid and `before` given back already.
    """
    if total <= 0:
        return "The total amount of a credit note must be positive.", "amount"
    if post > paid - before:
        return f"The credit note's total ({total}) is greater than what is left of the invoice to credit.", "amount"
    if parts != post:
        text = (
            "The sum of refunds, customer balance credits, and outside of Stripe credits "
            f"({parts}) must equal the post_payment_amount ({post})."
        )
        return text, None
    return None


def void_refusal(note: str, invoice: str) -> str | None:
    """The text when a note in this status, of an invoice in that one, cannot be voided."""
    if note != "issued":
        return "This credit note is already void."
    if invoice != "open":
        return "You can only void a credit note if the associated invoice is open."
    return None


def _share(amount: int, part: int, whole: int) -> int:
    """`part`/`whole` of an amount."""
    return rounded(Decimal(amount) * part / whole) if whole else 0


def line(given: Mapping[str, Any], billed: Mapping[str, Any] | None) -> tuple[dict[str, Any], str | None]:
    """(amounts of a line, None), or what is wrong with it: a part of a billed line, or a line of its own."""
    amount, quantity = given.get("amount"), given.get("quantity")
    if amount is not None and quantity is not None:
        return {}, NOT_BOTH
    if billed is None:
        return _custom(given, amount, quantity)
    if amount is None and quantity is None:
        return {}, NEITHER
    whole, count = int(billed["amount"]), int(billed.get("quantity") or 1)
    unit = None
    if quantity is not None:
        amount, unit = _share(whole, int(quantity), count), Decimal(whole) / count
    gross = int(amount or 0)
    discounts = [{**row, "amount": _share(row["amount"], gross, whole)} for row in billed["discount_amounts"]]
    taxes = [
        {
            **row,
            "amount": _share(row["amount"], gross, whole),
            "taxable_amount": _share(int(row["taxable_amount"] or 0), gross, whole),
        }
        for row in billed["taxes"]
    ]
    return _values(gross, given.get("description") or billed["description"], quantity, unit, discounts, taxes), None


def _custom(given: Mapping[str, Any], amount: Any, quantity: Any) -> tuple[dict[str, Any], str | None]:
    exact = given.get("unit_amount_decimal") or given.get("unit_amount")
    unit = Decimal(str(exact)) if exact not in (None, "") else None
    if amount is None and unit is None:
        return {}, NEITHER
    gross = int(amount) if amount is not None else rounded((unit or Decimal(0)) * int(quantity or 1))
    return _values(gross, given.get("description"), None if unit is None else int(quantity or 1), unit, [], []), None


def _values(
    gross: int, text: Any, quantity: Any, unit: Decimal | None, discounts: list[Any], taxes: list[Any]
) -> dict[str, Any]:
    return {
        "amount": gross,
        "description": text,
        "discount_amount": sum(row["amount"] for row in discounts),
        "discount_amounts": discounts,
        "pretax_credit_amounts": [{**row, "type": "discount"} for row in discounts],
        "quantity": quantity,
        "taxes": taxes,
        "unit_amount": int(unit) if unit is not None and unit == int(unit) else None,
        "unit_amount_decimal": f"{unit.normalize():f}" if unit is not None else None,
    }

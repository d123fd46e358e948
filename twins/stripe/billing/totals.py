"""What an invoice comes to: discounts, taxes, the customer's balance. Pure; imports nothing of the kit.

Sources: https://docs.stripe.com/api/invoices/object, https://docs.stripe.com/billing/invoices/overview (order: lines,
discounts, taxes, balance). Amounts are integers in the smallest unit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from twins.stripe.billing.pricing import rounded

Line = dict[str, Any]


class Off(NamedTuple):
    """One discount: the id of the discount and what its coupon takes off."""

    id: str
    percent: Decimal | None = None
    amount: int = 0
    products: tuple[str, ...] = ()
    """Products it applies to; empty means all."""


def off(id: str, coupon: Mapping[str, Any]) -> Off:
    """The discount that a coupon gives."""
    percent = coupon.get("percent_off")
    products = tuple((coupon.get("applies_to") or {}).get("products") or ())
    return Off(id, Decimal(str(percent)) if percent is not None else None, int(coupon.get("amount_off") or 0), products)


def _takes(line: Line, discount: Off) -> bool:
    if not line["discountable"] or line["amount"] <= 0:
        return False
    product = ((line.get("pricing") or {}).get("price_details") or {}).get("product")
    return not discount.products or product in discount.products


def discount_lines(lines: Sequence[Line], discounts: Sequence[Off], own: Sequence[Off] = ()) -> None:
    """Write `discount_amounts` into the lines: percentages line by line, amounts shared out by what is left of each.

    `own` are discounts of single lines (those that a line's `discounts` names); they come before the invoice's.
    """
    left = {id(line): int(line["amount"]) for line in lines}
    for line in lines:
        line["discount_amounts"] = []
        for each in own:
            if each.id in line.get("discounts", ()) and _takes(line, each):
                share = _shares([left[id(line)]], each)[0]
                left[id(line)] -= share
                line["discount_amounts"].append({"amount": share, "discount": each.id})
    for each in discounts:
        taken = [line for line in lines if _takes(line, each)]
        for line, share in zip(taken, _shares([left[id(line)] for line in taken], each), strict=True):
            left[id(line)] -= share
            line["discount_amounts"].append({"amount": share, "discount": each.id})
    for line in lines:
        line["pretax_credit_amounts"] = [
            *(
                {"amount": row["amount"], "discount": row["discount"], "type": "discount"}
                for row in line["discount_amounts"]
            ),
            *line.get(CREDITS, ()),
        ]


CREDITS = "_credits"
"""Where a line keeps what billing credits pay of it, as its `pretax_credit_amounts` show it."""


def credited(line: Mapping[str, Any]) -> int:
    """What billing credits pay of a line."""
    return sum(int(row["amount"]) for row in line.get(CREDITS) or ())


def _shares(rests: Sequence[int], discount: Off) -> list[int]:
    if discount.percent is not None:
        return [rounded(rest * discount.percent / 100) for rest in rests]
    whole = sum(rests)
    wanted = min(discount.amount, whole)
    shares = [wanted * rest // whole if whole else 0 for rest in rests]
    for place in range(wanted - sum(shares)):
        shares[place % len(shares)] += 1
    return shares


RATES = "_tax_rates"
"""Where a line keeps the ids of its own tax rates; names that begin with `_` are never shown."""


def tax_lines(lines: Sequence[Line], rates: Mapping[str, Mapping[str, Any]], default: Sequence[str]) -> None:
    """Write `taxes` into the lines: those of the line's own rates, else of the default ones; `rates` by id."""
    for line in lines:
        wanted = [rates[id] for id in line.get(RATES) or default if id in rates]
        base = int(line["amount"]) - sum(row["amount"] for row in line["discount_amounts"]) - credited(line)
        inclusive = sum((Decimal(str(rate["percentage"])) for rate in wanted if rate["inclusive"]), Decimal(0))
        net = Decimal(base) * 100 / (100 + inclusive)
        line["taxes"] = [_tax(rate, net) for rate in wanted]


def _tax(rate: Mapping[str, Any], net: Decimal) -> dict[str, Any]:
    return {
        "amount": rounded(net * Decimal(str(rate["percentage"])) / 100),
        "tax_behavior": "inclusive" if rate["inclusive"] else "exclusive",
        "tax_rate_details": {"tax_rate": rate["id"]},
        "taxability_reason": "not_available",
        "taxable_amount": rounded(net),
        "type": "tax_rate_details",
    }


def _summed(rows: Sequence[Mapping[str, Any]], key: Callable[[Mapping[str, Any]], str]) -> list[dict[str, Any]]:
    """Rows of the same discount or tax rate as one."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        name = key(row)
        if name not in found:
            found[name] = dict(row)
            continue
        for part in ("amount", "taxable_amount"):
            if part in row:
                found[name][part] += row[part]
    return list(found.values())


def settled(lines: Sequence[Line], starting_balance: int = 0) -> dict[str, Any]:
    """The sums of an invoice with these lines; a customer's credit (a negative balance) lowers what is due.

    Discounts of single lines are in the subtotal already, those of the invoice are not: /api/invoices/object.
    """
    discounts = [row for line in lines for row in line["discount_amounts"]]
    own = sum(
        row["amount"]
        for line in lines
        for row in line["discount_amounts"]
        if row["discount"] in line.get("discounts", ())
    )
    subtotal = sum(int(line["amount"]) for line in lines) - own
    taxes = [row for line in lines for row in line["taxes"]]
    off_all = sum(row["amount"] for row in discounts) - own
    exclusive = sum(row["amount"] for row in taxes if row["tax_behavior"] == "exclusive")
    inclusive = sum(row["amount"] for row in taxes if row["tax_behavior"] == "inclusive")
    credits = [dict(row) for line in lines for row in line.get(CREDITS) or ()]
    total = subtotal - off_all - sum(row["amount"] for row in credits) + exclusive
    due = max(total + starting_balance, 0)
    return {
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - inclusive,
        "total": total,
        "total_discount_amounts": _summed(discounts, lambda row: row["discount"]),
        "total_excluding_tax": total - exclusive - inclusive,
        "total_pretax_credit_amounts": [
            *({**row, "type": "discount"} for row in _summed(discounts, lambda row: row["discount"])),
            *credits,
        ],
        "total_taxes": _summed(taxes, lambda row: row["tax_rate_details"]["tax_rate"] + row["taxability_reason"]),
        "amount_due": due,
        "amount_remaining": due,
        "starting_balance": starting_balance,
    }


def ending_balance(total: int, starting_balance: int) -> int:
    """The customer's balance once an invoice has used it: what is left of a credit, what a negative total adds."""
    return min(total + starting_balance, 0)

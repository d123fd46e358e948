"""What a Checkout Session or payment link sells: its line items and what they come to.

Source: https://docs.stripe.com/api/checkout/sessions/line_items. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from twinkit import Ctx
from twins.stripe import errors, locating, lookup
from twins.stripe.billing import pricing, totals
from twins.stripe.handlers import assessing, catalogue, invoicing, manual_rates, recurring

ITEMS = "sold_items"
"""Store name of the line items of a session or link, by its id."""
RECURRING = (
    "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only "
    "one-time prices."
)
NONE_RECURRING = "You must provide at least one recurring price in `subscription` mode when using prices."


MOST = 999_999
"""The largest quantity that an adjustable item may allow."""


def _price(ctx: Ctx, given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The price that a line item names or describes. Raises 400."""
    data = given.get("price_data")
    if isinstance(data, Mapping):
        if isinstance(data.get("product_data"), Mapping):
            product = catalogue.make_product(ctx, data["product_data"])["id"]
        else:
            product = lookup.record(ctx, "product", data.get("product"), f"{where}[price_data][product]")["id"]
        return catalogue.make_price(ctx, data, product)
    if not given.get("price"):
        raise errors.missing(f"{where}[price]")
    price = lookup.record(ctx, "price", given["price"], f"{where}[price]")
    if not price["active"]:
        text = f"The price specified is inactive. This field only accepts active prices: {price['id']}."
        raise errors.invalid(text, f"{where}[price]")
    return price


def items(ctx: Ctx, given: Any, mode: str) -> list[dict[str, Any]]:
    """The line items as asked for, not stored yet. Raises 400 for prices that do not go with the mode."""
    rows = []
    for place, each in enumerate(given if isinstance(given, list) else ()):
        where = f"line_items[{place}]"
        price = _price(ctx, each, where)
        if each.get("quantity") is None and not recurring.metered(price):
            raise errors.invalid(f"Quantity is required. Add `quantity` to `{where}`.", f"{where}[quantity]")
        if int((each.get("adjustable_quantity") or {}).get("maximum") or 0) > MOST:
            raise errors.too_large(f"{where}[adjustable_quantity][maximum]", MOST)
        manual_rates.agree([(price, manual_rates.usable(ctx, each.get("tax_rates"), f"{where}[tax_rates]"))])
        rows.append(item(ctx, price, each))
    if mode == "payment" and any(row["price"]["recurring"] for row in rows):
        raise errors.invalid(RECURRING, "mode")
    if mode == "subscription" and not any(row["price"]["recurring"] for row in rows):
        raise errors.invalid(NONE_RECURRING, "mode")
    return rows


def optional(ctx: Ctx, given: Any, currency: str) -> list[dict[str, Any]]:
    """`optional_items` of a session or link: what the buyer may add. Raises 400."""
    found = []
    for place, each in enumerate(given or ()):
        where = f"optional_items[{place}]"
        price = _price(ctx, each, where)
        if price["currency"] != currency:
            text = (
                f"The price specified only supports `{price['currency']}`. This doesn't match the expected currency: "
            )
            raise errors.invalid(f"{text}`{currency}`.", f"{where}[price]")
        adjusts = each.get("adjustable_quantity")
        range = {"enabled": False, "maximum": None, "minimum": None, **adjusts} if adjusts else None
        found.append({"adjustable_quantity": range, "price": price["id"], "quantity": int(each["quantity"])})
    return found


def item(ctx: Ctx, price: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    quantity = int(given.get("quantity") or 0)
    hidden = ctx.store.find(catalogue.HIDDEN, price["id"]) or {}
    amount = pricing.amount(price, quantity, hidden.get("tiers") or ())
    return {
        "id": ctx.new_id("item"),
        "object": "item",
        "adjustable_quantity": given.get("adjustable_quantity"),
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": recurring.product_of(ctx, price)["name"],
        "metadata": lookup.metadata({}, given.get("metadata")),
        "price": price,
        "quantity": quantity if given.get("quantity") is not None else None,
        totals.RATES: [str(id) for id in given.get("tax_rates") or ()],
    }


class Terms(NamedTuple):
    """What a sale is under: discounts, default tax rates, or automatic tax for a buyer; the shipping rate chosen."""

    discounts: Sequence[str] = ()
    rates: Sequence[Any] = ()
    tax: Mapping[str, Any] = {}
    buyer: assessing.Buyer | None = None
    shipping: Mapping[str, Any] | None = None


SHIPPING_CODE = "txcd_92010001"


def _lines(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Items as lines of an invoice, for what they come to."""
    return [
        {
            "amount": row["amount_subtotal"],
            "currency": row["currency"],
            "discountable": True,
            "pricing": {"price_details": {"price": row["price"]["id"], "product": row["price"]["product"]}},
            totals.RATES: row[totals.RATES],
        }
        for row in rows
    ]


def shipped(ctx: Ctx, terms: Terms) -> tuple[int, int, int]:
    """(amount, tax, tax that is added) of the shipping rate of a sale: https://docs.stripe.com/tax/checkout."""
    rate = terms.shipping
    if rate is None:
        return 0, 0, 0
    fixed = rate.get("fixed_amount") or {}
    amount = int(fixed.get("amount") or 0)
    if not terms.tax.get("enabled") or terms.buyer is None:
        return amount, 0, 0
    inside = locating.inside(ctx, rate["tax_behavior"], str(fixed.get("currency")))
    code = rate.get("tax_code") or SHIPPING_CODE
    with assessing.liable(ctx, terms.tax) as (registered, country):
        tax = assessing.taxed(terms.buyer, registered, country, amount, inside=inside, code=str(code)).tax
    return amount, tax, 0 if inside else tax


def summed(ctx: Ctx, rows: list[dict[str, Any]], terms: Terms) -> dict[str, Any]:
    """`amount_subtotal`, `amount_total`, `total_details` and, with automatic tax, its status; of items under terms.

    Writes their parts into the items.
    """
    lines = _lines(rows)
    wanted = {
        "automatic_tax": terms.tax or {"enabled": False},
        "default_tax_rates": [{"id": id} for id in terms.rates],
        "discounts": terms.discounts,
    }
    found = invoicing.sums(ctx, wanted, lines, terms.buyer)
    shipping, shipping_tax, added_tax = shipped(ctx, terms)
    for row, line in zip(rows, lines, strict=True):
        off = sum(each["amount"] for each in line["discount_amounts"])
        tax = sum(each["amount"] for each in line["taxes"])
        added = sum(each["amount"] for each in line["taxes"] if each["tax_behavior"] == "exclusive")
        row |= {"amount_discount": off, "amount_tax": tax}
        row["amount_total"] = row["amount_subtotal"] - off + added
    sums: dict[str, Any] = {
        "amount_subtotal": found["subtotal"],
        "amount_total": found["total"] + shipping + added_tax,
        "total_details": {
            "amount_discount": sum(row["amount_discount"] for row in rows),
            "amount_shipping": shipping,
            "amount_tax": sum(row["amount_tax"] for row in rows) + shipping_tax,
        },
    }
    return {**sums, "automatic_tax": found["automatic_tax"]} if terms.tax.get("enabled") else sums


def keep(ctx: Ctx, owner: str, rows: list[dict[str, Any]]) -> None:
    """Keep the line items of a session or link."""
    if ctx.store.find(ITEMS, owner) is None:
        ctx.store.insert(ITEMS, {"items": rows}, id=owner)
    else:
        ctx.store.replace(ITEMS, owner, {"items": rows})


def kept(ctx: Ctx, owner: str) -> list[dict[str, Any]]:
    """The line items of a session or link, with what is not shown."""
    found = ctx.store.find(ITEMS, owner)
    return list(found["items"]) if found else []

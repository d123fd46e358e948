"""What recurs: the items of subscriptions, their prices, what they cost for a period.

Source: https://docs.stripe.com/api/subscription_items. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from twinkit import Ctx, Filter
from twins.stripe import errors, listing, lookup
from twins.stripe.billing import pricing
from twins.stripe.handlers import assessing, catalogue, discounting, invoice_items, metering


def price_of(ctx: Ctx, given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The recurring price that an item names or describes. Raises 400."""
    data = given.get("price_data")
    if isinstance(data, Mapping):
        product = lookup.record(ctx, "product", data.get("product"), f"{where}[price_data][product]")
        return catalogue.make_price(ctx, data, product["id"])
    if not given.get("price"):
        raise errors.missing(f"{where}[price]")
    price = lookup.record(ctx, "price", given["price"], f"{where}[price]")
    if price.get("recurring") is None and not ctx.options.get("materialise"):
        text = (
            f"The price specified is set to `type=one_time` but this field only accepts prices with "
            f"`type=recurring`: {price['id']}."
        )
        raise errors.invalid(text, f"{where}[price]")
    if not price["active"] and not ctx.options.get("materialise"):
        raise errors.invalid(
            "The price specified is inactive. This field only accepts active prices.", f"{where}[price]"
        )
    return price


def rule_of(price: Mapping[str, Any]) -> tuple[str, int]:
    """(interval, count) of a recurring price."""
    rule = price.get("recurring") or {}
    return str(rule.get("interval") or "month"), int(rule.get("interval_count") or 1)


def metered(price: Mapping[str, Any]) -> bool:
    """Whether a price bills what was used."""
    return (price.get("recurring") or {}).get("usage_type") == "metered"


def new_item(
    ctx: Ctx,
    subscription: Mapping[str, Any],
    price: dict[str, Any],
    given: Mapping[str, Any],
    period: tuple[int, int],
    at: int,
) -> dict[str, Any]:
    """Keep a new item of a subscription."""
    record: dict[str, Any] = {
        "id": ctx.new_id("subscription_item"),
        "object": "subscription_item",
        "billing_thresholds": item_threshold(given.get("billing_thresholds"), price, "billing_thresholds"),
        "created": at,
        "current_period_end": period[1],
        "current_period_start": period[0],
        "current_trial": None,
        "discounts": [],
        "metadata": lookup.metadata({}, given.get("metadata")),
        "plan": pricing.plan_of(price),
        "price": price,
        "subscription": subscription["id"],
        "tax_rates": invoice_items.tax_rates(ctx, given.get("tax_rates"), "tax_rates"),
    }
    if not metered(price):
        quantity = given.get("quantity")
        record["quantity"] = 1 if quantity is None else int(quantity)
    if given.get("discounts"):
        customer = ctx.store.get("customer", str(subscription["customer"]))
        record["discounts"] = discounting.make(ctx, given["discounts"], customer, at, subscription_item=record["id"])
    record = lookup.ordered(record)
    ctx.store.insert("subscription_item", record, created=ctx.micros)
    return record


def items_of(ctx: Ctx, subscription: str) -> list[dict[str, Any]]:
    """The items of a subscription, oldest first."""
    return list(ctx.store.select("subscription_item", [Filter("subscription", "=", subscription)]))[::-1]


def show_items(ctx: Ctx, subscription: dict[str, Any]) -> dict[str, Any]:
    """The subscription with its items as they are now, not stored yet."""
    rows = items_of(ctx, subscription["id"])
    url = f"/v1/subscription_items?subscription={subscription['id']}"
    single = rows[0] if len(rows) == 1 else None
    return {
        **subscription,
        "items": listing.counted(rows, url),
        "plan": single["plan"] if single else None,
        "quantity": single.get("quantity") if single else None,
    }


def product_of(ctx: Ctx, price: Mapping[str, Any]) -> dict[str, Any]:
    """The product of a price, with a name even when it is gone."""
    return ctx.store.find("product", str(price["product"])) or {"name": str(price["product"])}


def tiers_of(ctx: Ctx, price: Mapping[str, Any]) -> list[Any]:
    """The tiers of a price, none where it has none."""
    return list((ctx.store.find(catalogue.HIDDEN, str(price["id"])) or {}).get("tiers") or ())


def parts(ctx: Ctx, item: Mapping[str, Any], currency: str = "") -> list[pricing.Part]:
    """What a licensed item costs for a whole period, line by line; in the currency of its price, or another."""
    price = local(ctx, item["price"], currency)
    return pricing.parts(price, int(item.get("quantity") or 0), tiers_of(ctx, price))


def whole(ctx: Ctx, item: Mapping[str, Any], currency: str = "") -> int:
    """What an item costs for a whole period."""
    return sum(part.amount for part in parts(ctx, item, currency))


def local(ctx: Ctx, price: dict[str, Any], currency: str) -> dict[str, Any]:
    """A price in a currency, its own or one of its `currency_options`.

    https://docs.stripe.com/products-prices/pricing-models#multicurrency
    """
    if currency in ("", price["currency"]):
        return price
    options = (ctx.store.find(catalogue.HIDDEN, str(price["id"])) or {}).get("currency_options") or {}
    option = options.get(currency)
    if option is None:
        return price
    return {**price, "currency": currency, **{name: option[name] for name in ("unit_amount", "unit_amount_decimal")}}


def check_currency(ctx: Ctx, price: dict[str, Any], currency: str, param: str) -> None:
    """Raise 400 for a price that a subscription in this currency cannot have."""
    if local(ctx, price, currency)["currency"] != currency and not ctx.options.get("materialise"):
        text = f"The price specified only supports `{price['currency']}`. This doesn't match the expected currency: "
        raise errors.invalid(f"{text}`{currency}`.", param)


def used(ctx: Ctx, item: Mapping[str, Any], customer: str, period: tuple[int, int]) -> Decimal:
    """What a customer used of a metered item in a period; what was reported at an earlier price does not count."""
    after = int((ctx.store.find(SINCE, str(item["id"])) or {}).get("number") or 0)
    return metering.used(ctx, str(item["price"]["recurring"].get("meter")), customer, *period, after)


def used_parts(ctx: Ctx, item: Mapping[str, Any], customer: str, period: tuple[int, int]) -> list[pricing.Part]:
    """What the usage of a metered item in a period costs, line by line."""
    quantity, tiers = used(ctx, item, customer, period), tiers_of(ctx, item["price"])
    parts, before = pricing.parts(item["price"], quantity, tiers), billed(ctx, item, period[0])
    if not before:
        return parts
    return pricing.rest(item["price"], parts, pricing.parts(item["price"], before, tiers))


BILLED = "usage_billed"
"""Store name of what of a metered item's period was billed before the period ended."""


def billed(ctx: Ctx, item: Mapping[str, Any], start: int) -> Decimal:
    """How much of an item was billed of the period that began at `start`, by a threshold."""
    kept = ctx.store.find(BILLED, str(item["id"]))
    return Decimal(kept["quantity"]) if kept and kept["start"] == start else Decimal(0)


def bills(ctx: Ctx, item: str, start: int, quantity: Decimal) -> None:
    """Note that this much of an item's period is billed."""
    kept = {"start": start, "quantity": str(quantity)}
    if ctx.store.find(BILLED, item) is None:
        ctx.store.insert(BILLED, kept, id=item)
    else:
        ctx.store.replace(BILLED, item, kept)


def item_threshold(given: Any, price: Mapping[str, Any], param: str) -> dict[str, Any] | None:
    """`billing_thresholds` of an item. Raises 400 for an item that bills no usage."""
    if not given:
        return None
    if not metered(price):
        raise errors.invalid("Usage thresholds can only be set for metered prices.", param)
    return {"usage_gte": int(given["usage_gte"])}


LEAST = 50


def threshold(given: Any, current: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
    """`billing_thresholds` of a subscription or phase. Raises 400 for an amount that is too small."""
    if not given:
        return None
    found = {"amount_gte": None, "reset_billing_cycle_anchor": None, **(current or {}), **given}
    if found["amount_gte"] is not None and int(found["amount_gte"]) < LEAST:
        raise errors.invalid(f"`amount_gte` must be at least {LEAST}.", "billing_thresholds[amount_gte]")
    return found


SINCE = "usage_since"
"""Store name of the last event reported before a metered item got its price, where that was within a period."""


def priced_anew(ctx: Ctx, item: str) -> None:
    """Let only usage reported from now on count for an item's price."""
    number = {"number": metering.newest(ctx)}
    if ctx.store.find(SINCE, item) is None:
        ctx.store.insert(SINCE, number, id=item)
    else:
        ctx.store.replace(SINCE, item, number)


def automatic_tax(ctx: Ctx, given: Any, current: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`automatic_tax` of a subscription or a phase: switched on or off. Raises 400."""
    return {"disabled_reason": None, **assessing.switched(ctx, given, current)}

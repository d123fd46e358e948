"""Discounts: coupons and promotion codes given to a customer, a subscription, an invoice.

Source: https://docs.stripe.com/api/discounts. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter
from twins.stripe import errors, lookup
from twins.stripe.billing import periods

_REFUSED = "This promotion code cannot be redeemed because"
PRIOR = f"{_REFUSED} the associated customer has prior transactions."
TOO_LITTLE = f"{_REFUSED} the associated purchase does not meet the minimum amount requirement."
OTHERS = f"{_REFUSED} it belongs to another customer."


def _check_code(
    ctx: Ctx, code: Mapping[str, Any], customer: Mapping[str, Any], at: int, param: str, amount: int | None
) -> None:
    """Raise 400 for a code that is over or used up, or not for this customer or purchase.

    https://docs.stripe.com/billing/subscriptions/coupons#promotion-codes
    """
    over = code["expires_at"] is not None and code["expires_at"] <= at
    used_up = code["max_redemptions"] is not None and code["times_redeemed"] >= code["max_redemptions"]
    if not code["active"] or over or used_up:
        raise errors.invalid("This promotion code is not active.", param)
    limits = code["restrictions"]
    if code["customer"] not in (None, customer["id"]):
        raise errors.invalid(OTHERS, param)
    if limits["first_time_transaction"] and _bought(ctx, str(customer["id"])):
        raise errors.invalid(PRIOR, param, "promotion_code_customer_not_first_time")
    least = limits["minimum_amount"]
    if least is not None and amount is not None and amount < least:
        raise errors.invalid(TOO_LITTLE, param)


def _bought(ctx: Ctx, customer: str) -> bool:
    """Whether a customer has paid for anything before."""
    paid = [Filter("customer", "=", customer), Filter("paid", "=", True)]
    settled = [Filter("customer", "=", customer), Filter("status", "=", "paid"), Filter("amount_paid", ">", 0)]
    return bool(ctx.store.list("charge", paid, limit=1).ids or ctx.store.list("invoice", settled, limit=1).ids)


def _coupon(
    ctx: Ctx, given: Mapping[str, Any], where: str, at: int, customer: Mapping[str, Any], amount: int | None
) -> tuple[dict[str, Any], str | None]:
    """(coupon, promotion code id) that one entry of `discounts` names. Raises 400 when it cannot be redeemed."""
    code = None
    if given.get("promotion_code"):
        code = lookup.record(ctx, "promotion_code", given["promotion_code"], f"{where}[promotion_code]")
        _check_code(ctx, code, customer, at, f"{where}[promotion_code]", amount)
        coupon = ctx.store.get("coupon", code["promotion"]["coupon"])
    else:
        coupon = lookup.record(ctx, "coupon", given.get("coupon"), f"{where}[coupon]")
    ended = coupon["redeem_by"] is not None and coupon["redeem_by"] < at
    used_up = coupon["max_redemptions"] is not None and coupon["times_redeemed"] >= coupon["max_redemptions"]
    if ended or used_up or not coupon["valid"]:
        raise errors.invalid(f"Coupon expired: {coupon['id']}", f"{where}[coupon]", "coupon_expired")
    return coupon, code["id"] if code else None


def make(
    ctx: Ctx,
    given: Any,
    customer: Mapping[str, Any],
    at: int,
    *,
    invoice: str | None = None,
    subscription: str | None = None,
    item: str | None = None,
    subscription_item: str | None = None,
    amount: int | None = None,
) -> list[str]:
    """Redeem what `discounts` names for an invoice, a subscription or an invoice item; the ids of the new discounts.

    Existing discounts stay as they are. `amount` is what is bought, before discounts, where that is known.
    """
    found = []
    for place, each in enumerate(given if isinstance(given, list) else ()):
        where = f"discounts[{place}]"
        if each.get("discount"):
            found.append(lookup.record(ctx, "discount", each["discount"], f"{where}[discount]")["id"])
            continue
        coupon, code = _coupon(ctx, each, where, at, customer, amount)
        owners = {"invoice": invoice, "invoice_item": item, "subscription": subscription}
        owners["subscription_item"] = subscription_item
        found.append(_record(ctx, coupon, code, customer, at, owners)["id"])
    return found


def _record(
    ctx: Ctx,
    coupon: Mapping[str, Any],
    code: str | None,
    customer: Mapping[str, Any],
    at: int,
    owners: Mapping[str, str | None],
) -> dict[str, Any]:
    months = coupon["duration_in_months"] if coupon["duration"] == "repeating" else None
    record = {
        "id": ctx.new_id("discount"),
        "object": "discount",
        "checkout_session": None,
        "customer": customer["id"],
        "customer_account": None,
        "end": periods.add_months(at, int(months)) if months else None,
        "invoice": owners["invoice"],
        "invoice_item": owners["invoice_item"],
        "promotion_code": code,
        "source": {"coupon": coupon["id"], "type": "coupon"},
        "start": at,
        "subscription": owners["subscription"],
        "subscription_item": owners["subscription_item"],
    }
    ctx.store.insert("discount", record, created=ctx.micros)
    redeemed = coupon["times_redeemed"] + 1
    left = coupon["max_redemptions"] is None or redeemed < coupon["max_redemptions"]
    ctx.store.update("coupon", str(coupon["id"]), times_redeemed=redeemed, valid=left)
    if code:
        kept = ctx.store.get("promotion_code", code)
        times, most = kept["times_redeemed"] + 1, kept["max_redemptions"]
        ctx.store.update("promotion_code", code, times_redeemed=times, active=most is None or times < most)
    ctx.emit("customer.discount.created", record)
    return record


def running(ctx: Ctx, ids: list[str], at: int) -> list[str]:
    """The discounts of a subscription that still count at a time."""
    found = []
    for id in ids:
        discount = ctx.store.find("discount", id)
        if discount is not None and (discount["end"] is None or discount["end"] > at):
            found.append(id)
    return found


def lasts(ctx: Ctx, id: str) -> bool:
    """Whether a discount is for more than one invoice."""
    discount = ctx.store.get("discount", id)
    coupon = ctx.store.find("coupon", discount["source"]["coupon"])
    return bool(coupon) and coupon["duration"] != "once"  # type: ignore[index]


def end_all(ctx: Ctx, where: list[Filter]) -> None:
    """Forget discounts, telling of each."""
    for discount in list(ctx.store.select("discount", where)):
        ctx.delete("discount", discount["id"], event="customer.discount.deleted")

"""Discounts: coupons and promotion codes given to a customer, a subscription, an invoice.

Source: https://docs.stripe.com/api/discounts. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter
from twins.stripe import errors, lookup
from twins.stripe.billing import periods


def _coupon(ctx: Ctx, given: Mapping[str, Any], where: str, at: int) -> tuple[dict[str, Any], str | None]:
    """(coupon, promotion code id) that one entry of `discounts` names. Raises 400 when it cannot be redeemed."""
    code = None
    if given.get("promotion_code"):
        code = lookup.record(ctx, "promotion_code", given["promotion_code"], f"{where}[promotion_code]")
        if not code["active"]:
            raise errors.invalid("This promotion code is not active.", f"{where}[promotion_code]")
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
) -> list[str]:
    """Redeem what `discounts` names; the ids of the new discounts. Existing discounts stay as they are."""
    found = []
    for place, each in enumerate(given if isinstance(given, list) else ()):
        where = f"discounts[{place}]"
        if each.get("discount"):
            found.append(lookup.record(ctx, "discount", each["discount"], f"{where}[discount]")["id"])
            continue
        coupon, code = _coupon(ctx, each, where, at)
        found.append(_record(ctx, coupon, code, customer, at, invoice, subscription)["id"])
    return found


def _record(
    ctx: Ctx,
    coupon: Mapping[str, Any],
    code: str | None,
    customer: Mapping[str, Any],
    at: int,
    invoice: str | None,
    subscription: str | None,
) -> dict[str, Any]:
    months = coupon["duration_in_months"] if coupon["duration"] == "repeating" else None
    record = {
        "id": ctx.new_id("discount"),
        "object": "discount",
        "checkout_session": None,
        "customer": customer["id"],
        "customer_account": None,
        "end": periods.add_months(at, int(months)) if months else None,
        "invoice": invoice,
        "invoice_item": None,
        "promotion_code": code,
        "source": {"coupon": coupon["id"], "type": "coupon"},
        "start": at,
        "subscription": subscription,
        "subscription_item": None,
    }
    ctx.store.insert("discount", record, created=ctx.micros)
    redeemed = coupon["times_redeemed"] + 1
    left = coupon["max_redemptions"] is None or redeemed < coupon["max_redemptions"]
    ctx.store.update("coupon", str(coupon["id"]), times_redeemed=redeemed, valid=left)
    if code:
        ctx.store.update(
            "promotion_code", code, times_redeemed=ctx.store.get("promotion_code", code)["times_redeemed"] + 1
        )
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

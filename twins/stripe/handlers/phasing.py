"""What the phases of a schedule say, read from a request or from a subscription, and what they ask of a subscription.

Source: https://docs.stripe.com/api/subscription_schedules/object. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twinkit import Ctx
from twins.stripe import errors, lookup
from twins.stripe.billing import phases
from twins.stripe.handlers import charges, invoice_items, manual_rates, payment_methods, recurring

PLAIN = ("application_fee_percent", "collection_method", "description", "on_behalf_of", "transfer_data")
NO_TAX: Mapping[str, Any] = {"disabled_reason": None, "enabled": False, "liability": None}


def defaults(ctx: Ctx, given: Any, current: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`default_settings` of a schedule, changed where they are given."""
    params: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    base: dict[str, Any] = {
        "application_fee_percent": None,
        "automatic_tax": dict(NO_TAX),
        "billing_cycle_anchor": "automatic",
        "billing_thresholds": None,
        "collection_method": "charge_automatically",
        "default_payment_method": None,
        "description": None,
        "invoice_settings": {
            "account_tax_ids": None, "custom_fields": None, "days_until_due": None, "description": None,
            "footer": None, "issuer": {"type": "self"},
        },
        "on_behalf_of": None,
        "transfer_data": None,
        **(current or {}),
    }  # fmt: skip
    base |= lookup.given(params, *PLAIN, "billing_cycle_anchor")
    if isinstance(params.get("automatic_tax"), Mapping):
        base["automatic_tax"] = recurring.automatic_tax(ctx, params["automatic_tax"])
    if "billing_thresholds" in params:
        base["billing_thresholds"] = recurring.threshold(params["billing_thresholds"], base["billing_thresholds"])
    if params.get("default_payment_method"):
        found = payment_methods.resolve(
            ctx, params["default_payment_method"], "default_settings[default_payment_method]"
        )
        base["default_payment_method"] = found["id"]
    if isinstance(params.get("invoice_settings"), Mapping):
        base["invoice_settings"] = {**base["invoice_settings"], **params["invoice_settings"]}
    return base


def _discounts(ctx: Ctx, given: Any, where: str) -> list[dict[str, Any]]:
    rows = []
    for place, each in enumerate(given or ()):
        for name in ("coupon", "promotion_code", "discount"):
            if each.get(name):
                lookup.record(ctx, name, each[name], f"{where}[discounts][{place}][{name}]")
        rows.append({name: each.get(name) for name in ("coupon", "discount", "promotion_code")})
    return rows


def _items(ctx: Ctx, given: Any, where: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(items, their prices) of a phase. Raises 400."""
    if not given:
        raise errors.missing(f"{where}[items]")
    rows, prices = [], []
    for place, each in enumerate(given):
        here = f"{where}[items][{place}]"
        price = recurring.price_of(ctx, each, here)
        prices.append(price)
        row = {
            "billing_thresholds": recurring.item_threshold(
                each.get("billing_thresholds"), price, f"{here}[billing_thresholds]"
            ),
            "discounts": _discounts(ctx, each.get("discounts"), here),
            "metadata": lookup.metadata({}, each.get("metadata")),
            "price": price["id"],
            "tax_rates": invoice_items.tax_rates(ctx, each.get("tax_rates") or (), f"{here}[tax_rates]"),
        }
        if not recurring.metered(price):
            row["quantity"] = 1 if each.get("quantity") is None else int(each["quantity"])
        rows.append(row)
    return rows, prices


def _extras(ctx: Ctx, given: Any, where: str, currency: str) -> list[dict[str, Any]]:
    rows = []
    for place, each in enumerate(given or ()):
        here = f"{where}[add_invoice_items][{place}]"
        asked = {**each, **({"pricing": {"price": each["price"]}} if each.get("price") else {})}
        _, price, _ = invoice_items.priced(ctx, asked, currency, here)
        period = {"end": {"type": "min_item_period_end"}, "start": {"type": "max_item_period_start"}}
        rows.append(
            {
                "discountable": each.get("discountable"),
                "discounts": _discounts(ctx, each.get("discounts"), here),
                "metadata": lookup.metadata({}, each.get("metadata")),
                "period": each.get("period") or period,
                "price": price["price_details"]["price"],
                "quantity": each.get("quantity") or 1,
                "tax_rates": invoice_items.tax_rates(ctx, each.get("tax_rates") or (), f"{here}[tax_rates]"),
            }
        )
    return rows


def read(ctx: Ctx, given: Any, start: int | None, now: int) -> list[dict[str, Any]]:
    """The phases that a request describes, each in its place. Raises 400."""
    if not isinstance(given, list) or not given:
        raise errors.invalid(phases.NO_PHASES, "phases", "parameter_missing")
    made, rules = [], []
    for place, each in enumerate(given):
        where = f"phases[{place}]"
        if each.get("end_date") not in (None, "") and each.get("duration"):
            raise errors.exclusive(f"{where}[duration]", f"{where}[end_date]")
        rows, prices = _items(ctx, each.get("items"), where)
        rules.append(recurring.rule_of(prices[0]))
        phase = _phase(ctx, each, rows, charges.check_currency(each.get("currency") or prices[0]["currency"]), where)
        default = phase["default_tax_rates"]
        manual_rates.agree((price, row["tax_rates"] or default) for price, row in zip(prices, rows, strict=True))
        made.append(phase)
    try:
        places = phases.placed(given, rules, start, now)
    except ValueError as error:
        raise errors.invalid(str(error), "phases") from None
    for phase, each, (begins, ends) in zip(made, given, places, strict=True):
        phase |= {"start_date": begins, "end_date": ends}
        wanted = each.get("trial_end")
        if each.get("trial"):
            phase["trial_end"] = ends
        elif wanted not in (None, ""):
            phase["trial_end"] = now if wanted == "now" else int(str(wanted))
    return made


def _phase(ctx: Ctx, given: Mapping[str, Any], rows: list[dict[str, Any]], currency: str, where: str) -> dict[str, Any]:
    record = {
        "add_invoice_items": _extras(ctx, given.get("add_invoice_items"), where, currency),
        **dict.fromkeys(PLAIN),
        **lookup.given(given, *PLAIN),
        "automatic_tax": recurring.automatic_tax(ctx, given.get("automatic_tax")),
        "billing_cycle_anchor": given.get("billing_cycle_anchor"),
        "billing_thresholds": recurring.threshold(given.get("billing_thresholds")),
        "currency": currency,
        "default_payment_method": None,
        "default_tax_rates": invoice_items.tax_rates(
            ctx, given.get("default_tax_rates") or (), f"{where}[default_tax_rates]"
        ),
        "discounts": _discounts(ctx, given.get("discounts"), where),
        "end_date": 0,
        "invoice_settings": given.get("invoice_settings"),
        "items": rows,
        "metadata": lookup.metadata({}, given.get("metadata")),
        "proration_behavior": given.get("proration_behavior") or "create_prorations",
        "start_date": 0,
        "trial_end": None,
    }
    if given.get("default_payment_method"):
        found = payment_methods.resolve(ctx, given["default_payment_method"], f"{where}[default_payment_method]")
        record["default_payment_method"] = found["id"]
    return record


def of_subscription(ctx: Ctx, subscription: Mapping[str, Any]) -> dict[str, Any]:
    """The one phase of a schedule made from a subscription: its current period as it is."""
    rows = recurring.items_of(ctx, str(subscription["id"]))
    items = []
    for row in rows:
        item = {
            "billing_thresholds": row["billing_thresholds"], "discounts": [], "metadata": dict(row["metadata"]),
            "price": row["price"]["id"], "tax_rates": list(row["tax_rates"]),
        }  # fmt: skip
        if "quantity" in row:
            item["quantity"] = row["quantity"]
        items.append(item)
    return {
        "add_invoice_items": [],
        **{name: subscription[name] for name in PLAIN},
        "automatic_tax": dict(subscription["automatic_tax"]),
        "billing_cycle_anchor": None,
        "billing_thresholds": subscription["billing_thresholds"],
        "currency": subscription["currency"],
        "default_payment_method": subscription["default_payment_method"],
        "default_tax_rates": list(subscription["default_tax_rates"] or ()),
        "discounts": [{"coupon": None, "discount": id, "promotion_code": None} for id in subscription["discounts"]],
        "end_date": max(row["current_period_end"] for row in rows),
        "invoice_settings": None,
        "items": items,
        "metadata": dict(subscription["metadata"]),
        "proration_behavior": "create_prorations",
        "start_date": min(row["current_period_start"] for row in rows),
        "trial_end": subscription["trial_end"],
    }


def asked(schedule: Mapping[str, Any], phase: Mapping[str, Any], keep: Sequence[str] = ()) -> dict[str, Any]:
    """What a phase asks of its subscription, in the words of an update; the schedule's defaults fill the gaps."""
    settings = schedule["default_settings"]
    due = (phase["invoice_settings"] or {}).get("days_until_due") or settings["invoice_settings"]["days_until_due"]
    method = phase["collection_method"] or settings["collection_method"]
    wanted = {
        **{name: phase[name] if phase[name] is not None else settings.get(name) for name in PLAIN},
        "add_invoice_items": [
            {"price": row["price"], "quantity": row["quantity"]} for row in phase["add_invoice_items"]
        ],
        "automatic_tax": phase["automatic_tax"] if phase["automatic_tax"]["enabled"] else settings["automatic_tax"],
        "billing_thresholds": phase["billing_thresholds"] or settings["billing_thresholds"],
        "collection_method": method,
        "days_until_due": due if method == "send_invoice" else None,
        "default_payment_method": phase["default_payment_method"] or settings["default_payment_method"],
        "default_tax_rates": [rate["id"] for rate in phase["default_tax_rates"] or ()],
        "discounts": [{name: id for name, id in row.items() if id} for row in phase["discounts"]],
        "metadata": phase["metadata"],
    }
    return {name: value for name, value in wanted.items() if value is not None and name not in keep}


def item_changes(ctx: Ctx, subscription: str, phase: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The `items` of an update that make a subscription's items those of a phase: same price stays, others are
    exchanged in order, the rest comes or goes."""
    rows = recurring.items_of(ctx, subscription)
    wanted = list(phase["items"])
    changes: list[dict[str, Any]] = []
    for row in list(rows):
        same = next((each for each in wanted if each["price"] == row["price"]["id"]), None)
        if same is not None:
            rows.remove(row)
            wanted.remove(same)
            if same.get("quantity") != row.get("quantity"):
                changes.append({"id": row["id"], "quantity": same.get("quantity")})
    for row, each in zip(list(rows), list(wanted), strict=False):
        rows.remove(row)
        wanted.remove(each)
        changes.append({"id": row["id"], "price": each["price"], **_counted(each)})
    changes += [{"id": row["id"], "deleted": True} for row in rows]
    changes += [{"price": each["price"], "metadata": each["metadata"], **_counted(each)} for each in wanted]
    return changes


def _counted(item: Mapping[str, Any]) -> dict[str, Any]:
    rates = {"tax_rates": [rate["id"] for rate in item["tax_rates"]]} if item["tax_rates"] else {}
    limit = {"billing_thresholds": item["billing_thresholds"]} if item["billing_thresholds"] else {}
    return {**rates, **limit, **({"quantity": item["quantity"]} if item.get("quantity") is not None else {})}

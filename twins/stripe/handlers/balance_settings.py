"""When an account's money becomes available and is paid out: settings, and the payouts that follow from them.

Sources: https://docs.stripe.com/api/balance-settings, /payouts#payout-schedule. The words of what is refused are the
twin's. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from twinkit import Ctx, Request
from twins.stripe import accounts, errors, lookup, twin
from twins.stripe.billing import periods
from twins.stripe.handlers import balances, payouts

SETTINGS = balances.SETTINGS
DAYS: Mapping[str, str] = {"monthly": "monthly_payout_days", "weekly": "weekly_payout_days"}
"""Interval → the parameter that says on which days."""
LAST = 31
NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PAID = "automatic_payout_day"
"""Store name of the days whose balance was looked at."""


@twin.handler("GetBalanceSettings")
@lookup.modelled
def retrieve(ctx: Ctx, _request: Request) -> dict[str, Any]:
    """The settings as they are."""
    return balances.settings(ctx)


@twin.handler("PostBalanceSettings")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change them; parts that are not named stay."""
    params, before = (request.body or {}).get("payments") or {}, balances.settings(ctx)
    payments = dict(before["payments"])
    if "debit_negative_balances" in params:
        payments["debit_negative_balances"] = params["debit_negative_balances"]
    if isinstance(params.get("payouts"), Mapping):
        payments["payouts"] = _payouts(payments["payouts"], params["payouts"])
    if isinstance(params.get("settlement_timing"), Mapping):
        payments["settlement_timing"] = _timing(payments["settlement_timing"], params["settlement_timing"])
    changed = {**before, "payments": payments}
    if ctx.store.find(SETTINGS, SETTINGS) is None:
        ctx.store.insert(SETTINGS, changed, id=SETTINGS, created=ctx.micros)
    else:
        ctx.store.replace(SETTINGS, SETTINGS, changed)
    if changed["payments"]["payouts"]["schedule"]["interval"] != "manual":
        _plan(ctx)
    if changed != before:
        ctx.emit("balance_settings.updated", changed, previous={"payments": before["payments"]})
    return changed


# automatic payouts ---------------------------------------------------------------------------------------------------


def _plan(ctx: Ctx) -> None:
    """Look at the balance again at the next midnight, UTC."""
    at = ctx.now - ctx.now % periods.DAY + periods.DAY
    ctx.schedule("automatic_payout", {"at": at}, at=at)


@accounts.timer("automatic_payout")
def pay_out(ctx: Ctx, data: dict[str, Any]) -> None:
    """A day begins: what is available is paid out where the schedule has it, but for what the account is to keep."""
    payouts_ = balances.settings(ctx)["payments"]["payouts"]
    if payouts_["schedule"]["interval"] == "manual" or ctx.store.find(PAID, str(data["at"])) is not None:
        return
    ctx.store.insert(PAID, {}, id=str(data["at"]))
    if _due(payouts_["schedule"], datetime.fromtimestamp(int(data["at"]), UTC)):
        kept = payouts_["minimum_balance_by_currency"] or {}
        for row in balances.balance(ctx)["available"]:
            amount = balances.available(ctx, row["currency"], None) - int(kept.get(row["currency"]) or 0)
            if amount > 0:
                text = payouts_["statement_descriptor"]
                asked = {"amount": amount, "currency": row["currency"], "statement_descriptor": text}
                payouts.make(ctx, asked, automatic=True)
    _plan(ctx)


def _due(schedule: Mapping[str, Any], day: datetime) -> bool:
    """Whether a schedule pays out on a day; days that a month does not have fall on its last."""
    if schedule["interval"] == "daily":
        return True
    if schedule["interval"] == "weekly":
        return NAMES[day.weekday()] in schedule[DAYS["weekly"]]
    last = (day + timedelta(days=1)).month != day.month
    return any(int(each) == day.day or (last and int(each) > day.day) for each in schedule[DAYS["monthly"]])


# changing them -------------------------------------------------------------------------------------------------------


def _payouts(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    after = {**before, **lookup.given(given, "statement_descriptor")}
    for name in ("minimum_balance_by_currency", "automatic_transfer_rules_by_currency"):
        if name in given:
            merged = {**(before.get(name) or {}), **(given[name] or {})} if given[name] else {}
            after[name] = {key: value for key, value in merged.items() if value not in ("", None)} or None
    if isinstance(given.get("schedule"), Mapping):
        after["schedule"] = _schedule(before["schedule"], given["schedule"])
    return after


def _schedule(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A payout schedule. Raises 400 for days that are missing or do not belong to the interval."""
    interval = given.get("interval") or before["interval"]
    where = "payments[payouts][schedule]"
    needed = DAYS.get(interval)
    for name in DAYS.values():
        if name in given and name != needed:
            raise errors.invalid(f"`{name}` cannot be set when the interval is `{interval}`.", f"{where}[{name}]")
    if needed is None:
        return {"interval": interval}
    days = given.get(needed) or before.get(needed)
    if not days:
        raise errors.missing(f"{where}[{needed}]")
    if needed == DAYS["monthly"] and not all(1 <= int(day) <= LAST for day in days):
        raise errors.invalid("Days of the month are numbers from 1 to 31.", f"{where}[{needed}]")
    return {"interval": interval, needed: list(days)}


def _timing(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The settlement timing; an override that is taken back leaves the account's own delay."""
    after = dict(before)
    if "delay_days_override" in given:
        days = given["delay_days_override"]
        after.pop("delay_days_override", None)
        if days in ("", None):
            after["delay_days"] = balances.DELAY
        else:
            if int(days) < balances.DELAY:
                text = f"The delay of this account is {balances.DELAY} days at least."
                raise errors.invalid(text, "payments[settlement_timing][delay_days_override]")
            after |= {"delay_days": int(days), "delay_days_override": int(days)}
    if "start_of_day" in given:
        wanted = given["start_of_day"]
        after["start_of_day"] = {"hour": 0, "minutes": 0, "timezone": "UTC", **wanted} if wanted else None
    return after

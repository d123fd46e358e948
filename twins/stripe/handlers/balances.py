"""The account's ledger: writing balance transactions, the balance, and moving funds from pending to available.

Source: https://docs.stripe.com/api/balance, /balance_transactions. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from twinkit import Ctx, Filter, RawJSON, Request
from twins.stripe import accounts, errors, listing, lookup, twin
from twins.stripe.payments import ledger

SETTINGS = "balance_settings"
DELAY = 2
"""Business days until an account's funds are available."""
DEFAULTS: Mapping[str, Any] = {
    "object": SETTINGS,
    "payments": {
        "debit_negative_balances": True,
        "payouts": {
            "minimum_balance_by_currency": None, "schedule": {"interval": "manual"}, "statement_descriptor": None,
            "status": "enabled",
        },
        "settlement_timing": {"delay_days": DELAY},
    },
}  # fmt: skip


def settings(ctx: Ctx) -> dict[str, Any]:
    """The balance settings of the account."""
    return ctx.store.find(SETTINGS, SETTINGS) or dict(DEFAULTS)


def delay(ctx: Ctx) -> int:
    """Business days until what the account takes is available."""
    kept = ctx.store.find(SETTINGS, SETTINGS)
    return int(kept["payments"]["settlement_timing"]["delay_days"]) if kept else DELAY


MANUAL = "Balance transaction history can only be filtered on automatic transfers, not manual."


def post(
    ctx: Ctx,
    *,
    amount: int,
    currency: str,
    type: str,
    source: str,
    available: int | None = None,
    fees: Iterable[dict[str, Any]] = (),
    description: str | None = None,
    category: str | None = None,
) -> str:
    """Write a balance transaction; its id. `available` is in seconds, None means at once."""
    values = ledger.transaction(
        amount=amount,
        currency=currency,
        type=type,
        source=source,
        created=ctx.now,
        available=ctx.now if available is None else available,
        fees=fees,
        description=description,
        category=category,
    )
    record = {"id": ctx.new_id("balance_transaction"), "object": "balance_transaction", **values}
    ctx.store.insert("balance_transaction", record, created=ctx.micros)
    if values["status"] == "pending":
        ctx.schedule("funds_available", {"id": record["id"]}, at=values["available_on"])
    return str(record["id"])


@accounts.timer("funds_available")
def funds_available(ctx: Ctx, data: dict[str, Any]) -> None:
    """The funds of a transaction have become available."""
    ctx.store.update("balance_transaction", data["id"], status="available")
    ctx.emit("balance.available", balance(ctx))


def balance(ctx: Ctx) -> dict[str, Any]:
    """The balance object, summed over the ledger."""
    sums = ledger.balance(ctx.store.select("balance_transaction"), ctx.now)
    nothing = [{"amount": 0, "currency": row["currency"]} for row in sums["available"]]
    instant = [
        {"amount": row["amount"], "currency": row["currency"], "source_types": {"card": row["amount"]}}
        for row in sums["available"]
        if row["amount"] > 0
    ]
    return {
        "object": "balance",
        "available": sums["available"],
        **({"instant_available": instant} if instant else {}),
        "livemode": False,
        "pending": sums["pending"],
        "refund_and_dispute_prefunding": {"available": nothing, "pending": nothing},
    }


def issuing_spent(ctx: Ctx) -> int:
    """What issued cards have taken (negative) and given back, holds included."""
    rows = ctx.store.select("balance_transaction", [Filter("balance_type", "=", "issuing")])
    return sum(row["net"] for row in rows)


def available(ctx: Ctx, currency: str, source_type: str | None = None) -> int:
    """Available amount of a currency, of one source type where given."""
    for row in balance(ctx)["available"]:
        if row["currency"] == currency:
            return int(row["source_types"].get(source_type, 0)) if source_type else int(row["amount"])
    return 0


@twin.handler("GetBalance")
def retrieve(ctx: Ctx, _request: Request) -> dict[str, Any]:
    """The balance."""
    return balance(ctx)


@twin.handler("GetBalanceHistoryId", "GetBalanceTransactionsId")
def transaction(ctx: Ctx, request: Request) -> RawJSON | dict[str, Any]:
    """One balance transaction."""
    return lookup.shown(ctx, "balance_transaction", request.path["id"])


@twin.handler("GetBalanceTransactions", "GetBalanceHistory")
@lookup.modelled
def transactions(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Balance transactions, of a source, a type, a currency, a time. Raises 400 for those of a manual payout.

    The refusal: https://github.com/proudcity/wp-proudcity/issues/993.
    """
    query = request.query
    if query.get("payout"):
        payout = lookup.record(ctx, "payout", query["payout"], "payout")
        if not payout["automatic"]:
            raise errors.invalid(MANUAL)
    where = [Filter(name, "=", query[name]) for name in ("source", "type", "currency") if query.get(name)]
    return listing.page(ctx, request, "balance_transaction", where + listing.ranges(query, "created"))
